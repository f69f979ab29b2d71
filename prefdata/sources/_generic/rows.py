"""Rows of any table: Parquet, Arrow, CSV and JSON in stretches, as a frame or as plain values.

A stretch comes as a frame where the frame holds exactly what the file says. JSON rows that
differ in their fields or types come as Python values, because a frame would turn an absent field
into a null and an integer beside a fraction into a fraction.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from prefdata.sources._generic.offer import format_of
from prefdata.tables.json_stream import JsonCursor
from prefdata.tables.jsonl import parse_objects
from prefdata.tables.raw import Reject, drift, open_bytes, read_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prefdata.protocols import RawFile

__all__ = ["Stretch", "pieces", "read_rows"]

_BLOCK_BYTES = 16 << 20
_BATCH_ROWS = 10_000
_SAMPLE_ROWS = 64
_EXACT_FLOAT = 2.0**53
# Python's csv module refuses cells over 128 KiB unless told; whole conversations are longer.
_CELL_CHARACTERS = 1 << 30


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive rows of one raw file; exactly one of ``frame`` and ``values`` is filled."""

    first_row: int
    rows_in: int
    frame: pl.DataFrame | None = None
    """The rows from ``first_row`` on, without a gap, with the columns of the file."""
    values: Sequence[tuple[int, dict[str, Any]]] = ()
    """Position in the file and the row, with the fields that it has."""
    rejects: Sequence[Reject] = field(default=())


def read_rows(raw: RawFile, *, block_bytes: int = _BLOCK_BYTES) -> Iterator[Stretch]:
    """Yield the rows of a table by the format that its name states.

    Raises:
        SourceDriftError: If the file is empty, damaged, or not of the format that it states.
    """
    kind = format_of(raw.name)
    if kind == "parquet":
        stretches = _parquet(raw)
    elif kind == "arrow":
        stretches = _arrow(raw)
    elif kind == "csv":
        stretches = _csv(raw, block_bytes)
    else:
        stretches = _json(raw, block_bytes)
    n_rows = 0
    for stretch in stretches:
        n_rows += stretch.rows_in
        if stretch.rows_in:
            yield stretch
    if not n_rows:
        raise drift("The file holds no rows.", file=raw.name)


def pieces(stretch: Stretch, n_rows: int = 2_000) -> Iterator[Stretch]:
    """Cut a stretch where rows are taken one by one, which costs memory; rejects come first."""
    rejects = stretch.rejects
    n_all = len(stretch.values) if stretch.frame is None else stretch.frame.height
    for start in range(0, max(n_all, 1), n_rows):
        size = min(n_rows, n_all - start)
        frame = None if stretch.frame is None else stretch.frame.slice(start, size)
        values = stretch.values[start : start + size]
        first_row = stretch.first_row + start
        yield Stretch(first_row, size + len(rejects), frame, values, rejects)
        rejects = ()


def _parquet(raw: RawFile) -> Iterator[Stretch]:
    _refuse_folder(raw)
    try:
        with pq.ParquetFile(raw.path) as parquet:
            yield from _batches(parquet.iter_batches(_BATCH_ROWS))
    except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
        raise drift(
            f"The Parquet file cannot be read: {str(error)[:200]}", file=raw.name
        ) from error


def _arrow(raw: RawFile) -> Iterator[Stretch]:
    _refuse_folder(raw)
    try:
        with pa.memory_map(str(raw.path)) as mapped:
            is_file = mapped.read(6) == b"ARROW1"
            mapped.seek(0)
            if is_file:
                reader = pa.ipc.open_file(mapped)
                yield from _batches(reader.get_batch(i) for i in range(reader.num_record_batches))
            else:
                yield from _batches(iter(pa.ipc.open_stream(mapped)))
    except (pa.ArrowException, OSError, EOFError, pl.exceptions.PolarsError) as error:
        raise drift(f"The Arrow file cannot be read: {str(error)[:200]}", file=raw.name) from error


def _refuse_folder(raw: RawFile) -> None:
    with open_bytes(raw.path, file=raw.name):
        pass


def _batches(batches: Iterator[pa.RecordBatch]) -> Iterator[Stretch]:
    position = 0
    for batch in batches:
        batch.validate(full=True)
        frame = pl.DataFrame(pa.Table.from_batches([batch]))
        for piece in frame.iter_slices(_BATCH_ROWS):
            yield Stretch(position, piece.height, frame=piece)
            position += piece.height


def _csv(raw: RawFile, block_bytes: int) -> Iterator[Stretch]:
    """Read cells as strings; Python's reader, unlike Arrow's, tells where a broken row stands."""
    csv.field_size_limit(_CELL_CHARACTERS)
    lines = csv.reader(_text_lines(raw, block_bytes), strict=True)
    try:
        header = next((cells for cells in lines if cells), [])
        if len(set(header)) != len(header):
            twice = sorted({name for name in header if header.count(name) > 1})
            raise drift(f"The header names {', '.join(twice)} twice.", file=raw.name)
        position = 0
        rows: list[list[str]] = []
        rejects: list[Reject] = []
        numbers: list[int] = []
        # A loop over rows: each is one list of cells from the C reader.
        for cells in lines:
            if not cells:
                continue
            if len(cells) == len(header):
                rows.append(cells)
                numbers.append(position)
            else:
                reason = f"{len(cells)} cells where the header has {len(header)}"
                text = json.dumps(cells, ensure_ascii=False)
                rejects.append(Reject(position, "wrong-cell-count", reason, raw=text))
            position += 1
            if len(rows) + len(rejects) == _BATCH_ROWS:
                yield _csv_stretch(header, rows, numbers, rejects)
                rows, numbers, rejects = [], [], []
        yield _csv_stretch(header, rows, numbers, rejects)
    except csv.Error as error:
        raise drift(f"The CSV cannot be read: {error}", file=raw.name) from error


