"""Check that what the catalog says is there, is there and is whole; find and remove orphans."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefdata.catalog.store import Store
from prefdata.core.errors import DataError
from prefdata.core.fingerprint import ID_HEX_DIGITS, file_digest

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog.catalog import Catalog
    from prefdata.catalog.state import FileEntry

__all__ = ["Verified", "verify"]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of the catalog found."""

    snapshots: int
    files: int
    bytes: int
    orphans: int
    orphan_bytes: int
    removed: int
    problems: tuple[str, ...]
    """Faults, each a sentence that names the file and the newest snapshot that needs it."""

    def as_row(self) -> dict[str, Any]:
        """Return the counts as a record."""
        return {
            "snapshots": self.snapshots,
            "files": self.files,
            "bytes": self.bytes,
            "orphans": self.orphans,
            "orphan_bytes": self.orphan_bytes,
            "removed": self.removed,
            "problems": len(self.problems),
        }

    def error(self) -> DataError:
        """Return the error for the problems."""
        return DataError(
            f"{len(self.problems)} files of the catalog are missing or damaged.",
            where=self.problems[0] if self.problems else None,
            fix="Ingest the sources concerned again with --force, or roll back to a snapshot "
            "that is whole.",
        )


def verify(
    catalog: Catalog,
    *,
    is_deep: bool = False,
    is_clean: bool = False,
    older_than_hours: float = 24.0,
) -> Verified:
    """Check the files of all snapshots and Iceberg's view of the newest.

    Args:
        catalog: What to check.
        is_deep: Also read every file and compare its digest.
        is_clean: Remove files that no snapshot names and that are older than allowed.
        older_than_hours: Younger orphans are spared: a run may be about to commit them.
    """
    history = catalog.history()
    needed: dict[str, tuple[FileEntry, int]] = {}
    for snapshot in history:
        for table in snapshot.state.tables.values():
            for entry in table.files:
                needed[entry.path] = (entry, snapshot.number)
    warehouse = catalog.workspace.warehouse
    problems = [
        problem
        for entry, number in needed.values()
        if (problem := _fault(warehouse / entry.path, entry, number, is_deep=is_deep))
    ]
    problems += _iceberg_faults(catalog)
    known = {(warehouse / path).as_uri() for path in needed} | _metadata_files(catalog)
    orphans = [p for p in sorted(warehouse.rglob("*")) if p.is_file() and p.as_uri() not in known]
    sizes = {path: path.stat() for path in orphans}
    limit = time.time() - older_than_hours * 3600
    old = [path for path in orphans if sizes[path].st_mtime <= limit] if is_clean else []
    for path in old:
        path.unlink(missing_ok=True)
    return Verified(
        snapshots=len(history),
        files=len(needed),
        bytes=sum(entry.bytes for entry, _ in needed.values()),
        orphans=len(orphans),
        orphan_bytes=sum(info.st_size for info in sizes.values()),
        removed=len(old),
        problems=tuple(problems),
    )


def _fault(path: Path, entry: FileEntry, number: int, *, is_deep: bool) -> str | None:
    if not path.is_file():
        return f"{path} is missing (snapshot #{number})"
    if path.stat().st_size != entry.bytes:
        return (
            f"{path} has {path.stat().st_size} bytes instead of {entry.bytes} (snapshot #{number})"
        )
    if is_deep and file_digest(path)[:ID_HEX_DIGITS] != entry.digest:
        return f"{path} has other bytes than were written (snapshot #{number})"
    return None


def _iceberg_faults(catalog: Catalog) -> list[str]:
    """Compare the newest state with what Iceberg's metadata says."""
    state = catalog.head().state
    pointers = Store(catalog.workspace).pointers()
    faults: list[str] = []
    for name, table in sorted(state.tables.items()):
        if pointers.get(name) != table.metadata:
            faults.append(f"{name}: another engine moved the table to {pointers.get(name)}")
            continue
        named = {task.file.file_path for task in catalog.iceberg_table(name).scan().plan_files()}
        ours = {(catalog.workspace.warehouse / f.path).as_uri() for f in table.files}
        if named != ours:
            faults.append(f"{name}: Iceberg names {len(named)} files, the log names {len(ours)}")
    return faults


def _metadata_files(catalog: Catalog) -> set[str]:
    """Return the addresses of the metadata files that some Iceberg snapshot needs."""
    found: set[str] = set()
    for name in Store(catalog.workspace).pointers():
        table = catalog.iceberg_table(name)
        found.add(table.metadata_location)
        found |= {entry.metadata_file for entry in table.metadata.metadata_log}
        for snapshot in table.metadata.snapshots:
            found.add(snapshot.manifest_list)
            found |= {manifest.manifest_path for manifest in snapshot.manifests(table.io)}
    return found
