"""One file per split, written as a stream: whole at the end, or not there at all.

Rows go to ``.<split>.<suffix>.part`` beside the file and are renamed over it when all is
written. Parquet has row groups of a fixed number of rows, so that its bytes depend on the rows
and not on how they came in pieces.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from prefdata.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

__all__ = [
    "ROWS_PER_GROUP",
    "UNASSIGNED",
    "Format",
    "Kinds",
    "SplitFiles",
    "formats_of",
    "split_files",
]

Format = Literal["parquet", "jsonl"]
"""Kind of file."""

Kinds = Literal["parquet", "jsonl", "both"]
"""What a user may ask for."""

UNASSIGNED = "train"
"""Split of rows that no split step has seen."""

ROWS_PER_GROUP = 4096
"""Rows per row group: some megabytes of text, so that readers need little memory."""

_NAME = re.compile(r"\w[\w.-]*")


class _Jsonl:
    """Appends frames to a JSON Lines file."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("wb")

    def add(self, rows: pl.DataFrame) -> None:
        rows.write_ndjson(self._file)

    def finish(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()

    def close(self) -> None:
        self._file.close()


class _Parquet:
    """Appends frames to a Parquet file in row groups of a fixed size."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pl.DataFrame] = []
        self._n_waiting = 0

    def add(self, rows: pl.DataFrame) -> None:
        self._waiting.append(rows)
        self._n_waiting += rows.height
        if self._n_waiting < ROWS_PER_GROUP:
            return
        waiting = pl.concat(self._waiting)
        whole = waiting.height - waiting.height % ROWS_PER_GROUP
        self._write(waiting.head(whole))
        self._waiting = [waiting.slice(whole)]
        self._n_waiting = waiting.height - whole

    def finish(self) -> None:
        if self._n_waiting:
            self._write(pl.concat(self._waiting))
        self.close()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _write(self, rows: pl.DataFrame) -> None:
        table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
        table = table.cast(
            pa.schema([field.with_type(_plain(field.type)) for field in table.schema])
        )
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._path, table.schema, compression="zstd", write_page_index=True
            )
        self._writer.write_table(table, row_group_size=ROWS_PER_GROUP)


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type with 32-bit offsets, which all readers know."""
    if pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_large_list(kind) or pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain(field.type)) for field in kind])
    return kind


_WRITERS: dict[Format, type[_Jsonl | _Parquet]] = {"jsonl": _Jsonl, "parquet": _Parquet}


def formats_of(kinds: Kinds) -> tuple[Format, ...]:
    """Return the kinds of file that a user asked for."""
    return ("parquet", "jsonl") if kinds == "both" else (kinds,)


class SplitFiles:
    """The files of one export; `split_files` makes it."""

    def __init__(self, folder: Path, formats: tuple[Format, ...]) -> None:
        """Take the folder and the kinds of file that each split gets."""
        self._folder = folder
        self._formats = formats
        self._open: dict[Path, _Jsonl | _Parquet] = {}
        self.paths: list[Path] = []
        """The finished files, sorted by name; empty until all is written."""

    def add(self, rows: pl.DataFrame, splits: pl.Series) -> None:
        """Append rows to the files of their splits, in order.

        Raises:
            UserError: If the name of a split cannot be the name of a file.
        """
        named = splits.fill_null(UNASSIGNED).alias("split")
        for split in named.unique(maintain_order=True):
            self._check(split)
            part = rows if named.n_unique() == 1 else rows.filter(named == split)
            for kind in self._formats:
                path = self._folder / f"{split}.{kind}"
                if path not in self._open:
                    self._open[path] = _WRITERS[kind](_partial(path))
                self._open[path].add(part)

    def finish(self) -> None:
        """Finish all files, then give each its name."""
        for writer in self._open.values():
            writer.finish()
        for path in self._open:
            _partial(path).replace(path)
        self.paths = sorted(self._open)

    def abandon(self) -> None:
        """Remove what is not finished."""
        for path, writer in self._open.items():
            writer.close()
            _partial(path).unlink(missing_ok=True)

    def _check(self, split: str) -> None:
        if not _NAME.fullmatch(split):
            raise UserError(
                f"The split {split!r} cannot be the name of a file.",
                where=str(self._folder),
                fix="Name splits with letters, digits, dots, dashes and underscores.",
            )


@contextmanager
def split_files(folder: Path, *formats: Format) -> Iterator[SplitFiles]:
    """Open the files of an export; on leaving they are whole, on an error they are not there.

    Args:
        folder: Where they go; made when absent. Earlier files of the same names are replaced.
        formats: What each split gets.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = SplitFiles(folder, formats)
    try:
        yield files
        files.finish()
    except BaseException:
        files.abandon()
        raise


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")