def _text_lines(raw: RawFile, block_bytes: int) -> Iterator[str]:
    for block in read_blocks(raw.path, file=raw.name, block_bytes=block_bytes):
        try:
            yield from io.StringIO(block.decode(), newline="")
        except UnicodeDecodeError as error:
            raise drift(f"The file is not UTF-8: {error}", file=raw.name) from error


def _csv_stretch(
    header: list[str], rows: list[list[str]], numbers: list[int], rejects: list[Reject]
) -> Stretch:
    rows_in = len(rows) + len(rejects)
    first = min([*numbers[:1], *(reject.row for reject in rejects[:1])], default=0)
    if not rejects and rows:
        columns = zip(*rows, strict=True)
        cells = dict(zip(header, (list(column) for column in columns), strict=True))
        frame = pl.DataFrame(cells, schema=dict.fromkeys(header, pl.String()))
        return Stretch(first, rows_in, frame=frame)
    values = [
        (number, dict(zip(header, cells, strict=True)))
        for number, cells in zip(numbers, rows, strict=True)
    ]
    return Stretch(first, rows_in, values=values, rejects=rejects)


def _json(raw: RawFile, block_bytes: int) -> Iterator[Stretch]:
    with JsonCursor(raw) as cursor:
        if cursor.peek() == "[":
            yield from _json_array(cursor)
            return
    position = 0
    schema: pa.Schema | None = None
    for block in read_blocks(raw.path, file=raw.name, block_bytes=block_bytes):
        if position == 0:
            schema = _sampled_schema(block)
        frame = None if schema is None else _arrow_rows(block, schema)
        if frame is not None:
            stretch = Stretch(position, frame.height, frame=frame)
        else:
            stretch = _line_rows(block, position)
        position += stretch.rows_in
        yield stretch


def _json_array(cursor: JsonCursor) -> Iterator[Stretch]:
    values: list[tuple[int, dict[str, Any]]] = []
    rejects: list[Reject] = []
    first = 0
    for number, value in enumerate(cursor.items()):
        if isinstance(value, dict):
            values.append((number, value))
        else:
            rejects.append(_not_an_object(value, number))
        if len(values) + len(rejects) == _BATCH_ROWS:
            yield Stretch(first, _BATCH_ROWS, values=values, rejects=rejects)
            values, rejects, first = [], [], number + 1
    cursor.finish()
    yield Stretch(first, len(values) + len(rejects), values=values, rejects=rejects)


def _sampled_schema(block: bytes) -> pa.Schema | None:
    """Return the schema of the first rows where they are alike; None where they are not."""
    sample: list[Any] = []
    for line in block.split(b"\n", _SAMPLE_ROWS * 2)[: _SAMPLE_ROWS * 2]:
        if len(sample) == _SAMPLE_ROWS:
            break
        if line.strip():
            try:
                sample.append(json.loads(line))
            except (ValueError, RecursionError):
                return None
    if not sample or not all(isinstance(row, dict) for row in sample):
        return None
    try:
        return pa.Table.from_pylist(sample).schema
    except (pa.ArrowException, UnicodeEncodeError, OverflowError, TypeError):
        return None


def _arrow_rows(block: bytes, schema: pa.Schema) -> pl.DataFrame | None:
    """Parse regular rows at Arrow's speed; None where that would not be exact."""
    table = parse_objects(block, schema)
    if table is None or table.schema.names != schema.names:
        return None
    if not all(_is_exact(chunk) for column in table.columns for chunk in column.chunks):
        return None
    return pl.DataFrame(table)


def _is_exact(array: pa.Array) -> bool:
    """Whether no value is null (it may have been absent) and no number was rounded."""
    if array.null_count:
        return False
    kind = array.type
    if pa.types.is_struct(kind):
        return all(_is_exact(part) for part in array.flatten())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _is_exact(array.flatten())
    if pa.types.is_floating(kind):
        numbers = np.abs(array.to_numpy(zero_copy_only=False))
        return bool((numbers < _EXACT_FLOAT).all())
    return bool(pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_integer(kind))


def _line_rows(block: bytes, first_row: int) -> Stretch:
    values: list[tuple[int, dict[str, Any]]] = []
    rejects: list[Reject] = []
    lines = [line for line in block.split(b"\n") if line.strip()]
    # A loop over rows: this block holds at least one row that no columnar reader takes.
    for number, line in enumerate(lines, start=first_row):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            text = line.decode("utf-8", errors="replace")
            rejects.append(Reject(number, "invalid-json", f"not JSON: {error}", raw=text))
            continue
        if isinstance(value, dict):
            values.append((number, value))
        else:
            rejects.append(_not_an_object(value, number))
    return Stretch(first_row, len(lines), values=values, rejects=rejects)


def _not_an_object(value: object, number: int) -> Reject:
    reason = f"a row is an object, this is {type(value).__name__}"
    text = json.dumps(value).encode("ascii", errors="replace").decode()
    return Reject(number, "wrong-type", reason, raw=text)
