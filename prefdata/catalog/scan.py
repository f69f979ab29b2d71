"""Rows of a table as a polars frame, read lazily from the files of one state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.catalog.storage import restore
from prefdata.catalog.warehouse import open_warehouse
from prefdata.schema import polars_schema, table_schema

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefdata.catalog.state import CatalogState, PartitionKey
    from prefdata.catalog.workspace import Workspace

__all__ = ["data_files", "scan", "scan_keys", "scan_partitions"]


def data_files(
    workspace: Workspace, state: CatalogState, table: str, key: Sequence[str] = ()
) -> list[Path]:
    """Return the files of the partitions that begin with ``key``, by partition.

    Those of an object store are fetched first, unless their copies are here.
    """
    partitions = state.table(table).partitions
    return open_warehouse(workspace).fetch(
        entry
        for part in sorted(partitions)
        if part[: len(key)] == tuple(key)
        for entry in partitions[part]
    )


def scan(
    workspace: Workspace, state: CatalogState, table: str, key: Sequence[str] = ()
) -> pl.LazyFrame:
    """Return the rows of the partitions that begin with ``key``, lazily.

    Args:
        workspace: Where the files are.
        state: What to read.
        table: Name of the table.
        key: First values of the partition columns; all partitions when empty.
    """
    return scan_partitions(workspace, state, table, [key])


def scan_partitions(
    workspace: Workspace, state: CatalogState, table: str, keys: Sequence[Sequence[str]]
) -> pl.LazyFrame:
    """Return the rows of all partitions that begin with one of several keys, key by key."""
    return _scan(table, [path for key in keys for path in data_files(workspace, state, table, key)])


def scan_keys(
    workspace: Workspace, state: CatalogState, table: str, keys: Sequence[PartitionKey]
) -> pl.LazyFrame:
    """Return the rows of exactly these partitions, key by key."""
    partitions = state.table(table).partitions
    entries = (entry for key in keys for entry in partitions.get(key, ()))
    return _scan(table, open_warehouse(workspace).fetch(entries))


def _scan(table: str, files: list[Path]) -> pl.LazyFrame:
    schema = polars_schema(table_schema(table))
    if not files:
        return pl.LazyFrame(schema=schema)
    return restore(table, pl.scan_parquet(files, schema=schema, missing_columns="insert"))
