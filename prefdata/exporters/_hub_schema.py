"""The schema of a file as the hub and `datasets` read it: plain types, and features beside them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from prefdata.core.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["hub_features", "hub_schema", "leaves"]

_NAMES = {"halffloat": "float16", "float": "float32", "double": "float64"}
"""Types that `datasets` calls by another name than Arrow."""
_PLAIN = {
    pa.string(): (pa.large_string(), pa.string_view()),
    pa.binary(): (pa.large_binary(), pa.binary_view()),
}
_NAMED = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_time,
    pa.types.is_timestamp,
    pa.types.is_duration,
    pa.types.is_decimal128,
    pa.types.is_decimal256,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_fixed_size_binary,
)


def hub_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema with 32-bit offsets, which all readers know, and its features.

    Texts in a dictionary become plain: their encoding would be lost on the way anyway. The
    features go into the metadata under the key ``huggingface``.

    Raises:
        InternalError: If a column has a type that `datasets` cannot load.
    """
    fields = [pa.field(field.name, _plain(field.type)) for field in schema]
    features = json.dumps({"info": {"features": hub_features(pa.schema(fields))}})
    return pa.schema(fields, metadata={"huggingface": features})


def hub_features(schema: pa.Schema) -> dict[str, Any]:
    """Return what ``datasets.Features.from_arrow_schema(schema).to_dict()`` returns.

    Raises:
        InternalError: If a column has a type that `datasets` cannot load: maps, views of lists,
            UUIDs and other extensions, structs without fields.

    References:
        `datasets` 5.2, ``features/features.py``, ``generate_from_arrow_type``.
    """
    return {field.name: _feature(field.type, field.name) for field in schema}


def leaves(schema: pa.Schema) -> Iterator[tuple[str, pa.DataType]]:
    """Yield path and type of each column of a Parquet file, such as ``prompt.list.element.role``.

    Args:
        schema: A schema of plain types.
    """
    for field in schema:
        yield from _leaves(field.name, field.type)


def _leaves(path: str, kind: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    if pa.types.is_struct(kind):
        for field in kind:
            yield from _leaves(f"{path}.{field.name}", field.type)
    elif pa.types.is_nested(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    else:
        yield path, kind


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    for plain, others in _PLAIN.items():
        if kind in others:
            return plain
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain(kind.value_type), kind.list_size)
    if pa.types.is_large_list(kind) or pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, _plain(field.type)) for field in kind])
    return kind


def _feature(kind: pa.DataType, column: str) -> dict[str, Any]:
    if pa.types.is_struct(kind) and kind.num_fields:
        return {field.name: _feature(field.type, f"{column}.{field.name}") for field in kind}
    if pa.types.is_fixed_size_list(kind):
        element = _feature(kind.value_type, column)
        return {"feature": element, "length": kind.list_size, "_type": "List"}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        name = "List" if pa.types.is_list(kind) else "LargeList"
        return {"feature": _feature(kind.value_type, column), "_type": name}
    return {"dtype": _dtype(kind, column), "_type": "Value"}


def _dtype(kind: pa.DataType, column: str) -> str:
    if pa.types.is_dictionary(kind):
        return _dtype(kind.value_type, column)
    if pa.types.is_date(kind):
        return "date32" if pa.types.is_date32(kind) else "date64"
    if not isinstance(kind, pa.BaseExtensionType) and any(test(kind) for test in _NAMED):
        return _NAMES.get(str(kind), str(kind))
    raise InternalError(
        f"The column {column} is of the type {kind}, which nobody can load from the hub.",
        where=column,
        fix="Let the exporter write maps as lists of structs, other types as text, and no struct "
        "without fields.",
    )
