"""Where the data files lie: a folder of this machine, or an object store with copies here.

Files are named by the digest of their bytes and never change. So a warehouse in an object store
is read through copies: one that is there and has the right size is the file, and whatever takes
a path (DuckDB, polars, a locked session) works on both kinds alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.catalog._objects.folder import Found, Warehouse

if TYPE_CHECKING:
    from prefdata.catalog.workspace import Workspace

__all__ = ["Found", "Warehouse", "open_warehouse"]


def open_warehouse(workspace: Workspace) -> Warehouse:
    """Return the warehouse of a workspace; nothing is asked over the network yet."""
    if workspace.bucket is None:
        return Warehouse(workspace.warehouse)
    from prefdata.catalog._objects.warehouse import ObjectWarehouse

    return ObjectWarehouse(workspace.bucket, workspace.warehouse)
