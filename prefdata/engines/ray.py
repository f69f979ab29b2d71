"""Workers of a Ray cluster: on this machine, or on many.

Ray Data has the same parts and was not taken: it has no source that is read as workers become
free (`from_items` wants all items first), what a function raises comes out of it as an error of
Ray, and a result costs a block of Arrow. Plain tasks and actors give all that
`prefdata.protocols.Engine` promises in less code: work without a model is a task, which Ray does
again where a worker dies; a model is an actor, and its items are given to another where it dies
(see `prefdata.engines._ray.models`).

What is sent to a worker is pickled: functions by their name, so this package, and the packages of
your own plugins, must be installed where workers run; frames of polars as Arrow IPC.
"""

from __future__ import annotations

import contextlib
import importlib.util
from typing import TYPE_CHECKING

from prefdata.core.errors import MissingExtraError
from prefdata.protocols import EngineBackend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.protocols import Engine

__all__ = ["ray"]


@contextlib.contextmanager
def _open(address: str | None, workers: int | None) -> Iterator[Engine]:
    """Open the engine, and end at the close what it started.

    Without an address, and without ``RAY_ADDRESS``, it starts a cluster of this machine alone, for
    this process alone, when there is something to do.

    Raises:
        MissingExtraError: If Ray is not installed.
        BackendError: If there is no cluster at the address.
    """
    if importlib.util.find_spec("ray") is None:
        raise MissingExtraError("The engine `ray`", extra="ray")
    from prefdata.engines._ray.engine import RayEngine

    engine = RayEngine(address, workers)
    try:
        yield engine
    finally:
        engine.close()


ray = EngineBackend(
    name="ray",
    summary="Workers of a Ray cluster, on this machine or on many; one model per worker.",
    open=_open,
)
