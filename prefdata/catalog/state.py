"""What a commit makes true: for every table its partitions, and for those their files.

A state is a value. Two catalogs with the same rows in the same files have the same state and so
the same snapshot name, whoever built them and when; the log tables are left out of the name,
because they hold clocks, and the keyed ones, because they hold what was computed so far.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from prefdata.core.fingerprint import canonical_json, digest
from prefdata.schema import table_names, table_schema

__all__ = ["CatalogState", "FileEntry", "PartitionKey", "Snapshot", "TableState"]

PartitionKey = tuple[str, ...]
"""Values of the partition columns, in order: ``("prism",)``, ``("prism", "make-pairs")``."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One immutable data file; its name is the digest of its bytes."""

    path: str
    """Relative to the warehouse, with forward slashes."""
    digest: str
    rows: int
    bytes: int
    columns: int = 0
    """Number of columns: within a version of a contract columns are only ever added at the end."""

    def to_list(self) -> list[str | int]:
        """Return the fields in order, for JSON."""
        return [self.path, self.digest, self.rows, self.bytes, self.columns]


@dataclass(frozen=True, slots=True)
class TableState:
    """One table at one instant."""

    metadata: str
    """Location of the Iceberg metadata that says the same."""
    partitions: dict[PartitionKey, tuple[FileEntry, ...]] = field(default_factory=dict)

    @property
    def files(self) -> list[FileEntry]:
        """All files, by partition."""
        return [entry for key in sorted(self.partitions) for entry in self.partitions[key]]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(entry.rows for entry in self.files)

    def partition_digest(self, key: PartitionKey) -> str | None:
        """Return the digest of one partition's content; None when it has no rows."""
        entries = self.partitions.get(key, ())
        return digest([entry.digest for entry in entries]) if entries else None


@dataclass(frozen=True, slots=True)
class CatalogState:
    """All tables at one instant."""

    tables: dict[str, TableState]

    @property
    def name(self) -> str:
        """Digest of the content: the name of the snapshot, 32 hex digits."""
        appended = {*table_names("log"), *table_names("keyed")}
        content = {
            table: {
                "/".join(key): [f.digest for f in files] for key, files in parts.items() if files
            }
            for table, parts in ((t, s.partitions) for t, s in self.tables.items())
            if table not in appended
        }
        return digest({table: parts for table, parts in content.items() if parts})

    def table(self, name: str) -> TableState:
        """Return a table's state; an empty one when it was never written."""
        return self.tables.get(name) or TableState(metadata="")

    def sources(self) -> list[str]:
        """Return the sources that have rows, sorted."""
        found = {
            key[0]
            for name, table in self.tables.items()
            if table_schema(name).partition_by[:1] == ("source",)
            for key, files in table.partitions.items()
            if files
        }
        return sorted(found)

    def to_json(self) -> str:
        """Write the state as canonical JSON."""
        return canonical_json(
            {
                name: {
                    "metadata": table.metadata,
                    "partitions": [
                        [list(key), [f.to_list() for f in files]]
                        for key, files in sorted(table.partitions.items())
                    ],
                }
                for name, table in self.tables.items()
            }
        )

    @classmethod
    def from_json(cls, text: str) -> CatalogState:
        """Read what `to_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        return cls(
            tables={
                name: TableState(
                    metadata=table["metadata"],
                    partitions={
                        tuple(key): tuple(FileEntry(*entry) for entry in files)
                        for key, files in table["partitions"]
                    },
                )
                for name, table in raw.items()
            }
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One commit of the catalog."""

    number: int
    """Position in the history, from 0."""
    name: str
    """Digest of the content; two equal catalogs have equal names."""
    created_at: str
    """When it was committed, ISO 8601 in UTC."""
    message: str
    run_id: str | None
    state: CatalogState
    tags: tuple[str, ...] = ()
