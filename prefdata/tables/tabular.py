"""Read CSV and Parquet files of a source in stretches, losing no row and guessing no type.

CSV cells are strings, always: what they mean is the adapter's business. An empty unquoted cell
is null and a quoted empty one is an empty string, where the writer made the difference.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from prefdata.tables.raw import (
    RAW_TEXT_LIMIT,
    RawChunk,
    Reject,
    drift,
    open_bytes,
    read_blocks,
    rejects_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prefdata.tables.bundle import RawFile

__all__ = ["read_csv_rows", "read_parquet_rows"]

# Arrow holds several blocks and their columns at a time; 16 MiB keep that below 1 GB.
_CSV_BLOCK_BYTES = 16 << 20
_HEADER_BYTES = 1 << 20


def read_csv_rows(
    raw: RawFile,
    columns: Sequence[str],
    *,
    required: Sequence[str] = (),
    delimiter: str = ",",
) -> Iterator[RawChunk]:
    """Yield the rows of a CSV file (plain or compressed) with a header; all cells are strings.

    Args:
        raw: The file.
        columns: Columns to read; one that is absent is null unless it is required.
        required: Columns that the file must have, and that must not be null in a row.
        delimiter: Separator of the cells.

    Raises:
        SourceDriftError: If the file is empty, a web page, cut, not UTF-8, or lacks a required
            column.
    """
    header = _csv_header(raw, delimiter=delimiter)
    missing = [name for name in required if name not in header]
    if missing:
        raise drift(
            f"The columns {', '.join(missing)} are missing; the file has {', '.join(header[:12])}.",
            file=raw.name,
        )
    bad: list[Reject] = []
    position = 0
    for table in _csv_tables(raw, header, bad, delimiter=delimiter):
        rows, end = _places(position, table.num_rows, bad)
        # Arrow reads ahead: a broken row may stand behind this stretch.
        passed = [item for item in bad if item.row < end]
        bad[:] = [item for item in bad if item.row >= end]
        frame = _shape(table, columns, rows)
        rejects = rejects_of(raw.name, passed)
        yield _without_nulls(frame, rejects, required, file=raw.name, rows_in=end - position)
        position = end
    if position == 0:
        reason = f"; first: {bad[0].reason}" if bad else ""
        raise drift(f"The file holds no rows{reason}.", file=raw.name)


def _places(first: int, n_good: int, bad: Sequence[Reject]) -> tuple[pl.Series, int]:
    """Return the positions of the next good rows between the bad ones, and where they end."""
    taken = pl.Series([item.row for item in bad], dtype=pl.Int64)
    spots = pl.int_range(first, first + n_good + len(bad) + 1, dtype=pl.Int64, eager=True)
    free = spots.filter(~spots.is_in(taken.implode()))
    return free.head(n_good), int(free[n_good])


def _csv_header(raw: RawFile, *, delimiter: str) -> list[str]:
    start = next(iter(read_blocks(raw.path, file=raw.name, block_bytes=_HEADER_BYTES)), b"")
    try:
        text = start.decode()
    except UnicodeDecodeError as error:
        raise drift(f"The file is not UTF-8: {error}", file=raw.name) from error
    header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    if len(set(header)) != len(header):
        twice = sorted({name for name in header if header.count(name) > 1})
        raise drift(f"The header names {', '.join(twice)} twice.", file=raw.name)
    return header


def _csv_tables(
    raw: RawFile, header: Sequence[str], bad: list[Reject], *, delimiter: str
) -> Iterator[pa.Table]:
    def keep_invalid(row: pc.InvalidRow) -> str:
        reason = f"{row.actual_columns} cells where the header has {row.expected_columns}"
        # Arrow counts the header and starts with 1.
        bad.append(Reject(row.number - 2, "wrong-cell-count", reason, raw=row.text))
        return "skip"

    with open_bytes(raw.path, file=raw.name) as stream:
        quotes = _QuoteCounter(stream)
        try:
            reader = pc.open_csv(
                pa.PythonFile(quotes, mode="r"),
                read_options=pc.ReadOptions(block_size=_CSV_BLOCK_BYTES, use_threads=False),
                parse_options=pc.ParseOptions(
                    delimiter=delimiter,
                    newlines_in_values=True,
                    invalid_row_handler=keep_invalid,
                ),
                convert_options=pc.ConvertOptions(
                    column_types=dict.fromkeys(header, pa.string()),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                    null_values=[""],
                ),
            )
            for batch in reader:
                yield pa.Table.from_batches([batch])
            if quotes.n_quotes % 2:
                raise drift("A quote is opened and never closed; the file is cut.", file=raw.name)
        except (pa.ArrowInvalid, OSError) as error:
            raise drift(f"The CSV cannot be read: {str(error)[:200]}", file=raw.name) from error


class _QuoteCounter(io.RawIOBase):
    """Counts quotes on the way to Arrow, which takes an unclosed one for the end of a cell."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream
        self.n_quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block: bytes = self._stream.read(size) if size >= 0 else self._stream.read()
        self.n_quotes += block.count(b'"')
        return block


