"""Read JSON Lines or one JSON array against a schema, never losing a row.

It is fast where the rows are regular, and goes row by row where they are not.

The fast path hands whole blocks to Arrow's JSON parser with the explicit schema; it refuses
unknown fields and wrong types. Only a block that it refuses is read again row by row: there,
numbers are widened (an integer where a float is expected), unknown fields are kept in ``extra``,
and what does not fit is rejected with its field.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from prefdata.tables.coerce import EXACT_FLOAT, Misfit, coerce_row
from prefdata.tables.json_stream import JsonCursor
from prefdata.tables.raw import RawChunk, Reject, drift, read_blocks, rejects_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prefdata.core.errors import SourceDriftError
    from prefdata.tables.bundle import RawFile

__all__ = ["BLOCK_BYTES", "count_objects", "parse_objects", "read_json_rows"]

BLOCK_BYTES = 24 << 20
_ARROW_BLOCK_BYTES = 1 << 20
_NEWLINE, _RETURN, _BRACE = b"\n\r{"
_ARRAY_CHUNK_ROWS = 20_000


def read_json_rows(
    raw: RawFile,
    schema: pa.Schema,
    *,
    required: Sequence[str] = (),
    normalize: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[RawChunk]:
    """Yield the rows of a JSON Lines file (plain or compressed) or of one JSON array.

    Args:
        raw: The file.
        schema: Fields to read with their exact types; a field that is absent is null.
        required: Fields that must not be null; a row without one is rejected.
        normalize: Brings an odd row (a parsed object) into the shape of ``schema``; called only
            for rows of blocks that do not fit as they are. It must not lose a value. An adapter
            that gives one finds NaN and infinity of regular rows in the float columns, to keep
            what they mean; without one, NaN is null.
        block_bytes: Size of the stretches, decompressed.

    Raises:
        SourceDriftError: If the file is empty, a web page, cut, or if every row of its first
            stretch is rejected (it is another file).
    """
    row = 0
    for block in read_blocks(raw.path, file=raw.name, block_bytes=block_bytes):
        if row == 0 and block.lstrip()[:1] == b"[":
            yield from _read_array(raw, schema, required=required, normalize=normalize)
            return
        chunk = _fast(
            block, schema, first_row=row, required=required, is_nan_known=normalize is not None
        )
        if chunk is None:
            chunk = _slow(
                _lines(block),
                schema,
                file=raw.name,
                first_row=row,
                required=required,
                normalize=normalize,
            )
        if row == 0 and chunk.rows_in and not chunk.frame.height:
            raise _wrong_file(chunk, schema, file=raw.name)
        row += chunk.rows_in
        yield chunk
    if row == 0:
        raise drift("The file holds no rows.", file=raw.name)


def _fast(
    block: bytes,
    schema: pa.Schema,
    *,
    first_row: int,
    required: Sequence[str],
    is_nan_known: bool,
) -> RawChunk | None:
    table = parse_objects(block, schema)
    if table is None:
        return None
    if not all(_is_exact(column, is_nan_known=is_nan_known) for column in table.columns):
        return None
    if any(table.column(name).null_count for name in required):
        return None
    frame = _with_position(pl.DataFrame(table), first_row)
    return RawChunk(frame=frame, rejects=rejects_of("", ()), rows_in=table.num_rows)


def parse_objects(block: bytes, schema: pa.Schema) -> pa.Table | None:
    """Parse lines that each hold one object of a schema; None if one of them does not.

    Unknown fields and other types make it None as well, so that nothing is lost or guessed; an
    absent field is null.
    """
    n_objects = count_objects(block)
    if n_objects is None:
        return None
    table, is_too_long = _parse(block, schema, _ARROW_BLOCK_BYTES)
    if is_too_long:
        table, _ = _parse(block, schema, len(block))
    # Two objects on one line, or a line that holds half of one, would shift the row numbers.
    return table if table is not None and table.num_rows == n_objects else None


def count_objects(block: bytes) -> int | None:
    """Count the lines that are not blank; None if one of them starts with no brace.

    Arrow's JSON parser is safe only with blocks that are counted: it takes a line ``null`` for a
    row, and the process dies where such a line comes first.
    """
    count = start = 0
    find = block.find
    # A loop over lines: a search for the next line break is one call of memchr, and allocates
    # nothing, which is several times faster than a mask over the block.
    while start < len(block):
        first = block[start]
        if first == _BRACE:
            count += 1
        elif first != _NEWLINE and block[start : start + 2] != b"\r\n":
            return None
        end = find(b"\n", start)
        if end < 0:
            break
        start = end + 1
    return count


def _parse(block: bytes, schema: pa.Schema, block_size: int) -> tuple[pa.Table | None, bool]:
    """Return the table, or None and whether a row was only too long for Arrow's block."""
    try:
        table = pj.read_json(
            pa.BufferReader(block),
            read_options=pj.ReadOptions(block_size=block_size),
            parse_options=pj.ParseOptions(
                explicit_schema=schema, unexpected_field_behavior="error"
            ),
        )
        # Arrow's parser does not look at UTF-8; polars trusts it blindly.
        table.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        return None, block_size < len(block) and "straddl" in str(error)
    return table, False


