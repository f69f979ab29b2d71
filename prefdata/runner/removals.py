"""What a list of removals takes with it in a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.catalog.scan import scan

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import CatalogState, Workspace

__all__ = ["removed_rows"]


def removed_rows(path: Path, workspace: Workspace, state: CatalogState) -> pl.DataFrame:
    """Return all rows that are to go: those that the list names, and those that hang on them.

    Args:
        path: The list; see `prefdata.privacy.removals.read_removals`.
        workspace: Where the catalog is.
        state: The snapshot.

    Returns:
        Columns subject (a table) and id (its key).

    Raises:
        UserError: If the list cannot be read.
    """
    from prefdata.privacy.removals import REMOVAL_KEYS, follow, read_removals

    tables = {name: scan(workspace, state, name) for name in REMOVAL_KEYS}
    found = follow(tables, read_removals(path))
    parts = [rows.select(pl.lit(subject).alias("subject"), "id") for subject, rows in found.items()]
    return pl.concat(parts)
