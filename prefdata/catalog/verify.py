"""Check that what the catalog says is there, is there and is whole; find and remove orphans."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefdata.catalog.store import Store
from prefdata.catalog.writers import nobody_writes
from prefdata.core.errors import DataError

if TYPE_CHECKING:
    from prefdata.catalog.catalog import Catalog
    from prefdata.catalog.state import FileEntry
    from prefdata.catalog.warehouse import Found, Warehouse

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
        is_clean: Remove files that no snapshot names and that are older than allowed. As long as
            a writer is at work on this machine, none is: it may be about to commit them.
        older_than_hours: Younger orphans are spared: a run on another machine may be about to
            commit them.
    """
    history = catalog.history()
    needed: dict[str, tuple[FileEntry, int]] = {}
    for snapshot in history:
        for table in snapshot.state.tables.values():
            for entry in table.files:
                needed[entry.path] = (entry, snapshot.number)
    warehouse = catalog.warehouse
    lying = {found.path: found for found in warehouse.listing()}
    problems = [
        problem
        for entry, number in needed.values()
        if (problem := _fault(warehouse, lying, entry, number, is_deep=is_deep))
    ]
    problems += Store(catalog.workspace).faults()
    problems += [
        f"commit #{one.number} is not what its name {one.name[:12]} says"
        for one in history
        if is_deep and one.state.name != one.name
    ]
    with warehouse.guarded():
        faults = _iceberg_faults(catalog)
        metadata, unread = _metadata_files(catalog)
    problems += faults + [fault for fault in unread if fault not in faults]
    known = {warehouse.uri(path) for path in needed} | metadata
    orphans = [found for path, found in lying.items() if warehouse.uri(path) not in known]
    old: list[Found] = []
    # What damaged metadata names is not known, so nothing is an orphan for certain.
    if is_clean and not unread:
        with nobody_writes(catalog.workspace) as is_quiet:
            limit = time.time() - older_than_hours * 3600
            # Listed before: who committed meanwhile needs some of them now.
            needs = is_quiet and catalog.head().number == history[-1].number
            old = [found for found in orphans if needs and found.modified <= limit]
            for found in old:
                warehouse.remove(found.path)
    return Verified(
        snapshots=len(history),
        files=len(needed),
        bytes=sum(entry.bytes for entry, _ in needed.values()),
        orphans=len(orphans),
        orphan_bytes=sum(found.bytes for found in orphans),
        removed=len(old),
        problems=tuple(problems),
    )


def _fault(
    warehouse: Warehouse, lying: dict[str, Found], entry: FileEntry, number: int, *, is_deep: bool
) -> str | None:
    name, found = warehouse.name(entry.path), lying.get(entry.path)
    if found is None:
        return f"{name} is missing (snapshot #{number})"
    if found.bytes != entry.bytes:
        return f"{name} has {found.bytes} bytes instead of {entry.bytes} (snapshot #{number})"
    if is_deep and warehouse.digest(entry) != entry.digest:
        return f"{name} has other bytes than were written (snapshot #{number})"
    return None


def _iceberg_faults(catalog: Catalog) -> list[str]:
    """Compare the newest state with what Iceberg's metadata says."""
    from prefdata.catalog.iceberg import readable

    state = catalog.head().state
    pointers = Store(catalog.workspace).pointers()
    faults: list[str] = []
    for name, table in sorted(state.tables.items()):
        if pointers.get(name) != table.metadata:
            faults.append(f"{name}: another engine moved the table to {pointers.get(name)}")
            continue
        try:
            with readable(name, place := table.metadata):
                loaded = catalog.iceberg_table(name)
                place = getattr(loaded.current_snapshot(), "manifest_list", place)
                files = [task.file for task in loaded.scan().plan_files()]
        except (DataError, OSError) as error:
            faults.append(_unreadable(name, place, error))
            continue
        named = {(file.file_path, file.record_count, file.file_size_in_bytes) for file in files}
        ours = {(catalog.warehouse.uri(f.path), f.rows, f.bytes) for f in table.files}
        if named != ours:
            faults.append(
                f"{name}: Iceberg names {len(named)} files, the log names {len(ours)}, "
                f"and {len(named - ours)} of them are others"
            )
    return faults


def _metadata_files(catalog: Catalog) -> tuple[set[str], list[str]]:
    """Return the addresses of the metadata files that some Iceberg snapshot needs.

    Returns:
        The addresses, and what of them could not be read.
    """
    from prefdata.catalog.iceberg import readable

    found: set[str] = set()
    faults: list[str] = []
    for name, pointer in Store(catalog.workspace).pointers().items():
        place = pointer
        try:
            with readable(name, pointer):
                table = catalog.iceberg_table(name)
                found.add(table.metadata_location)
                found |= {entry.metadata_file for entry in table.metadata.metadata_log}
                for snapshot in table.metadata.snapshots:
                    place = snapshot.manifest_list
                    found.add(place)
                    found |= {m.manifest_path for m in snapshot.manifests(table.io)}
        except (DataError, OSError) as error:
            faults.append(_unreadable(name, place, error))
    return found, faults


def _unreadable(name: str, place: str, error: Exception) -> str:
    said = error.what if isinstance(error, DataError) else str(error)
    return f"{place.removeprefix('file://')} cannot be read: {said} (table {name})"
