"""Table contracts: load, check, evolve.

The tools of maintainers, `prefdata.schema.evolution` and `prefdata.schema.docs`, are imported
from their modules, because they also run with ``python -m``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefdata.schema.checks import Checked, check, check_keys, quarantine
    from prefdata.schema.ddl import duckdb_ddl, duckdb_type, json_schema
    from prefdata.schema.frames import arrow_schema, conform, empty_frame, polars_schema
    from prefdata.schema.load import load_schema, shipped_schemas, table_names, table_schema
    from prefdata.schema.model import Column, Rule, TableSchema
    from prefdata.schema.relations import broken_references

__all__ = [
    "Checked",
    "Column",
    "Rule",
    "TableSchema",
    "arrow_schema",
    "broken_references",
    "check",
    "check_keys",
    "conform",
    "duckdb_ddl",
    "duckdb_type",
    "empty_frame",
    "json_schema",
    "load_schema",
    "polars_schema",
    "quarantine",
    "shipped_schemas",
    "table_names",
    "table_schema",
]

_HOMES = {
    "Checked": "checks",
    "Column": "model",
    "Rule": "model",
    "TableSchema": "model",
    "arrow_schema": "frames",
    "broken_references": "relations",
    "check": "checks",
    "check_keys": "checks",
    "conform": "frames",
    "duckdb_ddl": "ddl",
    "duckdb_type": "ddl",
    "empty_frame": "frames",
    "json_schema": "ddl",
    "load_schema": "load",
    "polars_schema": "frames",
    "quarantine": "checks",
    "shipped_schemas": "load",
    "table_names": "load",
    "table_schema": "load",
}


def __getattr__(name: str) -> Any:
    """Load on first use: contracts cost nothing of polars, pyarrow and duckdb until needed."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"prefdata.schema.{_HOMES[name]}"), name)
    message = f"module 'prefdata.schema' has no attribute {name!r}"
    raise AttributeError(message)
