"""What every engine must do: order, errors, and items that are read when they are needed."""

from __future__ import annotations

import itertools
import pickle
import time
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.errors import BackendError
from prefdata.protocols import LOCAL, Needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prefdata.protocols import Engine

__all__ = ["PickledEngine", "assert_engine_contract"]

_NEEDS = Needs()


class PickledEngine:
    """Does all here, as if it were done elsewhere: what goes there and back is pickled.

    It shows in tests that a work can be distributed, without a cluster.
    """

    name = "pickled"
    is_local = False

    def __init__(self) -> None:
        """Begin with nothing done."""
        self.labels: list[str] = []
        """Of the works that were asked for."""

    def n_workers(self, needs: Needs = _NEEDS) -> int:
        """Return two."""
        del needs
        return 2

    def map(
        self,
        make: Callable[[], Callable[[Any], Any]],
        items: Iterable[Any],
        *,
        needs: Needs = _NEEDS,
        label: str = "",
    ) -> Iterator[Any]:
        """Yield the result of every item."""
        self.labels.append(label)
        there: Callable[[], Callable[[Any], Any]] = _sent(make)
        return map(_sent, LOCAL.map(there, map(_sent, items), needs=needs, label=label))


def _sent(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))  # noqa: S301 - our own


def assert_engine_contract(engine: Engine, needs: Needs = _NEEDS) -> None:
    """Check what `prefdata.protocols.Engine` promises.

    Args:
        engine: It is open.
        needs: What workers need; a model is another way to work.
    """
    _assert_order(engine, needs)
    _assert_errors(engine, needs)
    _assert_laziness(engine, needs)


def _assert_order(engine: Engine, needs: Needs) -> None:
    waits = [0.05, 0.0, 0.02, *[0.0] * 20]
    found = list(engine.map(_slow, enumerate(waits), needs=needs, label="order"))
    assert found == list(range(len(waits))), "results are in the order of the items"
    frames = [pl.DataFrame({"text": ["a", None], "n": [[n], [1, 2]]}) for n in range(3)]
    same = list(engine.map(_same, frames, needs=needs, label="frames"))
    assert all(one.equals(other) for one, other in zip(same, frames, strict=True))
    assert not list(engine.map(_unmakeable, [], needs=needs)), "nothing asked is nothing made"


def _assert_errors(engine: Engine, needs: Needs) -> None:
    found, raised = _until_error(engine.map(_fails_at_three, range(9), needs=needs))
    assert found == [0, 1, 2], "what was done before an error is given"
    assert isinstance(raised, BackendError), "an error is the one that was raised"
    assert (raised.what, raised.where, raised.fix) == ("It failed.", "item 3", "Mend it.")
    found, raised = _until_error(engine.map(_same, _broken_items(), needs=needs))
    assert (found, repr(raised)) == ([0], "LookupError('no more')"), "so is one of the items"
    found, raised = _until_error(engine.map(_unmakeable, [1], needs=needs))
    assert (found, repr(raised)) == ([], "ValueError('it cannot be made')"), "and of the function"


def _until_error(results: Iterator[Any]) -> tuple[list[Any], Exception | None]:
    found = []
    try:
        for result in results:
            found.append(result)  # noqa: PERF402 - what came before the error is wanted
    except Exception as error:  # noqa: BLE001 - looked at by who asked
        return found, error
    return found, None


def _assert_laziness(engine: Engine, needs: Needs) -> None:
    n_read = 0

    def endless() -> Iterator[int]:
        nonlocal n_read
        for item in itertools.count():
            n_read = item + 1
            yield item

    results = engine.map(_same, endless(), needs=needs)
    assert [next(results) for _ in range(5)] == list(range(5))
    most = 5 + 4 * engine.n_workers(needs)
    assert n_read <= most, f"{n_read} items were read for 5 results"
    close: Callable[[], None] = getattr(results, "close", lambda: None)
    close()


def _slow() -> Callable[[tuple[int, float]], int]:
    def wait(item: tuple[int, float]) -> int:
        time.sleep(item[1])
        return item[0]

    return wait


def _same() -> Callable[[Any], Any]:
    return lambda item: item


def _unmakeable() -> Callable[[int], int]:
    raise ValueError("it cannot be made")


def _fails_at_three() -> Callable[[int], int]:
    def check(item: int) -> int:
        if item == 3:  # noqa: PLR2004
            raise BackendError("It failed.", where="item 3", fix="Mend it.")
        return item

    return check


def _broken_items() -> Iterator[int]:
    yield 0
    raise LookupError("no more")