def _shape(table: pa.Table, columns: Sequence[str], rows: pl.Series) -> pl.DataFrame:
    frame = pl.DataFrame(table)
    unknown = [name for name in frame.columns if name not in columns]
    extra = pl.struct(unknown).struct.json_encode() if unknown else pl.lit(None, pl.String)
    absent = [pl.lit(None, pl.String).alias(name) for name in columns if name not in frame.columns]
    return frame.with_columns(*absent, extra.alias("extra")).select(
        *columns, rows.alias("row"), "extra"
    )


def _without_nulls(
    frame: pl.DataFrame,
    rejects: pl.DataFrame,
    required: Sequence[str],
    *,
    file: str,
    rows_in: int,
) -> RawChunk:
    if not any(frame[name].null_count() for name in required):
        return RawChunk(frame=frame, rejects=rejects, rows_in=rows_in)
    is_bad = pl.any_horizontal(pl.col(name).is_null() for name in required)
    field = pl.coalesce(pl.when(pl.col(name).is_null()).then(pl.lit(name)) for name in required)
    # JSON holds no bytes.
    shown = [
        name for name, kind in frame.schema.items() if name != "row" and "Binary" not in str(kind)
    ]
    broken = frame.filter(is_bad).select(
        file=pl.lit(file),
        row="row",
        subject=pl.lit(None, pl.String),
        id=pl.lit(None, pl.String),
        field=field,
        rule=pl.lit("missing-field"),
        reason=pl.format("the field '{}' is missing or null", field),
        raw=pl.struct(shown).struct.json_encode().str.slice(0, RAW_TEXT_LIMIT),
    )
    return RawChunk(
        frame=frame.filter(~is_bad),
        rejects=pl.concat([rejects, broken.select(rejects.columns)]),
        rows_in=rows_in,
    )


def read_parquet_rows(
    raw: RawFile,
    *,
    required: Sequence[str] = (),
    batch_rows: int = 20_000,
) -> Iterator[RawChunk]:
    """Yield the rows of a Parquet file with all its columns and their own types.

    ``extra`` is always null: the adapter sees every column. Required columns must exist and
    must not be null in a row.

    Raises:
        SourceDriftError: If it is not a readable Parquet file or lacks a required column.
    """
    if raw.path.is_dir():
        raise drift("A folder stands where a file is expected.", file=raw.name)
    try:
        with pq.ParquetFile(raw.path) as parquet:
            _check_parquet(parquet, required, file=raw.name)
            position = 0
            for batch in parquet.iter_batches(batch_rows):
                # polars trusts Arrow's texts and metadata to be UTF-8.
                batch.validate(full=True)
                frame = pl.DataFrame(batch.replace_schema_metadata())
                end = position + frame.height
                rows = pl.int_range(position, end, dtype=pl.Int64, eager=True)
                extra = pl.lit(None, pl.String).alias("extra")
                frame = frame.with_columns(rows.alias("row"), extra)
                empty = rejects_of(raw.name, ())
                yield _without_nulls(frame, empty, required, file=raw.name, rows_in=frame.height)
                position = end
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error)[:200]
        raise drift(f"The Parquet file cannot be read: {reason}", file=raw.name) from error
    if position == 0:
        raise drift("The file holds no rows.", file=raw.name)


def _check_parquet(parquet: pq.ParquetFile, required: Sequence[str], *, file: str) -> None:
    schema = parquet.schema_arrow
    _spell(schema)
    has = ", ".join(schema.names[:12])
    if missing := [name for name in required if name not in schema.names]:
        raise drift(f"The columns {', '.join(missing)} are missing; the file has {has}.", file=file)
    if clash := sorted({"row", "extra"} & set(schema.names)):
        raise drift(f"The columns {', '.join(clash)} are not expected here.", file=file)


def _spell(fields: Iterable[pa.Field]) -> None:
    """Read the name of every field, as one that is not UTF-8 would make polars panic.

    Raises:
        UnicodeDecodeError: If there is such a name.
    """
    for field in fields:
        if field.name:
            kind = field.type
            _spell(kind.field(place) for place in range(kind.num_fields))
