"""Table contracts: load, check, evolve.

The tools of maintainers, `prefdata.schema.evolution` and `prefdata.schema.docs`, are imported
from their modules, because they also run with ``python -m``.
"""

from __future__ import annotations

from prefdata.schema.check import Checked, check, check_keys, quarantine
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
