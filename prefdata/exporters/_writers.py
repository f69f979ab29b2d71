"""What appends frames to one file, or to the shards of one: Parquet, Arrow, JSON Lines.

Parquet and Arrow are written in blocks of a fixed number of rows, cut further where they are
heavy, so that bytes depend on the rows and not on how they came in pieces.
"""

from __future__ import annotations

import contextlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from prefdata.core.errors import InternalError
from prefdata.exporters._hub_schema import hub_schema, leaves

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["ROWS_PER_GROUP", "ArrowFile", "JsonlFile", "ParquetFile", "Schemas", "partial"]

ROWS_PER_GROUP = 4096
"""Rows per row group: some megabytes of text, so that readers need little memory."""

_GROUP_BYTES = 64 << 20
"""Most bytes of a row group before compression; the hub's viewer reads groups up to 300 MB, and
`datasets` writes up to 100 MB."""

_BATCH_ROWS = 1_000
"""Rows that a reader of an Arrow file has in memory at a time, as `datasets` writes them."""

_CHUNKING = {"min_chunk_size": 256 << 10, "max_chunk_size": 1 << 20, "norm_level": 0}
"""Where pages end depends on content, so that the hub stores what did not change once.

The settings of `datasets` 5.2 (``config.DEFAULT_CDC_OPTIONS``), so that its files share pages
with ours.
"""

_FREE_TEXT = frozenset({"content", "text", "prompt", "chosen", "rejected", "completion"})
_STATISTICS_BYTES = 1 << 10


class Schemas:
    """The one schema of all files of an export, which the first frame settles."""

    def __init__(self) -> None:
        """Wait for the first frame."""
        self._columns: pl.Schema | None = None
        self._schema: pa.Schema | None = None

    def check(self, rows: pl.DataFrame) -> None:
        """Refuse other columns than those of the first frame.

        Raises:
            InternalError: If there are others, or in another order.
        """
        if self._columns is None:
            self._columns = rows.schema
        if rows.schema != self._columns or rows.columns != self._columns.names():
            odd = set(rows.schema.items()) ^ set(self._columns.items())
            names = ", ".join(sorted({name for name, _ in odd})) or "the same in another order"
            raise InternalError(
                f"An exporter wrote frames of different columns: {names}.",
                where="the files of one export",
                fix="Let the exporter give each column one type, whatever the rows.",
            )

    def table(self, rows: pl.DataFrame) -> pa.Table:
        """Return rows as a table of the schema, each column in one piece.

        Raises:
            InternalError: If nobody could load a column.
        """
        plain = [
            column.cast(pl.String) if column.dtype in (pl.Categorical, pl.Enum) else column
            for column in rows.get_columns()
        ]
        table = pl.DataFrame(plain).rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._schema is None:
            self._schema = hub_schema(table.schema)
        return table.cast(self._schema)


class JsonlFile:
    """Appends frames to a JSON Lines file."""

    def __init__(self, path: Path) -> None:
        """Open the file beside its place."""
        self._path = path
        self._file: BinaryIO = partial(path).open("wb")

    def add(self, rows: pl.DataFrame) -> None:
        """Append rows."""
        rows.write_ndjson(self._file)

    def finish(self) -> list[Path]:
        """Write what is left; return where the file belongs."""
        _close(self._file)
        return [self._path]

    def abandon(self) -> None:
        """Remove it."""
        self._file.close()
        partial(self._path).unlink(missing_ok=True)


