"""Who is at work: as long as a writer is, nothing is removed that it may be about to commit.

The age of a file says little: a run may take days, and clocks jump. So a writer holds a file
together with all others, and whoever removes what nobody needs asks for it alone.
"""

from __future__ import annotations

import contextlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from prefdata.core.locks import share_lock, try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prefdata.catalog.workspace import Workspace

__all__ = ["Presence", "nobody_writes"]


class Presence:
    """One writer's share of the file; it goes with the process, however that ends."""

    def __init__(self, workspace: Workspace) -> None:
        """Hold nothing yet."""
        self._path = _place(workspace)
        self._file: IO[bytes] | None = None

    def begin(self) -> None:
        """Take the share; where nothing can be written, nothing can be removed either."""
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab")
            share_lock(self._file)

    def end(self) -> None:
        """Give the share back."""
        if self._file is not None:
            self._file.close()
            self._file = None


@contextmanager
def nobody_writes(workspace: Workspace) -> Iterator[bool]:
    """Tell whether no writer is at work on this machine; none begins meanwhile unseen."""
    path = _place(workspace)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError:
        yield False
        return
    with file:
        yield try_lock(file)


def _place(workspace: Workspace) -> Path:
    return workspace.scratch / "writers.lock"
