"""One write of the catalog: stage files of many tables, then make them true at once."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Self

from prefdata.catalog.damage import blamed
from prefdata.catalog.files import PartitionWriter
from prefdata.catalog.state import CatalogState, FileEntry, PartitionKey, Snapshot, TableState
from prefdata.catalog.store import LostRaceError
from prefdata.catalog.writers import Presence
from prefdata.core.disk import disk_error
from prefdata.core.errors import ConflictError, InternalError
from prefdata.schema import table_schema

if TYPE_CHECKING:
    from types import TracebackType

    import polars as pl
    import pyarrow as pa

    from prefdata.catalog.iceberg import IcebergTables
    from prefdata.catalog.store import Store
    from prefdata.catalog.workspace import Workspace

__all__ = ["Write"]

_ATTEMPTS = 60
_WAIT_SECONDS = 0.02


class Write:
    """Collects the rows of one run and commits them together; a context manager.

    Leaving the block without `commit`, or by an error, changes nothing that a reader sees.
    """

    def __init__(
        self, workspace: Workspace, store: Store, iceberg: IcebergTables, base: Snapshot
    ) -> None:
        """Begin on a base; use `Catalog.write`."""
        self._workspace = workspace
        self._store = store
        self._iceberg = iceberg
        self._base = base
        self._writers: dict[tuple[str, PartitionKey], PartitionWriter] = {}
        self._arrow: dict[str, pa.Schema] = {}
        self._given: dict[tuple[str, PartitionKey], tuple[FileEntry, ...]] = {}
        self._reads: set[tuple[str, PartitionKey]] = set()
        self._presence = Presence(workspace)

    def __enter__(self) -> Self:
        """Say that a writer is at work, whose files are not to be removed."""
        self._presence.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove unfinished files.

        Raises:
            SetupError: In place of what a library raised because of the disk.
            DataError: In place of what one raised over a damaged file.
        """
        for writer in self._writers.values():
            writer.abort()
        self._presence.end()
        root = str(self._workspace.root)
        if error is None:
            return
        told = disk_error(error, where=root) or blamed(
            error, self._iceberg.warehouse, self._base.state
        )
        if told:
            raise told from error

    @property
    def base(self) -> Snapshot:
        """The snapshot that the write began on."""
        return self._base

    def put(self, table: str, key: PartitionKey, frame: pl.DataFrame) -> None:
        """Append rows to what will replace a partition (or be appended to a log table).

        Args:
            table: Name of the table.
            key: Values of its partition columns, which all rows must have.
            frame: Rows with exactly the columns of the contract.
        """
        self._writer(table, key).put(frame)

    def replace(self, table: str, key: PartitionKey) -> None:
        """Declare that a partition is replaced, even if no row is put."""
        self._writer(table, key)

    def restore(self, state: CatalogState) -> None:
        """Declare that all tables become what they are in ``state``; those appended to stay."""
        for name in {*state.tables, *self._base.state.tables}:
            if table_schema(name).is_appended:
                continue
            wanted = state.table(name).partitions
            for key in {*wanted, *self._base.state.table(name).partitions}:
                self._given[name, key] = wanted.get(key, ())

    def read(self, table: str, key: PartitionKey) -> None:
        """Declare that the result stands on a partition: its change meanwhile is a conflict."""
        self._reads.add((table, key))

    def _writer(self, table: str, key: PartitionKey) -> PartitionWriter:
        schema = table_schema(table)
        n = len(schema.partition_by)
        if len(key) != n and not (schema.is_shared and len(key) == n + 1):
            raise InternalError(
                f"The partition {key} does not match {schema.partition_by}.",
                where=table,
                fix="Please report this.",
            )
        if (table, key) not in self._writers:
            if table not in self._arrow:
                self._arrow[table] = self._iceberg.arrow(self._iceberg.ensure(table))
            self._writers[table, key] = PartitionWriter(
                self._iceberg.warehouse, schema, self._arrow[table], key
            )
        return self._writers[table, key]

    def finish(self, table: str, key: PartitionKey) -> tuple[FileEntry, ...]:
        """Close the files of a partition; they are complete but nobody sees them yet."""
        if (table, key) in self._writers:
            self._given[table, key] = self._writers.pop((table, key)).close()
        return self._given[table, key]

    def adopt(self, table: str, key: PartitionKey, entries: tuple[FileEntry, ...]) -> None:
        """Replace a partition by files that an earlier write finished."""
        self._given[table, key] = entries

    def state(self) -> CatalogState:
        """Return the base with the finished partitions in place: what a commit would make true."""
        tables = dict(self._base.state.tables)
        for name in {table for table, _ in self._given}:
            before = self._base.state.table(name)
            tables[name] = TableState(before.metadata, self._after(name, before))
        return CatalogState(tables)

    def commit(self, message: str, *, run_id: str | None = None) -> Snapshot:
        """Make everything visible at once.

        When another writer committed meanwhile, the change is put on top of theirs as long as
        nobody touched the same partitions or changed what this run read.

        Raises:
            ConflictError: If somebody did; the error says what.
        """
        for table, key in list(self._writers):
            self.finish(table, key)
        base = self._base
        for attempt in range(_ATTEMPTS):
            head = self._store.head()
            if head is None:
                raise InternalError("The log of commits is empty.", fix="Run `prefdata verify`.")
            if head.number != base.number:
                self._check_conflicts(base, head)
            try:
                return self._try(head, message, run_id)
            except LostRaceError:
                # Writers that meet wait a little and differently long. Chance here touches
                # nothing that is stored.
                time.sleep(_WAIT_SECONDS * random.uniform(0.5, 1.5) * min(attempt + 1, 10))  # noqa: S311
        raise ConflictError(
            f"Other writers committed first {_ATTEMPTS} times in a row.",
            where=str(self._workspace.root),
            fix="Run the same command again when fewer writers are at work.",
        )

    def _check_conflicts(self, base: Snapshot, head: Snapshot) -> None:
        for table, key in sorted({*self._given, *self._reads}):
            if table_schema(table).is_appended:
                continue
            ours = self._given.get((table, key))
            before = base.state.table(table).partitions.get(key, ())
            now = head.state.table(table).partitions.get(key, ())
            if now not in (before, ours):
                raise ConflictError(
                    f"Commit {head.number} ({head.message}) changed {table} "
                    f"of {'/'.join(key) or 'all sources'} while this run was at work.",
                    where=f"snapshot {head.name[:12]}",
                    fix="Run the same command again; it starts from the new state.",
                )

    def _try(self, head: Snapshot, message: str, run_id: str | None) -> Snapshot:
        tables = dict(head.state.tables)
        moved: dict[str, tuple[str, str]] = {}
        for name in sorted({table for table, _ in self._given}):
            before = head.state.table(name)
            after = self._after(name, before)
            table = self._iceberg.ensure(name)
            location = self._iceberg.stage(table, before, after)
            if location is not None:
                moved[name] = (table.metadata_location, location)
                tables[name] = TableState(metadata=location, partitions=after)
        state = CatalogState(tables)
        if not moved:
            return head
        return self._store.commit(
            state, number=head.number + 1, message=message, run_id=run_id, moved=moved
        )

    def _after(self, name: str, before: TableState) -> dict[PartitionKey, tuple[FileEntry, ...]]:
        is_appended = table_schema(name).is_appended
        after = dict(before.partitions)
        for (table, key), entries in self._given.items():
            if table != name:
                continue
            after[key] = (*before.partitions.get(key, ()), *entries) if is_appended else entries
            if not after[key]:
                del after[key]
        return after