class _Blocks:
    """Appends frames as tables of a fixed number of rows."""

    def __init__(self, path: Path, schemas: Schemas, n_rows: int) -> None:
        self._path = path
        self._schemas = schemas
        self._n_rows = n_rows
        self._waiting: list[pl.DataFrame] = []
        self._n_waiting = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Append rows.

        Raises:
            InternalError: If their columns are not those of the rows before.
        """
        self._schemas.check(rows)
        self._waiting.append(rows)
        self._n_waiting += rows.height
        if self._n_waiting < self._n_rows:
            return
        waiting = pl.concat(self._waiting) if len(self._waiting) > 1 else self._waiting[0]
        n_whole = waiting.height - waiting.height % self._n_rows
        for block in waiting.head(n_whole).iter_slices(self._n_rows):
            self._write(self._schemas.table(block))
        self._waiting = [waiting.slice(n_whole)]
        self._n_waiting = waiting.height - n_whole

    def _write_rest(self) -> None:
        if self._n_waiting:
            self._write(self._schemas.table(pl.concat(self._waiting)))

    def _write(self, table: pa.Table) -> None:
        raise NotImplementedError


class ArrowFile(_Blocks):
    """Appends frames to an Arrow stream, which `datasets.Dataset.from_file` maps into memory."""

    def __init__(self, path: Path, schemas: Schemas) -> None:
        """Open the file beside its place."""
        super().__init__(path, schemas, _BATCH_ROWS)
        self._file: BinaryIO = partial(path).open("wb")
        self._writer: pa.RecordBatchStreamWriter | None = None

    def finish(self) -> list[Path]:
        """Write what is left; return where the file belongs."""
        self._write_rest()
        if self._writer is not None:
            self._writer.close()
        _close(self._file)
        return [self._path]

    def abandon(self) -> None:
        """Remove it."""
        self._file.close()
        partial(self._path).unlink(missing_ok=True)

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            self._writer = pa.ipc.new_stream(self._file, table.schema)
        # Rows that were cut out of a list column bring what is behind them; copies do not.
        self._writer.write_table(table.take(pa.array(range(table.num_rows))))


class ParquetFile(_Blocks):
    """Appends frames to a Parquet file as the hub wants it, or to its shards.

    It is compressed with zstd, has a page index, pages that end where the content says, the
    features of `datasets`, and row groups that are small enough for the hub's viewer.

    References:
        Hugging Face hub, *Uploading datasets*; `datasets` 5.2, ``io/parquet.py``.
    """

    def __init__(self, path: Path, schemas: Schemas, shard_bytes: int | None = None) -> None:
        """Take the place of the file.

        Args:
            path: ``<folder>/<split>.parquet``.
            schemas: Of the export.
            shard_bytes: Most bytes of a file; then there are as many as it takes, each named
                ``<split>-<number>-of-<how many>.parquet``. One file when None. A row that is
                larger has a file of its own.
        """
        super().__init__(path, schemas, ROWS_PER_GROUP)
        # Compressing takes as long as reading and joining; so both go on at the same time.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parquet")
        self._pending: Future[None] | None = None
        self._shard_bytes = shard_bytes
        self._group_bytes = min(_GROUP_BYTES, (shard_bytes or _GROUP_BYTES) // 2)
        self._paths: list[Path] = []
        self._file: BinaryIO | None = None
        self._writer: pq.ParquetWriter | None = None
        self._n_groups = 0

    def finish(self) -> list[Path]:
        """Write what is left; return where the files belong."""
        self._write_rest()
        self._wait()
        self._thread.shutdown()
        self._close()
        if self._shard_bytes is not None:
            for number, path in enumerate(self._paths):
                name = f"{self._path.stem}-{number:05}-of-{len(self._paths):05}{self._path.suffix}"
                partial(path).replace(partial(path.with_name(name)))
                self._paths[number] = path.with_name(name)
        return self._paths

    def abandon(self) -> None:
        """Remove all of it."""
        self._thread.shutdown()
        # What could not be written, for the disk is full, cannot be closed either.
        with contextlib.suppress(OSError):
            if self._writer is not None:
                self._writer.close()
        with contextlib.suppress(OSError):
            if self._file is not None:
                self._file.close()
        for path in self._paths:
            partial(path).unlink(missing_ok=True)

    def _write(self, table: pa.Table) -> None:
        # One at a time: the order stays, and few rows wait in memory.
        self._wait()
        self._pending = self._thread.submit(self._append, table)

    def _wait(self) -> None:
        if self._pending is not None:
            self._pending.result()
        self._pending = None

    def _append(self, table: pa.Table) -> None:
        for group in _groups(table, self._group_bytes):
            if self._is_full(group):
                self._close()
            writer = self._writer or self._open(group.schema)
            # A table that is as long as its row group is one row group.
            writer.write_table(group, row_group_size=group.num_rows)
            self._n_groups += 1

    def _is_full(self, group: pa.Table) -> bool:
        """Tell whether a group might make the file too large, were nothing of it compressed."""
        if self._file is None or self._shard_bytes is None:
            return False
        n_leaves = sum(1 for _ in leaves(group.schema))
        footer = _STATISTICS_BYTES * n_leaves * (self._n_groups + 1)
        return self._file.tell() + _weight(group) + footer > self._shard_bytes

    def _open(self, schema: pa.Schema) -> pq.ParquetWriter:
        paths = [path for path, _ in leaves(schema)]
        short = [path for path in paths if path.rpartition(".")[2] not in _FREE_TEXT]
        shard = f"{self._path.stem}-{len(self._paths):05}{self._path.suffix}"
        self._paths.append(self._path if self._shard_bytes is None else self._path.with_name(shard))
        self._file = partial(self._paths[-1]).open("wb")
        self._writer = pq.ParquetWriter(
            self._file,
            schema,
            compression="zstd",
            # No text comes twice in a group, and nobody asks for the first in the alphabet.
            use_dictionary=short,
            write_statistics=short,
            write_page_index=True,
            use_content_defined_chunking=_CHUNKING,
        )
        self._writer.add_key_value_metadata({"content_defined_chunking": json.dumps(_CHUNKING)})
        return self._writer

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._file is not None:
            _close(self._file)
        self._writer = self._file = None
        self._n_groups = 0


def partial(path: Path) -> Path:
    """Return where a file is written before it is whole."""
    return path.with_name(f".{path.name}.part")


def _close(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


def _groups(table: pa.Table, most: int) -> Iterator[pa.Table]:
    """Halve a table until no part is heavier than this, or has one row."""
    if table.num_rows <= 1 or _weight(table) <= most:
        yield table
        return
    half = table.num_rows // 2
    for part in (table.slice(0, half), table.slice(half)):
        yield from _groups(part, most)


def _weight(data: Any) -> int:
    """Return the bytes of the values; unlike ``nbytes``, of these alone, whatever holds them."""
    if isinstance(data, pa.Table):
        return sum(_weight(chunk) for column in data.columns for chunk in column.chunks)
    kind = data.type
    if pa.types.is_struct(kind):
        return sum(_weight(part) for part in data.flatten())
    if pa.types.is_nested(kind):
        return 4 * len(data) + _weight(data.flatten())
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return 4 * len(data) + int(pc.sum(pc.binary_length(data)).as_py() or 0)
    return len(data) * (0 if pa.types.is_null(kind) else max(1, kind.bit_width // 8))
