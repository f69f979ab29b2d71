"""Results in the order of the items, whoever was quicker; items read as workers become free."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from prefdata.engines._ray.work import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Crew", "Piece", "in_order"]


class Piece:
    """An item on its way to its result."""

    __slots__ = ("is_done", "item", "n_lost", "result")

    def __init__(self, item: Any) -> None:
        """Begin."""
        self.item = item
        self.is_done = False
        self.result: Any = None
        self.n_lost = 0
        """How many workers died of it."""

    def finish(self, result: Any) -> None:
        """Note the result, or `Failed`; the item is needed no longer."""
        self.item, self.result, self.is_done = None, result, True


class Crew(Protocol):
    """Those who do pieces."""

    ahead: int
    """Pieces that may be there at once: waiting, being done, or done before their turn."""

    def start(self, piece: Piece) -> None:
        """Take a piece; it is done some time later."""
        ...

    def wait(self) -> None:
        """Wait until a piece is done, or something else has changed."""
        ...

    def stop(self, *, is_finished: bool) -> None:
        """Leave what is not done."""
        ...


def in_order(items: Iterable[Any], muster: Callable[[], Crew]) -> Iterator[Any]:
    """Yield the results of items in their order.

    Args:
        items: Read as pieces get done.
        muster: Brings the crew together; called when there is an item.

    Raises:
        Exception: What a function raised, or ``items``, when all before it is yielded.
    """
    source = iter(items)
    waiting: deque[Piece] = deque()
    crew: Crew | None = None
    is_over = is_finished = False
    try:
        while True:
            while not is_over and (crew is None or len(waiting) < crew.ahead):
                piece = _next(source)
                if piece is None:
                    is_over = True
                    break
                waiting.append(piece)
                if piece.is_done:
                    is_over = True
                    break
                crew = muster() if crew is None else crew
                crew.start(piece)
            if not waiting:
                break
            if not waiting[0].is_done and crew is not None:
                crew.wait()
                continue
            result = waiting.popleft().result
            if isinstance(result, Failed):
                raise result.error
            yield result
        is_finished = True
    finally:
        if crew is not None:
            crew.stop(is_finished=is_finished)


def _next(source: Iterator[Any]) -> Piece | None:
    """Return the next item as a piece; one that is done where the items raised an error."""
    try:
        return Piece(next(source))
    except StopIteration:
        return None
    except Exception as error:  # noqa: BLE001 - raised in its turn
        piece = Piece(None)
        piece.finish(Failed(error))
        return piece
