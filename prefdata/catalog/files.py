"""Write data files: streamed, atomic, named by the digest of their bytes.

The same rows written by the same versions of the libraries give the same bytes, so a file that is
already there is never written again, and re-ingesting an unchanged source changes nothing.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from prefdata.catalog.state import FileEntry, PartitionKey
from prefdata.catalog.storage import compact
from prefdata.core.errors import InternalError, SetupError
from prefdata.core.fingerprint import ID_HEX_DIGITS, file_digest

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog.warehouse import Warehouse
    from prefdata.schema import TableSchema

__all__ = ["PartitionWriter", "column_statistics", "folder_of"]

_GROUP_ROWS = 100_000
_GROUP_BYTES = 96 << 20
_FILE_BYTES = 512 << 20
_ZSTD_LEVEL = 1
_LARGE = frozenset({"text", "raw", "comment", "feedback", "reason", "state"})
# Columns whose values rarely repeat: a dictionary would be built, overflow, and be thrown away.
_UNIQUE = frozenset({"content_hash", "digest", "fingerprint", "row", "spot"})
_REPEATING = frozenset({"string", "int32", "int64", "float64"})


def folder_of(table: str, key: PartitionKey) -> str:
    """Return the folder of a partition's files, relative to the warehouse."""
    return "/".join([table, "data", *(_safe(value) for value in key)])


def _safe(value: str) -> str:
    kept = "".join(c if c.isalnum() or c in "._-" else f"%{ord(c):02x}" for c in value)
    return kept.replace("..", "%2e%2e") or "%00"


@dataclass(slots=True)
class _Open:
    writer: pq.ParquetWriter
    path: Path
    rows: int = 0


class PartitionWriter:
    """Streams frames of one partition of one table into data files."""

    def __init__(
        self, warehouse: Warehouse, schema: TableSchema, arrow: pa.Schema, key: PartitionKey
    ) -> None:
        """Open nothing yet; the first rows open the first file.

        Args:
            warehouse: Where all data files are.
            schema: Contract of the table.
            arrow: Arrow schema with Iceberg's field ids.
            key: Values of the partition columns.
        """
        self._warehouse = warehouse
        self._table = schema.table
        self._folder = folder_of(schema.table, key)
        self._arrow = arrow
        self._options = _options(schema)
        self._pending: list[pa.Table] = []
        self._pending_rows = 0
        self._pending_bytes = 0
        self._open: _Open | None = None
        self._entries: list[FileEntry] = []

    def put(self, frame: pl.DataFrame) -> None:
        """Append rows; they are written in row groups of about 100,000.

        Raises:
            SetupError: If the disk is full or the folder cannot be written.
        """
        if frame.height == 0:
            return
        self._pending.append(_to_arrow(compact(self._table, frame), self._arrow))
        self._pending_rows += frame.height
        self._pending_bytes += self._pending[-1].nbytes
        if self._pending_rows >= _GROUP_ROWS or self._pending_bytes >= _GROUP_BYTES:
            self._flush()

    def close(self) -> tuple[FileEntry, ...]:
        """Finish the last file and return all of them, in order."""
        self._flush()
        self._finish()
        return tuple(self._entries)

    def abort(self) -> None:
        """Remove the unfinished file; finished ones have no reader and are removed as orphans."""
        if self._open is not None:
            opened, self._open = self._open, None
            # A full disk may take no footer; the file goes either way.
            with contextlib.suppress(OSError):
                opened.writer.close()
            opened.path.unlink(missing_ok=True)

    def _flush(self) -> None:
        if not self._pending:
            return
        try:
            if self._open is None:
                self._open = self._begin()
            table = pa.concat_tables(self._pending)
            self._open.writer.write_table(table, row_group_size=table.num_rows)
        except OSError as error:
            self.abort()
            raise _disk_error(error, self._warehouse.folder / self._folder) from error
        self._open.rows += table.num_rows
        self._pending.clear()
        self._pending_rows = self._pending_bytes = 0
        if self._open.path.stat().st_size >= _FILE_BYTES:
            self._finish()

    def _begin(self) -> _Open:
        folder = self._warehouse.folder / self._folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f".part-{os.getpid()}-{id(self)}-{len(self._entries)}"
        try:
            return _Open(pq.ParquetWriter(path, self._arrow, **self._options), path)
        except OSError:
            path.unlink(missing_ok=True)
            raise

    def _finish(self) -> None:
        if self._open is None:
            return
        opened, self._open = self._open, None
        try:
            opened.writer.close()
            with opened.path.open("rb") as file:
                os.fsync(file.fileno())
            digest = file_digest(opened.path)[:ID_HEX_DIGITS]
            size = opened.path.stat().st_size
            name = f"{digest}.parquet"
            opened.path.replace(opened.path.with_name(name))
        except OSError as error:
            opened.path.unlink(missing_ok=True)
            raise _disk_error(error, opened.path) from error
        entry = FileEntry(f"{self._folder}/{name}", digest, opened.rows, size, len(self._arrow))
        self._warehouse.publish(entry)
        self._entries.append(entry)


def _to_arrow(frame: pl.DataFrame, arrow: pa.Schema) -> pa.Table:
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    if table.schema.names != arrow.names:
        raise InternalError(
            "A frame reached the writer without the columns of its contract.",
            where=", ".join(table.schema.names),
            fix="Please report this; the adapter or stage should call `conform`.",
        )
    return table.cast(arrow)


def column_statistics(schema: TableSchema) -> list[str]:
    """Return the columns whose bounds are kept, because filters on them can prune."""
    return [
        column.name
        for column in schema.columns.values()
        if "<" not in column.type and column.name not in _LARGE
    ]


def _dictionary_columns(schema: TableSchema) -> list[str]:
    return [
        column.name
        for column in schema.columns.values()
        if column.type in _REPEATING
        and column.name not in _LARGE | _UNIQUE
        and (not column.name.endswith("id") or column.name == "annotator_id")
    ]


def _options(schema: TableSchema) -> dict[str, object]:
    return {
        "compression": "zstd",
        "compression_level": _ZSTD_LEVEL,
        "use_dictionary": _dictionary_columns(schema) or False,
        "write_statistics": column_statistics(schema),
        "write_page_index": True,
        "store_schema": False,
    }


def _disk_error(error: OSError, where: Path) -> SetupError:
    return SetupError(
        f"A data file cannot be written: {error.strerror or error}.",
        where=str(where),
        fix="Free disk space or choose a writable workspace, then run the same command again.",
    )
