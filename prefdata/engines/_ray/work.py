"""What a worker does: it makes the function once, and gives back what it returned or raised."""

from __future__ import annotations

import pickle
import platform
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import PrefdataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Failed", "Worker", "do_item"]

_MAX_KEPT = 2
"""Functions that a process keeps: two works may take turns."""
_KEPT: dict[str, Callable[[Any], Any]] = {}


@dataclass(frozen=True, slots=True)
class Failed:
    """What a function raised."""

    error: Exception


def do_item(job: str, make: Sequence[Any], item: Any) -> Any:
    """Do one item in this process.

    Args:
        job: Names the work; its function is made once in a process.
        make: One reference to what makes the function. In a list, so that it is fetched where it
            is needed, and not with every item.
        item: The item.

    Returns:
        The result, or `Failed`.
    """
    try:
        if job not in _KEPT:
            while len(_KEPT) >= _MAX_KEPT:
                del _KEPT[next(iter(_KEPT))]
            _KEPT[job] = _fetched(make)()
        return _KEPT[job](item)
    except Exception as error:  # noqa: BLE001 - raised where the results are read
        return Failed(_sendable(error))


class Worker:
    """A process that holds a model; an actor is made of this class."""

    def __init__(self, make: Sequence[Any]) -> None:
        """Note what makes the function."""
        self._make = make
        self._function: Callable[[Any], Any] | None = None

    def open(self) -> Failed | None:
        """Make the function: load the model."""
        try:
            self._function = _fetched(self._make)()
        except Exception as error:  # noqa: BLE001 - raised where the results are read
            return Failed(_sendable(error))
        return None

    def do(self, item: Any) -> Any:
        """Return the result of an item, or `Failed`."""
        try:
            if self._function is None:
                raise RuntimeError("the worker was not opened")  # noqa: TRY301
            return self._function(item)
        except Exception as error:  # noqa: BLE001 - raised where the results are read
            return Failed(_sendable(error))


def _fetched(make: Sequence[Any]) -> Callable[[], Callable[[Any], Any]]:
    import ray

    found: Callable[[], Callable[[Any], Any]] = ray.get(make[0])
    return found


def _sendable(error: Exception) -> Exception:
    """Return an error that can be sent: an unknown one with the lines that it came from."""
    if not isinstance(error, PrefdataError):
        lines = "".join(traceback.format_exception(error))
        error.add_note(f"On the worker {platform.node()}:\n{lines}")
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever a foreign error does when it is pickled
        return RuntimeError(
            f"On the worker {platform.node()}:\n" + "".join(traceback.format_exception(error))
        )
    return error
