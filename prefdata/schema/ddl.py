"""Contracts in the languages of others: DuckDB tables and JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefdata.schema.typeexpr import ListOf, Scalar, StructOf, TypeTree, parse_type

if TYPE_CHECKING:
    from prefdata.schema.model import Column, TableSchema

__all__ = ["duckdb_ddl", "duckdb_type", "json_schema"]

_DUCKDB = {
    "string": "VARCHAR",
    "bool": "BOOLEAN",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "timestamp[us]": "TIMESTAMP",
}
_JSON: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "float32": {"type": "number"},
    "float64": {"type": "number"},
    "timestamp[us]": {"type": "string", "format": "date-time"},
}


def duckdb_type(type: TypeTree | str) -> str:  # noqa: A002 - the word of the contracts
    """Return the DuckDB type of a contract type, given as a tree or as text.

    Examples:
        >>> duckdb_type("list<struct<role:string,content:string>>")
        'STRUCT("role" VARCHAR, "content" VARCHAR)[]'
    """
    match parse_type(type) if isinstance(type, str) else type:
        case Scalar(name):
            return _DUCKDB[name]
        case ListOf(item):
            return f"{duckdb_type(item)}[]"
        case StructOf(fields):
            parts = ", ".join(f"{_quoted(name)} {duckdb_type(part)}" for name, part in fields)
            return f"STRUCT({parts})"


def duckdb_ddl(schema: TableSchema, *, name: str | None = None) -> str:
    """Write the statements that create an empty table of the contract in DuckDB.

    Args:
        schema: The contract.
        name: Name of the table; the contract's own by default.
    """
    table = _quoted(name or schema.table)
    columns = ",\n".join(
        f"  {_quoted(column.name)} {duckdb_type(column.tree)}" + " NOT NULL" * (not column.nullable)
        for column in schema.columns.values()
    )
    comments = [
        f"COMMENT ON COLUMN {table}.{_quoted(column.name)} IS {_literal(_comment(column))};"
        for column in schema.columns.values()
    ]
    return "\n".join(
        [
            f"CREATE TABLE {table} (\n{columns}\n);",
            f"COMMENT ON TABLE {table} IS {_literal(f'{schema.id}: {schema.grain}')};",
            *comments,
            "",
        ]
    )


def json_schema(schema: TableSchema) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one row; the SQL rules are not in it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": schema.id,
        "description": f"{schema.grain}. {schema.description}",
        "type": "object",
        "properties": {name: _property(column) for name, column in schema.columns.items()},
        "required": [name for name, column in schema.columns.items() if not column.nullable],
        "additionalProperties": False,
    }


def _property(column: Column) -> dict[str, Any]:
    form = _json_type(column.tree)
    if column.enum is not None:
        form["enum"] = list(column.enum)
    if column.min is not None:
        form["minimum"] = column.min
    if column.max is not None:
        form["maximum"] = column.max
    return {**(_or_null(form) if column.nullable else form), "description": _comment(column)}


def _json_type(tree: TypeTree) -> dict[str, Any]:
    match tree:
        case Scalar(name):
            return dict(_JSON[name])
        case ListOf(item):
            return {"type": "array", "items": _or_null(_json_type(item))}
        case StructOf(fields):
            return {
                "type": "object",
                "properties": {name: _or_null(_json_type(part)) for name, part in fields},
                "required": [name for name, _ in fields],
                "additionalProperties": False,
            }


def _or_null(form: dict[str, Any]) -> dict[str, Any]:
    allowed = {"enum": [*form["enum"], None]} if "enum" in form else {}
    return {**form, "type": [form["type"], "null"], **allowed}


def _comment(column: Column) -> str:
    return f"{column.description} Unit: {column.unit}." if column.unit else column.description


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
