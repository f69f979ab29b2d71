"""The versioned tables: Iceberg underneath, one commit for all tables, SQL on top."""

from __future__ import annotations

from prefdata.catalog.catalog import Catalog
from prefdata.catalog.session import Session
from prefdata.catalog.state import CatalogState, Snapshot
from prefdata.catalog.workspace import Workspace

__all__ = ["Catalog", "CatalogState", "Session", "Snapshot", "Workspace"]
