"""Work without a model: one task for each item, which Ray does again where a worker dies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefdata.core.errors import BackendError
from prefdata.engines._ray.work import Failed, do_item

if TYPE_CHECKING:
    from prefdata.engines._ray.ordered import Piece

__all__ = ["MAX_LOST", "Tasks", "died"]

MAX_LOST = 3
"""How many workers may die of one item before it is given up."""


class Tasks:
    """Tasks of one work; see `prefdata.engines._ray.ordered.Crew`."""

    def __init__(self, make: Any, job: str, n: int, options: dict[str, Any], label: str) -> None:
        """Begin with no task.

        Args:
            make: Reference to what makes the function.
            job: Name of the work.
            n: Items that are done at once.
            options: What a task needs.
            label: What the work is.
        """
        import ray

        remote: Any = ray.remote(do_item)
        self._do = remote.options(max_retries=MAX_LOST, name=label or "item", **options)
        self._make, self._job, self._label = make, job, label
        self._flying: dict[Any, Piece] = {}
        # Of three: one is done, one is next, one is done before its turn.
        self.ahead = 3 * n

    def start(self, piece: Piece) -> None:
        """Hand an item over; Ray has it wait for a free worker."""
        self._flying[self._do.remote(self._job, [self._make], piece.item)] = piece

    def wait(self) -> None:
        """Wait until an item is done."""
        import ray

        first, _ = ray.wait(list(self._flying), num_returns=1, fetch_local=False)
        done, _ = ray.wait(
            list(self._flying), num_returns=len(self._flying), timeout=0, fetch_local=False
        )
        for ref in done or first:
            self._settle(ref, self._flying.pop(ref))

    def _settle(self, ref: Any, piece: Piece) -> None:
        import ray
        from ray.exceptions import RayError, RayTaskError

        try:
            piece.finish(ray.get(ref))
        except RayTaskError as error:  # a result that cannot be pickled
            piece.finish(Failed(error.cause if isinstance(error.cause, Exception) else error))
        except RayError as error:
            piece.finish(Failed(died(self._label, error)))

    def stop(self, *, is_finished: bool) -> None:  # noqa: ARG002 - as `Crew` has it
        """Wait for nothing more; some items may still be done, until the engine is closed.

        They are not cancelled: where that meets the end of a task, Ray 2.60 ends this process
        (``RAY_CHECK`` in ``TaskManager::CompletePendingTask``; ray-project/ray#54260).
        """
        self._flying.clear()


def died(label: str, error: Exception) -> BackendError:
    """Return the error of an item of which workers die."""
    said = next(iter(str(error).strip().splitlines()), type(error).__name__)
    made = BackendError(
        f"{MAX_LOST + 1} workers died of one item: {said}",
        where=label or None,
        fix="Look whether memory ran out there: give workers more, or run fewer at once.",
    )
    made.__cause__ = error
    return made