def _is_exact(column: pa.ChunkedArray, *, is_nan_known: bool) -> bool:
    """Tell whether no float may be a rounded integer, or one that JSON does not know."""
    kind = column.type
    if pa.types.is_struct(kind):
        fields = [pc.struct_field(column, place) for place in range(kind.num_fields)]
        return all(_is_exact(field, is_nan_known=is_nan_known) for field in fields)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _is_exact(pc.list_flatten(column), is_nan_known=is_nan_known)
    if not pa.types.is_floating(kind):
        return True
    # The next integer after the limit is rounded to the limit.
    is_fine = pc.less(pc.abs(column), EXACT_FLOAT)
    if is_nan_known:
        is_fine = pc.or_(is_fine, pc.invert(pc.is_finite(column)))
    return pc.all(is_fine).as_py() is not False


def _with_position(frame: pl.DataFrame, first_row: int) -> pl.DataFrame:
    rows = pl.int_range(first_row, first_row + frame.height, dtype=pl.Int64, eager=True)
    return frame.with_columns(rows.alias("row"), pl.lit(None, pl.String).alias("extra"))


def _lines(block: bytes) -> Iterator[bytes]:
    for line in block.split(b"\n"):
        if stripped := line.strip():
            yield stripped


def _slow(
    lines: Iterator[bytes],
    schema: pa.Schema,
    *,
    file: str,
    first_row: int,
    required: Sequence[str],
    normalize: Callable[[dict[str, Any]], dict[str, Any]] | None,
) -> RawChunk:
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    number = first_row
    # Row by row: this block holds at least one row that no columnar reader takes.
    for number, line in enumerate(lines, start=first_row):
        try:
            # Decoded here: `json.loads` would guess UTF-16 from bytes.
            value = _DECODER.decode(line.decode())
            rows.append(_shaped(value, schema, number, required, normalize))
        except Misfit as misfit:
            text = line.decode(errors="replace")
            rejects.append(misfit.reject(number, raw=text))
        except (ValueError, RecursionError) as error:
            text = line.decode(errors="replace")
            rejects.append(Reject(number, "invalid-json", f"not JSON: {error}", raw=text))
    return _chunk(rows, rejects, schema, file=file)


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) != len(members):
        names = [name for name, _ in members]
        twice = next(name for name in value if names.count(name) > 1)
        raise Misfit(None, "duplicate-key", f"an object holds the key {twice!r} twice")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def _shaped(
    value: object,
    schema: pa.Schema,
    number: int,
    required: Sequence[str],
    normalize: Callable[[dict[str, Any]], dict[str, Any]] | None,
) -> dict[str, Any]:
    if not isinstance(value, dict):
        message = f"a row is an object, this is {type(value).__name__}"
        raise Misfit(None, "wrong-type", message)
    try:
        if normalize is not None:
            value = normalize(value)
        shaped = coerce_row(value, schema, required=required)
    except RecursionError as error:
        raise Misfit(None, "invalid-json", "nested too deep") from error
    shaped["row"] = number
    return shaped


def _chunk(
    rows: list[dict[str, Any]], rejects: list[Reject], schema: pa.Schema, *, file: str
) -> RawChunk:
    full = schema.append(pa.field("row", pa.int64())).append(pa.field("extra", pa.string()))
    frame = pl.DataFrame(pa.Table.from_pylist(rows, schema=full))
    return RawChunk(
        frame=frame, rejects=rejects_of(file, rejects), rows_in=len(rows) + len(rejects)
    )


def _read_array(
    raw: RawFile,
    schema: pa.Schema,
    *,
    required: Sequence[str],
    normalize: Callable[[dict[str, Any]], dict[str, Any]] | None,
) -> Iterator[RawChunk]:
    row = 0
    with JsonCursor(raw) as cursor:
        items = (text.encode() for text in cursor.item_texts())
        while stretch := list(itertools.islice(items, _ARRAY_CHUNK_ROWS)):
            chunk = _slow(
                iter(stretch),
                schema,
                file=raw.name,
                first_row=row,
                required=required,
                normalize=normalize,
            )
            if row == 0 and not chunk.frame.height:
                raise _wrong_file(chunk, schema, file=raw.name)
            row += len(stretch)
            yield chunk
        cursor.finish()
    if row == 0:
        raise drift("The file holds no rows.", file=raw.name)


def _wrong_file(chunk: RawChunk, schema: pa.Schema, *, file: str) -> SourceDriftError:
    first = chunk.rejects.row(0, named=True)
    return drift(
        f"No row of the first {chunk.rows_in} fits; first: {first['reason']}. "
        f"Expected the fields {', '.join(schema.names)}.",
        file=file,
        row=int(first["row"]),
    )
