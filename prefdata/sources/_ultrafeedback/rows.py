"""Read rows whose shape differs by vintage, remembering how each one deviates, to the last key.

A `Format` says which shape a row has. Stretches of one shape go through Arrow's parsers with that
shape as the schema, which refuse other fields and types. A row that they cannot take as it is
(another vintage, a key too many, a null where a key might be absent) goes through Python alone: it
is fitted to its own shape, and a patch holds what the fitting changed, so that
``patched(fitted, patch)`` is the row as it was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from prefdata.sources._ultrafeedback.files import json_blocks, record_batches
from prefdata.tables.coerce import Misfit, coerce_row
from prefdata.tables.jsonl import parse_objects
from prefdata.tables.raw import Reject, drift

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from prefdata.protocols import RawFile

__all__ = ["Format", "Part", "Shape", "Stretch", "patched", "read_stretches"]

_DATA_FRAMES = (".parquet", ".arrow")


@dataclass(frozen=True)
class Shape:
    """One regular form of a row. Equal notes mean equal shapes."""

    schema: pa.Schema
    """The fields, all of which are there in every row."""
    note: str
    """What rebuilding needs to know of the form; stored with the row. Empty for the usual one."""
    required: tuple[str, ...]
    """Dotted paths that must not be null."""
    single: tuple[str, ...] = ()
    """Dotted paths of lists that must hold exactly one item."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a source's rows may look."""

    fit: Callable[[Any], tuple[Shape, dict[str, Any]]]
    """Returns the shape of a parsed row, and a tidy copy that fits its schema but for unknown
    fields; raises `Misfit`."""
    of_schema: Callable[[pa.Schema], Shape | None]
    """Returns the shape of a columnar file; None if rows must be looked at one by one."""
    expected: str
    """The fields of a row, for the error about a wrong file."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one shape out of one stretch."""

    table: pa.Table
    """The fields of ``shape.schema``."""
    rows: NDArray[np.int64]
    """0-based position of each row in the file, blank lines not counted."""
    patches: list[str | None] | None
    """Per row the JSON for `patched`, or None where it is regular; None when all rows are."""
    shape: Shape

    def take(self, keep: NDArray[np.int64]) -> Part:
        """Return the rows with the given positions in the part."""
        patches = None if self.patches is None else [self.patches[i] for i in keep.tolist()]
        return Part(self.table.take(pa.array(keep)), self.rows[keep], patches, self.shape)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one stretch of a file gave."""

    parts: list[Part]
    rejects: list[Reject]
    rows_in: int


def read_stretches(raw: RawFile, form: Format) -> Iterator[Stretch]:
    """Yield the rows of a JSON Lines file, a JSON array, a Parquet or an Arrow file.

    Raises:
        SourceDriftError: If the file is empty, cut, damaged, a web page, or if every row of its
            first stretch is rejected (it is another file).
    """
    is_frame = raw.name.endswith(_DATA_FRAMES)
    stretches = _frame_stretches(raw, form) if is_frame else _json_stretches(raw, form)
    rows = 0
    for stretch in stretches:
        if rows == 0 and stretch.rejects and not stretch.parts:
            first = stretch.rejects[0]
            raise drift(
                f"No row of the first {stretch.rows_in} fits; first: {first.reason}. "
                f"Expected the fields {form.expected}.",
                file=raw.name,
                row=first.row,
            )
        rows += stretch.rows_in
        yield stretch
    if rows == 0:
        raise drift("The file holds no rows.", file=raw.name)


def _json_stretches(raw: RawFile, form: Format) -> Iterator[Stretch]:
    start = 0
    for block, lines in json_blocks(raw):
        table, shape = _parsed(block, lines, form)
        numbers = np.arange(start, start + len(lines), dtype=np.int64)
        start += len(lines)
        rejects: list[Reject] = []
        if table is None or shape is None:
            parts = _one_by_one(_decoded(zip(numbers, lines, strict=True), rejects), form, rejects)
        else:
            # A null may be a key that is absent; only the text of the row tells.
            odd = _odd_rows(table, shape, is_null_odd=True)
            chosen = zip(numbers[odd], (lines[i] for i in odd.tolist()), strict=True)
            parts = _one_by_one(_decoded(chosen, rejects), form, rejects)
            parts = _with_regular(Part(table, numbers, None, shape), odd, parts)
        yield Stretch(parts, rejects, len(lines))


def _parsed(
    block: bytes, lines: list[bytes], form: Format
) -> tuple[pa.Table, Shape] | tuple[None, None]:
    """Parse a block in the shape of its first row; None if some row does not have it."""
    try:
        shape, _ = form.fit(json.loads(lines[0]))
    except (ValueError, RecursionError, Misfit):
        return None, None
    table = parse_objects(block, shape.schema)
    if table is None:
        return None, None
    # Two objects on one line, or a line that holds half of one, would shift the row numbers.
    is_straight = table.num_rows == len(lines) and all(
        line.startswith(b"{") and line.endswith(b"}") for line in lines
    )
    return (table.combine_chunks(), shape) if is_straight else (None, None)


def _decoded(
    lines: Iterable[tuple[Any, bytes]], rejects: list[Reject]
) -> Iterator[tuple[int, Any, Callable[[], str]]]:
    for number, line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            text = line.decode("utf-8", errors="replace")
            rejects.append(Reject(int(number), "invalid-json", f"not JSON: {error}", raw=text))
            continue
        yield int(number), value, partial(line.decode, "utf-8", "replace")


def _frame_stretches(raw: RawFile, form: Format) -> Iterator[Stretch]:
    start = 0
    for batch in record_batches(raw):
        numbers = np.arange(start, start + batch.num_rows, dtype=np.int64)
        start += batch.num_rows
        table = pa.Table.from_batches([batch])
        shape = form.of_schema(table.schema)
        fitted = None if shape is None else _cast(table, shape.schema)
        rejects: list[Reject] = []
        if fitted is None or shape is None:
            parts = _one_by_one(_items(numbers, table), form, rejects)
        else:
            odd = _odd_rows(fitted, shape, is_null_odd=False)
            parts = _one_by_one(_items(numbers[odd], table.take(pa.array(odd))), form, rejects)
            parts = _with_regular(Part(fitted, numbers, None, shape), odd, parts)
        yield Stretch(parts, rejects, table.num_rows)


def _items(
    numbers: NDArray[np.int64], table: pa.Table
) -> Iterator[tuple[int, Any, Callable[[], str]]]:
    for number, value in zip(numbers.tolist(), table.to_pylist(), strict=True):
        yield number, value, partial(json.dumps, value, default=str)


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table | None:
    """Cast columns to the same kinds of types; None if the file has other fields or kinds."""
    if len(table.schema) != len(schema) or not all(
        table.schema.get_field_index(field.name) >= 0
        and _is_kin(table.schema.field(field.name).type, field.type)
        for field in schema
    ):
        return None
    try:
        return table.select(schema.names).cast(schema).combine_chunks()
    except pa.ArrowException:
        return None


def _is_kin(given: pa.DataType, wanted: pa.DataType) -> bool:
    """Tell whether a cast changes no value's meaning, such as the text "4" to the number 4."""
    kinds = pa.types
    if kinds.is_struct(wanted):
        if not kinds.is_struct(given) or given.num_fields != wanted.num_fields:
            return False
        return all(
            given.get_field_index(field.name) >= 0
            and _is_kin(given.field(field.name).type, field.type)
            for field in wanted
        )
    if kinds.is_list(wanted):
        return bool(
            (kinds.is_list(given) or kinds.is_large_list(given))
            and _is_kin(given.value_type, wanted.value_type)
        )
    if kinds.is_string(wanted):
        return bool(kinds.is_string(given) or kinds.is_large_string(given))
    return bool(kinds.is_floating(given) or kinds.is_integer(given))


