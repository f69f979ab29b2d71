"""What changed between two snapshots: rows added, removed and changed, by table and partition.

Only partitions whose files differ are read; the rest is equal by content.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from prefdata.schema import table_schema

if TYPE_CHECKING:
    from prefdata.catalog.catalog import Catalog
    from prefdata.catalog.state import CatalogState, PartitionKey

__all__ = ["Change", "diff"]


@dataclass(frozen=True, slots=True)
class Change:
    """The difference of one partition; rows are matched by the primary key of the table."""

    table: str
    partition: str
    rows_before: int
    rows_after: int
    added: int
    removed: int
    changed: int

    def as_row(self) -> dict[str, Any]:
        """Return the change as a record."""
        return asdict(self)


def diff(catalog: Catalog, before: str, after: str) -> list[Change]:
    """Compare two snapshots; tables that are only appended to are left out.

    Args:
        catalog: Where they are.
        before: Tag, name or number of one snapshot.
        after: The same of the other.
    """
    old, new = catalog.snapshot(before).state, catalog.snapshot(after).state
    changes: list[Change] = []
    for table in sorted({*old.tables, *new.tables}):
        if table_schema(table).is_appended:
            continue
        a, b = old.table(table), new.table(table)
        changes += [
            _compare(catalog, table, key, old, new)
            for key in sorted({*a.partitions, *b.partitions})
            if a.partitions.get(key) != b.partitions.get(key)
        ]
    return changes


def _compare(
    catalog: Catalog, table: str, key: PartitionKey, old: CatalogState, new: CatalogState
) -> Change:
    with duckdb.connect() as connection:
        for name, state in (("a", old), ("b", new)):
            entries = state.table(table).partitions.get(key, ())
            paths = [str(path) for path in catalog.warehouse.fetch(entries)]
            connection.execute(_side(name, table, paths))
        keys = ", ".join(table_schema(table).primary_key) or "row_hash"
        counts = connection.execute(_COUNTS.format(keys=keys)).fetchone()
    assert counts is not None  # noqa: S101 - an aggregate always returns a row
    return Change(table, "/".join(key), *counts)


# A table without a key (rejects) is compared by whole rows.
_COUNTS = """
SELECT
    (SELECT count(*) FROM a),
    (SELECT count(*) FROM b),
    (SELECT count(*) FROM b ANTI JOIN a USING ({keys})),
    (SELECT count(*) FROM a ANTI JOIN b USING ({keys})),
    (SELECT count(*) FROM a JOIN b USING ({keys}) WHERE a.row_hash <> b.row_hash)
"""


def _side(name: str, table: str, paths: list[str]) -> str:
    keys = "".join(f"{column}, " for column in table_schema(table).primary_key)
    if not paths:
        columns = "".join(f"NULL::VARCHAR AS {c}, " for c in table_schema(table).primary_key)
        return f"CREATE TABLE {name} AS SELECT {columns}0::UBIGINT AS row_hash WHERE false"
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return (
        f"CREATE TABLE {name} AS SELECT {keys}hash(files) AS row_hash "  # noqa: S608
        f"FROM read_parquet([{listed}]) AS files"
    )
