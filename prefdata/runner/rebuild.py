"""Write the raw rows of a source again, from the catalog."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import UnknownNameError
from prefdata.registry import plugin
from prefdata.schema import table_names, table_schema

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.protocols import Source

__all__ = ["rebuild"]


_READ_BY = """
SELECT stage FROM run_steps
WHERE step = $source AND starts_with(stage, 'source:') ORDER BY started_at DESC LIMIT 1
"""


def _adapter_of(catalog: Catalog, source: str) -> str:
    """Return the adapter that read a source last, by the lineage."""
    with catalog.session() as session:
        rows = session.connection.sql(_READ_BY, params={"source": source}).fetchall()
    return str(rows[0][0]).removeprefix("source:") if rows else source


def rebuild(
    catalog: Catalog, source: str, to: Path, *, adapter: str | None = None
) -> dict[str, int]:
    """Write the raw rows of one source as JSON Lines, one file for each raw file.

    Args:
        catalog: Where the source is.
        source: Its name in the catalog.
        to: Folder to write.
        adapter: The adapter that read it; by default the one that the lineage names.

    Returns:
        Rows per file.

    Raises:
        UnknownNameError: If the catalog does not hold the source, or there is no such adapter.
    """
    head = catalog.head()
    if source not in head.state.sources():
        raise UnknownNameError("source in the catalog", source, known=head.state.sources())
    found: Source = plugin("source", adapter or _adapter_of(catalog, source))
    tables = {
        table: catalog.scan(table, (source,), at=head).collect()
        for table in (*table_names("canonical"), "flags")
    }
    for table in filter(lambda name: table_schema(name).is_shared, tables):
        tables[table] = tables[table].filter(pl.col("stage").is_null())
    counts: dict[str, int] = {}
    for file, rows in found.rebuild(tables).items():
        path = to / f"{file.removesuffix('.gz').removesuffix('.zst')}.rebuilt.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        with part.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        part.replace(path)
        counts[file] = len(rows)
    return counts
