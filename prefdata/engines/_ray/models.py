"""Work with a model: workers that hold one each, and are replaced where they die.

Ray could restart an actor and do its calls again. It would wait with those calls for room on the
nodes that are left, though, which may never come when a node is gone; so the items of a worker
that died are given to the others here, and its replacement gets items when it is there.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import BackendError
from prefdata.engines._ray.tasks import MAX_LOST, died
from prefdata.engines._ray.work import Failed, Worker

if TYPE_CHECKING:
    from prefdata.engines._ray.ordered import Piece

__all__ = ["Models"]

_AT_ONCE = 2
"""Items that a worker has: the one it does, and the next, so that it need not wait."""
_PATIENCE_SECONDS = 300.0
"""How long to wait for the first worker to have a place; loading a model may take longer."""
_TICK_SECONDS = 5.0


class _Held:
    """A worker, seen from the driver."""

    def __init__(self, actor: Any) -> None:
        self.actor = actor
        self.placed = actor.__ray_ready__.remote()
        self.opening = actor.open.remote()
        self.is_placed = self.is_open = False
        self.pieces: dict[Any, Piece] = {}
        """By the reference to its result, in the order in which they were given."""


class Models:
    """Workers with one model each; see `prefdata.engines._ray.ordered.Crew`."""

    def __init__(self, make: Any, n: int, options: dict[str, Any], label: str) -> None:
        """Begin with no worker.

        Args:
            make: Reference to what makes the function.
            n: Most workers.
            options: What a worker needs.
            label: What the work is.
        """
        import ray

        remote: Any = ray.remote(Worker)
        self._actor = remote.options(max_restarts=0, max_task_retries=0, **options)
        self._make, self._n, self._label = make, n, label
        self._workers: list[_Held] = []
        self._todo: deque[Piece] = deque()
        self._n_unopened = 0
        self._since = time.monotonic()
        self.ahead = (_AT_ONCE + 1) * n
        self.is_busy = False
        """Whether somebody reads results still."""
        self._is_kept = True

    def start(self, piece: Piece) -> None:
        """Take a piece, and one more worker where there is room for one."""
        self._todo.append(piece)
        n_pieces = len(self._todo) + sum(len(worker.pieces) for worker in self._workers)
        if len(self._workers) < min(self._n, n_pieces):
            self._hire()
        self._assign()

    def _hire(self) -> None:
        self._workers.append(_Held(self._actor.remote([self._make])))

    def _assign(self) -> None:
        """Give what is to be done to those who have least to do."""
        for load in range(_AT_ONCE):
            for worker in self._workers:
                if self._todo and worker.is_open and len(worker.pieces) == load:
                    piece = self._todo.popleft()
                    worker.pieces[worker.actor.do.remote(piece.item)] = piece

    def wait(self) -> None:
        """Wait until a piece is done, or a worker came or died.

        Raises:
            BackendError: If there is no worker to be had.
        """
        import ray

        refs: dict[Any, _Held] = {}
        for worker in self._workers:
            if worker.is_open:
                refs |= dict.fromkeys(worker.pieces, worker)
            else:
                refs[worker.opening if worker.is_placed else worker.placed] = worker
        done, _ = ray.wait(list(refs), num_returns=1, timeout=_TICK_SECONDS)
        more, _ = ray.wait(list(refs), num_returns=len(refs), timeout=0)
        for ref in more or done:
            worker = refs[ref]
            if worker in self._workers:  # it may have died with the one before
                self._take(worker, ref)
        self._check_patience()
        self._assign()

    def _take(self, worker: _Held, ref: Any) -> None:
        """Take what has come of a worker: a result, or that it is ready, or that it died."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        try:
            came = ray.get(ref)
        except RayTaskError as error:  # a result that cannot be pickled
            cause = error.cause if isinstance(error.cause, Exception) else error
            worker.pieces.pop(ref).finish(Failed(cause))
        except RayError as error:
            self._bury(worker, error)
        else:
            if ref in worker.pieces:
                worker.pieces.pop(ref).finish(came)
            elif not worker.is_placed:
                worker.is_placed = True
            elif isinstance(came, Failed):
                raise came.error
            else:
                worker.is_open, self._n_unopened = True, 0

    def _bury(self, worker: _Held, error: Exception) -> None:
        """Take the pieces of a worker that died back, and put another in its place."""
        self._workers.remove(worker)
        _kill(worker)
        pieces = [piece for piece in worker.pieces.values() if not piece.is_done]
        if not worker.is_open:
            self._n_unopened += 1
            if self._n_unopened > MAX_LOST:
                raise BackendError(
                    f"{self._n_unopened} workers died while they loaded the model: {error}",
                    where=self._label or None,
                    fix="Look whether memory ran out there.",
                )
        if pieces:
            pieces[0].n_lost += 1
            if pieces[0].n_lost > MAX_LOST:
                pieces.pop(0).finish(Failed(died(self._label, error)))
        self._todo.extendleft(reversed(pieces))
        self._since = time.monotonic()
        self._hire()

    def _check_patience(self) -> None:
        if any(worker.is_placed for worker in self._workers):
            self._since = time.monotonic()
        elif time.monotonic() - self._since > _PATIENCE_SECONDS:
            raise BackendError(
                f"The cluster had no room for a worker for {_PATIENCE_SECONDS:g} seconds.",
                where=self._label or None,
                fix="`ray status` tells who uses it.",
            )

    def stop(self, *, is_finished: bool) -> None:
        """Keep the workers for more items of the same work, unless they are at work still."""
        self.is_busy = False
        if not (is_finished and self._is_kept):
            self._close()

    def release(self) -> None:
        """End all workers, now or when nobody reads results any more."""
        self._is_kept = False
        if not self.is_busy:
            self._close()

    def _close(self) -> None:
        workers, self._workers = self._workers, []
        self._todo.clear()
        for worker in workers:
            _kill(worker)


def _kill(worker: _Held) -> None:
    import ray

    with contextlib.suppress(Exception):  # it is dead already
        ray.kill(worker.actor)
