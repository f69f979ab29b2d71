"""The files of each split, written as a stream: whole at the end, or not there at all.

Rows go to ``.<name>.part`` beside the file, which is renamed over it when all is written. A split
without rows has no file: `datasets` cannot load one.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from prefdata.core.errors import UserError
from prefdata.exporters._writers import (
    ROWS_PER_GROUP,
    ArrowFile,
    JsonlFile,
    ParquetFile,
    Schemas,
    partial,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

__all__ = [
    "ROWS_PER_GROUP",
    "UNASSIGNED",
    "Format",
    "Kinds",
    "SplitFiles",
    "check_split",
    "formats_of",
    "split_files",
]

Format = Literal["parquet", "arrow", "jsonl"]
"""Kind of file."""

Kinds = Literal["parquet", "jsonl", "both"]
"""What a user may ask for."""

UNASSIGNED = "train"
"""Split of rows that no split step has seen."""

_NAME = re.compile(r"\w[\w.-]*")


_Writer = JsonlFile | ArrowFile | ParquetFile


def formats_of(kinds: Kinds) -> tuple[Format, ...]:
    """Return the kinds of file that a user asked for."""
    return ("parquet", "jsonl") if kinds == "both" else (kinds,)


class SplitFiles:
    """The files of one export; `split_files` makes it."""

    def __init__(self, folder: Path, formats: tuple[Format, ...], shard_bytes: int | None) -> None:
        """Take the folder and the kinds of file that each split gets."""
        self._folder = folder
        self._formats = formats
        self._shard_bytes = shard_bytes
        self._schemas = Schemas()
        self._open: dict[Path, _Writer] = {}
        self.paths: list[Path] = []
        """The finished files, sorted by name; empty until all is written."""

    def add(self, rows: pl.DataFrame, splits: pl.Series) -> None:
        """Append rows to the files of their splits, in order.

        Raises:
            InternalError: If the columns are not those of the rows before, or nobody could load
                them.
            UserError: If the name of a split cannot be the name of a file.
        """
        named = splits.fill_null(UNASSIGNED).alias("split")
        found = named.unique(maintain_order=True)
        for split in found:
            check_split(split, where=str(self._folder))
            part = rows if len(found) == 1 else rows.filter(named == split)
            for kind in self._formats:
                self._writer(self._folder / f"{split}.{kind}").add(part)

    def finish(self) -> None:
        """Finish all files, then give each its name."""
        places = [place for writer in self._open.values() for place in writer.finish()]
        for path in places:
            partial(path).replace(path)
        self.paths = sorted(places)

    def abandon(self) -> None:
        """Remove what is not finished."""
        for writer in self._open.values():
            writer.abandon()

    def _writer(self, path: Path) -> _Writer:
        if path not in self._open:
            match path.suffix:
                case ".parquet":
                    self._open[path] = ParquetFile(path, self._schemas, self._shard_bytes)
                case ".arrow":
                    self._open[path] = ArrowFile(path, self._schemas)
                case _:
                    self._open[path] = JsonlFile(path)
        return self._open[path]


def check_split(split: str, *, where: str) -> None:
    """Refuse the name of a split that cannot be the name of a file.

    Raises:
        UserError: If it is such a name.
    """
    if not _NAME.fullmatch(split):
        raise UserError(
            f"The split {split!r} cannot be the name of a file.",
            where=where,
            fix="Name splits with letters, digits, dots, dashes and underscores.",
        )


@contextmanager
def split_files(
    folder: Path, *formats: Format, shard_bytes: int | None = None
) -> Iterator[SplitFiles]:
    """Open the files of an export; on leaving they are whole, on an error they are not there.

    Args:
        folder: Where they go; made when absent. Earlier files of the same names are replaced.
        formats: What each split gets.
        shard_bytes: Most bytes of a Parquet file; each split is then
            ``<split>-00000-of-000NN.parquet``, cut between row groups. One file when None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = SplitFiles(folder, formats, shard_bytes)
    try:
        yield files
        files.finish()
    except BaseException:
        files.abandon()
        raise