def _with_regular(part: Part, odd: NDArray[np.int64], others: list[Part]) -> list[Part]:
    if not odd.size:
        return [part]
    rest = np.setdiff1d(np.arange(part.table.num_rows, dtype=np.int64), odd)
    return [part.take(rest), *others] if rest.size else others


def _odd_rows(table: pa.Table, shape: Shape, *, is_null_odd: bool) -> NDArray[np.int64]:
    """Return positions of rows that the shape does not hold exactly."""
    found: list[NDArray[np.int64]] = [np.empty(0, np.int64)]

    def look(array: pa.Array, owner: NDArray[np.int64], path: str) -> None:
        is_struct = pa.types.is_struct(array.type)
        if array.null_count and (is_null_odd or is_struct or path in shape.required):
            found.append(owner[array.is_null().to_numpy(zero_copy_only=False)])
        if pa.types.is_floating(array.type):
            found.append(owner[np.isnan(array.fill_null(0.0).to_numpy(zero_copy_only=False))])
        elif is_struct:
            for index, field in enumerate(array.type):
                look(array.field(index), owner, f"{path}.{field.name}")
        elif pa.types.is_list(array.type):
            sizes = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
            if path in shape.single:
                found.append(owner[sizes != 1])
            look(array.flatten(), np.repeat(owner, sizes), path)

    for name in table.column_names:
        column = table.column(name).combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks)
        look(column, np.arange(table.num_rows, dtype=np.int64), name)
    return np.unique(np.concatenate(found))


