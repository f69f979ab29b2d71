"""Where work is done: in this process, or on workers of a distributed engine.

What is distributed is a function from one item to one result. Items are cut by the caller and their
results come back in the order of the items, so an engine can change how long work takes, never
what comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

__all__ = ["LOCAL", "Engine", "EngineBackend", "LocalEngine", "Needs"]

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Needs:
    """What a worker needs to do one item."""

    cpus: float = 1.0
    is_model: bool = False
    """Whether it holds a model: then a worker is kept for many items, and has a GPU of its own
    where the cluster has any."""
    memory_bytes: int = 0
    """Greatest memory of one item and its result; 0 when that is little."""


class Engine(Protocol):
    """Does work on items; a plugin of the kind ``engine`` opens one."""

    name: str
    is_local: bool
    """Whether items are done in this process, so that what is open here can be used for them."""

    def n_workers(self, needs: Needs = Needs()) -> int:
        """Return how many items are done at the same time."""
        ...

    def map(
        self,
        make: Callable[[], Callable[[Item], Result]],
        items: Iterable[Item],
        *,
        needs: Needs = Needs(),
        label: str = "",
    ) -> Iterator[Result]:
        """Yield the result of every item, in the order of the items.

        Args:
            make: Called once per worker; returns the function of one item. It is picklable, and
                so are items and results; a model is loaded here, not in the item.
            items: Read as workers become free, so not all need to be in memory.
            needs: What a worker needs.
            label: What the work is, for progress and errors.

        Raises:
            PrefdataError: What the function raised, as it was, after the results of the items
                before that one. A worker that dies is no error: what it had not finished is done
                again by another.
            BackendError: If workers die on one item again and again, or none can be had.
        """
        ...


class LocalEngine:
    """This process: one item after the other."""

    name = "local"
    is_local = True

    def n_workers(self, needs: Needs = Needs()) -> int:  # noqa: ARG002 - one process needs no plan
        """Return one."""
        return 1

    def map(
        self,
        make: Callable[[], Callable[[Item], Result]],
        items: Iterable[Item],
        *,
        needs: Needs = Needs(),  # noqa: ARG002
        label: str = "",  # noqa: ARG002
    ) -> Iterator[Result]:
        """Yield the result of every item; nothing is made before the first is asked for."""
        function: Callable[[Item], Result] | None = None
        for item in items:
            function = make() if function is None else function
            yield function(item)


LOCAL = LocalEngine()
"""The engine where nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class EngineBackend:
    """A kind of engine: what a plugin of the kind ``engine`` is.

    Attributes:
        name: Name of the plugin.
        summary: What it is, in a line.
        open: Opens an engine, and closes it with all that it started when the context ends.
            Takes the address of what runs already, None for something of its own; and the
            greatest number of items that are done at the same time, None for as many as fit.
    """

    name: str
    summary: str
    open: Callable[[str | None, int | None], AbstractContextManager[Engine]]
