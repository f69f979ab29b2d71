"""Engines by their name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.core.errors import UserError
from prefdata.registry import plugin

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from prefdata.protocols import Engine, EngineBackend

__all__ = ["open_engine"]


def open_engine(
    name: str = "local",
    *,
    address: str | None = None,
    workers: int | None = None,
    where: str | None = None,
) -> AbstractContextManager[Engine]:
    """Return an engine that is open within the context, with all that it started.

    Args:
        name: Of the plugin: ``local``, ``ray``, or one of another package; with an address behind
            a colon, as ``ray:10.0.0.5:6379``, where none is given.
        address: Of what runs already; None for something of its own.
        workers: Most items that are done at the same time; None for as many as fit.
        where: File and line, or option, that asked for it.

    Raises:
        UnknownNameError: If there is no engine of that name.
        UserError: If the number of workers is none, or the engine takes no such thing.
        MissingExtraError: If what it needs is not installed; when the context begins.
        BackendError: If there is nothing at the address; when the context begins.
    """
    if address is None:
        name, _, behind = name.partition(":")
        address = behind or None
    if workers is not None and workers < 1:
        raise UserError(f"{workers} workers do no work.", where=where, fix="Ask for one or more.")
    backend: EngineBackend = plugin("engine", name, where=where)
    return backend.open(address, workers)
