"""This process: one item after the other. What is used where nothing else is asked for."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from prefdata.core.errors import UserError
from prefdata.protocols import LOCAL, EngineBackend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.protocols import Engine

__all__ = ["local"]


@contextlib.contextmanager
def _open(address: str | None, workers: int | None) -> Iterator[Engine]:
    """Return the engine of this process, which is always open.

    Raises:
        UserError: If it is asked for what this process does not have.
    """
    given = {"address": address, "number of workers": workers}
    for name, value in given.items():
        if value is not None:
            raise UserError(
                f"The engine `local` is this process, and has no {name}.",
                where=f"{name}: {value}",
                fix=f"Leave out the {name}, or use another engine, such as `ray`.",
            )
    yield LOCAL


local = EngineBackend(
    name="local", summary="This process; needs nothing and starts nothing.", open=_open
)
