"""Contracts as Arrow and polars schemas, and frames brought into their form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from prefdata.core.errors import SchemaMismatchError
from prefdata.schema.typeexpr import ListOf, Scalar, StructOf, TypeTree

if TYPE_CHECKING:
    from polars.datatypes import DataTypeClass

    from prefdata.schema.model import Column, TableSchema

__all__ = [
    "arrow_schema",
    "arrow_type",
    "conform",
    "empty_frame",
    "polars_schema",
    "polars_type",
]

_ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "timestamp[us]": pa.timestamp("us"),
}
_POLARS: dict[str, pl.DataType] = {
    "string": pl.String(),
    "bool": pl.Boolean(),
    "int32": pl.Int32(),
    "int64": pl.Int64(),
    "float32": pl.Float32(),
    "float64": pl.Float64(),
    "timestamp[us]": pl.Datetime("us"),
}


def arrow_type(tree: TypeTree) -> pa.DataType:
    """Return the Arrow type; strings and lists have 32-bit offsets."""
    match tree:
        case Scalar(name):
            return _ARROW[name]
        case ListOf(item):
            return pa.list_(arrow_type(item))
        case StructOf(fields):
            return pa.struct([pa.field(name, arrow_type(part)) for name, part in fields])


def polars_type(tree: TypeTree) -> pl.DataType:
    """Return the polars type."""
    match tree:
        case Scalar(name):
            return _POLARS[name]
        case ListOf(item):
            return pl.List(polars_type(item))
        case StructOf(fields):
            return pl.Struct([pl.Field(name, polars_type(part)) for name, part in fields])


def arrow_schema(schema: TableSchema) -> pa.Schema:
    """Return the Arrow schema; fields carry ``description`` and ``unit`` as metadata."""
    return pa.schema(
        [
            pa.field(name, arrow_type(column.tree), column.nullable, _metadata(column))
            for name, column in schema.columns.items()
        ],
        metadata={"contract": schema.id},
    )


def polars_schema(schema: TableSchema) -> dict[str, pl.DataType]:
    """Return column names and polars types, in order."""
    return {name: polars_type(column.tree) for name, column in schema.columns.items()}


def empty_frame(schema: TableSchema) -> pl.DataFrame:
    """Return a frame of the contract without rows."""
    return pl.DataFrame(schema=polars_schema(schema))


def conform(frame: pl.DataFrame | pl.LazyFrame, schema: TableSchema) -> pl.DataFrame:
    """Bring a frame into the columns, order and types of a contract.

    Absent nullable columns are added as nulls. Casts never lose anything: a number that does
    not fit, a fraction for an integer column, or a struct with other fields is an error.

    Raises:
        SchemaMismatchError: If a column is missing, unknown, or of a type that does not fit.
    """
    wanted = polars_schema(schema)
    given = frame.collect_schema()
    if given == wanted and given.names() == list(wanted):
        return frame.lazy().collect() if isinstance(frame, pl.LazyFrame) else frame
    _raise_if(_column_problems(given, schema), schema)
    _raise_if(
        [
            problem
            for name, dtype in given.items()
            for problem in _type_problems(name, dtype, wanted[name])
        ],
        schema,
    )
    rows = frame.lazy().collect()
    _raise_if(_fraction_problems(rows, wanted), schema)
    try:
        return rows.select(
            pl.col(name).cast(dtype, strict=True)
            if name in given
            else pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in wanted.items()
        )
    except pl.exceptions.PolarsError as error:
        raise _mismatch([str(error).splitlines()[0]], schema) from error


def _metadata(column: Column) -> dict[str | bytes, str | bytes]:
    metadata: dict[str | bytes, str | bytes] = {"description": column.description}
    return metadata | {"unit": column.unit} if column.unit else metadata


def _raise_if(problems: list[str], schema: TableSchema) -> None:
    if problems:
        raise _mismatch(problems, schema)


def _mismatch(problems: list[str], schema: TableSchema) -> SchemaMismatchError:
    return SchemaMismatchError(
        f"The frame does not have the columns of {schema.id}: {'; '.join(problems)}.",
        where=schema.id,
        fix="Select and cast in the adapter or stage; docs/tables.md lists the columns.",
    )


def _column_problems(given: pl.Schema, schema: TableSchema) -> list[str]:
    missing = [
        name for name, column in schema.columns.items() if name not in given and not column.nullable
    ]
    extra = [name for name in given if name not in schema.columns]
    problems = [f"missing {', '.join(missing)}"] if missing else []
    return [*problems, f"unknown {', '.join(extra)}"] if extra else problems


def _type_problems(path: str, given: pl.DataType, wanted: pl.DataType) -> list[str]:
    """Name what a cast would drop or cannot do; polars drops struct fields without a word."""
    if given in (wanted, pl.Null()):
        return []
    if isinstance(wanted, pl.List) and isinstance(given, pl.List | pl.Array):
        return _type_problems(f"{path}[]", _instance(given.inner), _instance(wanted.inner))
    if isinstance(wanted, pl.Struct) and isinstance(given, pl.Struct):
        parts = {field.name: _instance(field.dtype) for field in given.fields}
        wishes = {field.name: _instance(field.dtype) for field in wanted.fields}
        if parts.keys() != wishes.keys():
            return [f"{path} has the fields {', '.join(parts)}, not {', '.join(wishes)}"]
        return [p for n in wishes for p in _type_problems(f"{path}.{n}", parts[n], wishes[n])]
    is_text = given in (pl.String, pl.Categorical, pl.Enum)
    is_fit = {
        pl.String: is_text or given.is_integer(),
        pl.Boolean: False,
        pl.List: False,
        pl.Struct: False,
        pl.Datetime: isinstance(given, pl.Datetime | pl.Date),
    }.get(wanted.base_type(), given.is_numeric())
    return [] if is_fit else [f"{path} is {given}, not {wanted}"]


def _fraction_problems(rows: pl.DataFrame, wanted: dict[str, pl.DataType]) -> list[str]:
    """Name float columns that an integer cast would truncate."""
    floats = [
        name
        for name, dtype in wanted.items()
        if dtype.is_integer() and name in rows.columns and rows.schema[name].is_float()
    ]
    has_fraction = rows.select((pl.col(name) != pl.col(name).floor()).any() for name in floats)
    return [f"{name} holds fractions" for name in floats if has_fraction[name].item()]


def _instance(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    return dtype if isinstance(dtype, pl.DataType) else dtype()
