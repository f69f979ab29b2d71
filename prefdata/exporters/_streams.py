"""Files that are no rows of a table, written as a stream: whole at the end, or not there at all.

Bytes go to ``.<name>.part`` beside the file, which is renamed over it when all is written.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prefdata.exporters._files import UNASSIGNED, check_split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    import polars as pl

__all__ = ["Streams", "by_split", "whole_files"]


class Streams:
    """The files of one export; `whole_files` makes it."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self._folder = folder
        self._open: dict[Path, BinaryIO] = {}
        self._scratch: dict[Path, BinaryIO] = {}
        self.paths: list[Path] = []
        """The finished files, sorted by name; empty until all is written."""

    def file(self, name: str) -> BinaryIO:
        """Return the file of a name, open for writing; the same one each time.

        Args:
            name: Within the folder, with forward slashes.
        """
        path = self._folder / name
        if path not in self._open:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open[path] = _partial(path).open("wb")
        return self._open[path]

    def scratch(self, name: str) -> BinaryIO:
        """Return a file to write and to read again, which is gone at the end."""
        path = _partial(self._folder / name)
        if path not in self._scratch:
            self._scratch[path] = path.open("w+b")
        return self._scratch[path]

    def finish(self) -> None:
        """Finish all files, then give each its name."""
        for file in self._open.values():
            file.flush()
            os.fsync(file.fileno())
            file.close()
        for path in self._open:
            _partial(path).replace(path)
        self.paths = sorted(self._open)

    def abandon(self) -> None:
        """Remove what is not finished."""
        for path, file in self._open.items():
            file.close()
            _partial(path).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove what was there to be read again."""
        for path, file in self._scratch.items():
            file.close()
            path.unlink(missing_ok=True)


@contextmanager
def whole_files(folder: Path) -> Iterator[Streams]:
    """Open the files of an export; on leaving they are whole, on an error they are not there.

    Args:
        folder: Where they go; made when absent. Earlier files of the same names are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = Streams(folder)
    try:
        yield files
        files.finish()
    except BaseException:
        files.abandon()
        raise
    finally:
        files.clear()


def by_split(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the rows of each split of a frame, in order; those without one go to ``train``.

    Raises:
        UserError: If the name of a split cannot be the name of a file.
    """
    named = frame["split"].fill_null(UNASSIGNED)
    splits = named.unique(maintain_order=True).to_list()
    for split in splits:
        check_split(split, where=f"pair {frame['pair_id'][0]} and after")
        yield split, frame if len(splits) == 1 else frame.filter(named == split)


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")