def _one_by_one(
    items: Iterable[tuple[int, Any, Callable[[], str]]], form: Format, rejects: list[Reject]
) -> list[Part]:
    """Fit rows in Python; called only for rows that no columnar reader takes as they are."""
    groups: dict[str, tuple[Shape, list[dict[str, Any]], list[int], list[str | None]]] = {}
    for number, value, text in items:
        try:
            shape, tidy = form.fit(value)
            top = [path for path in shape.required if "." not in path]
            fitted = coerce_row(tidy, shape.schema, required=top)
            del fitted["extra"]
            patch = _encoded(list(_differences(fitted, value, ())))
        except Misfit as misfit:
            reason = misfit.reason.encode("utf-8", "backslashreplace").decode()
            field = misfit.field
            rejects.append(Reject(number, misfit.rule, reason, field=field, raw=text()))
        except (RecursionError, TypeError) as error:
            rejects.append(Reject(number, "wrong-type", f"no JSON value: {error}", raw=text()))
        else:
            group = groups.setdefault(shape.note, (shape, [], [], []))
            group[1].append(fitted)
            group[2].append(number)
            group[3].append(patch)
    return [
        Part(pa.Table.from_pylist(rows, schema=shape.schema), np.array(numbers), patches, shape)
        for shape, rows, numbers, patches in groups.values()
    ]


def _differences(
    fitted: Any, original: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any] | tuple[tuple[str | int, ...]]]:
    """Yield ``(path, value)`` for what to set, and ``(path,)`` for what to remove."""
    if isinstance(fitted, dict) and isinstance(original, dict):
        for key in fitted.keys() - original.keys():
            yield ((*path, key),)
        for key, value in original.items():
            if key in fitted:
                yield from _differences(fitted[key], value, (*path, key))
            else:
                yield (*path, key), value
    elif isinstance(fitted, list) and isinstance(original, list) and len(fitted) == len(original):
        for index, (one, other) in enumerate(zip(fitted, original, strict=True)):
            yield from _differences(one, other, (*path, index))
    elif fitted != original:
        yield path, original


def _encoded(steps: list[Any]) -> str | None:
    if not steps:
        return None
    ordered = sorted(steps, key=lambda step: json.dumps(step[0]))
    try:
        return json.dumps(ordered, allow_nan=False)
    except ValueError:
        # NaN is no JSON; such values stand as text, which Python's reader takes.
        texts = [s if len(s) == 1 else (s[0], json.dumps(s[1]), "text") for s in ordered]
        return json.dumps(texts)


def patched(fitted: dict[str, Any], steps: list[list[Any]]) -> dict[str, Any]:
    """Undo the fitting: apply the steps of a patch to a row, in place."""
    for path, *value in steps:
        place: Any = fitted
        for key in path[:-1]:
            place = place[key]
        if not value:
            del place[path[-1]]
        else:
            place[path[-1]] = json.loads(value[0]) if len(value) > 1 else value[0]
    return fitted
