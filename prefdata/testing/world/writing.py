"""Write raw files as the publishers do, atomically and with the same bytes each time."""

from __future__ import annotations

import gzip
import io
import json
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Self

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    import pyarrow as pa

__all__ = ["RawFiles", "atomic"]

_BATCH = 256


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary name beside the path, and move it into place at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.partial")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _text(path: Path) -> Iterator[IO[str]]:
    """Open a file for text; a name that ends in .gz is compressed without a time stamp."""
    with atomic(path) as temporary, temporary.open("wb") as raw:
        if path.suffix != ".gz":
            with io.TextIOWrapper(raw, encoding="utf-8", newline="") as text:
                yield text
            return
        # Level 4 halves the time of the default for a tenth more bytes.
        with (
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=4) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
        ):
            yield text


@contextmanager
def _array(path: Path) -> Iterator[IO[str]]:
    """Open a file for the elements of one JSON array."""
    with _text(path) as text:
        text.write("[")
        yield text
        text.write("\n]\n")


@contextmanager
def _parquet(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """Open a Parquet file for tables of a schema."""
    with atomic(path) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        yield writer


class RawFiles:
    """The raw files of a source while tiles are added to them; in place when all is written."""

    def __init__(self, folder: Path, told: Callable[[int], None] | None = None) -> None:
        """Open nothing yet.

        Args:
            folder: Where the files will lie; names are paths below it.
            told: Is told how many rows are written, now and then.
        """
        self.folder = folder
        self.rows: dict[str, int] = {}
        """Rows written so far, by file, in the order in which the files were begun."""
        self._told = told
        self._stack = ExitStack()
        self._texts: dict[str, IO[str]] = {}
        self._tables: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Move the files into place, or remove what is half written."""
        self._stack.__exit__(kind, error, traceback)

    def lines(self, name: str, rows: Iterable[Any]) -> None:
        """Add one JSON value per line; NaN stays a bare token."""
        encode = json.JSONEncoder(ensure_ascii=False).encode
        self._add(name, _text, (encode(row) + "\n" for row in rows))

    def array(self, name: str, rows: Iterable[Any]) -> None:
        """Add elements to one JSON array, each on a line."""
        encode = json.JSONEncoder(ensure_ascii=False).encode
        before = self.rows.get(name, 0)
        elements = (
            (",\n" if index else "\n") + encode(row) for index, row in enumerate(rows, start=before)
        )
        self._add(name, _array, elements)

    def csv(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Add rows of a CSV file, below one header."""
        if name not in self._texts:
            self._add(name, _text, [_csv_line(header)])
            self.rows[name] = 0
        self._add(name, _text, map(_csv_line, rows))

    def table(self, name: str, table: pa.Table, *, row_group_size: int) -> None:
        """Add the rows of a table to a Parquet file."""
        if name not in self._tables:
            opened = self._stack.enter_context(_parquet(self.folder / name, table.schema))
            self._tables[name] = opened
        self._tables[name].write_table(table, row_group_size=row_group_size)
        self._count(name, table.num_rows)

    def _add(self, name: str, opener: Callable[[Path], Any], lines: Iterable[str]) -> None:
        if name not in self._texts:
            self._texts[name] = self._stack.enter_context(opener(self.folder / name))
            self.rows.setdefault(name, 0)
        text, rest = self._texts[name], iter(lines)
        while batch := list(islice(rest, _BATCH)):  # streaming: a batch in memory at a time
            text.write("".join(batch))
            self._count(name, len(batch))

    def _count(self, name: str, rows: int) -> None:
        self.rows[name] = self.rows.get(name, 0) + rows
        if self._told is not None:
            self._told(sum(self.rows.values()))


def _csv_line(cells: Sequence[object]) -> str:
    """Write a line as `csv.writer` does, which takes four times as long over long texts."""
    return ",".join([_csv_cell(cell) for cell in cells]) + "\n"


def _csv_cell(cell: object) -> str:
    text = cell if isinstance(cell, str) else str(cell)
    if '"' in text:
        text = text.replace('"', '""')
    elif not ("," in text or "\n" in text or "\r" in text):
        return text
    return f'"{text}"'
