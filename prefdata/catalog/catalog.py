"""The catalog of one workspace: read at one instant, write all tables at once, go back in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.catalog.session import Session
from prefdata.catalog.state import CatalogState, PartitionKey, Snapshot
from prefdata.catalog.store import LostRaceError, Store
from prefdata.catalog.warehouse import open_warehouse
from prefdata.catalog.workspace import Workspace
from prefdata.core.errors import UnknownNameError, UserError, WorkspaceError
from prefdata.schema import table_schema

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import polars as pl
    from pyiceberg.table import Table

    from prefdata.catalog.iceberg import IcebergTables
    from prefdata.catalog.write import Write

__all__ = ["Catalog"]

_SHORTEST_NAME = 4


class Catalog:
    """All tables of one workspace, with their history.

    Reads take all pointers in one statement, so joins over tables are consistent however many
    writers are at work.
    """

    def __init__(self, workspace: Workspace) -> None:
        """Use `open` or `create`."""
        self.workspace = workspace
        self.warehouse = open_warehouse(workspace)
        self._store = Store(workspace)
        self._iceberg: IcebergTables | None = None

    @classmethod
    def open(cls, start: Path | str | None = None) -> Catalog:
        """Open the catalog at a folder, or at or above the current one.

        Raises:
            WorkspaceError: If there is none.
        """
        catalog = cls(Workspace.find(start))
        if not catalog._store.is_created():
            return cls.create(catalog.workspace.root)
        return catalog

    @classmethod
    def create(cls, root: Path | str) -> Catalog:
        """Make an empty catalog in a folder, or open the one that is there."""
        catalog = cls(Workspace.create(root))
        catalog.warehouse.prepare()
        catalog._store.create()
        if catalog._store.head() is None:
            # Iceberg's own tables in the database are made here, before writers could race.
            catalog._tables()
            try:
                catalog._store.commit(
                    CatalogState({}), number=0, message="init", run_id=None, moved={}
                )
            except LostRaceError:
                return catalog
        return catalog

    def _tables(self) -> IcebergTables:
        # pyiceberg takes a third of a second to import, and readers do without it.
        if self._iceberg is None:
            from prefdata.catalog.iceberg import IcebergTables

            self._iceberg = IcebergTables(self.workspace)
        return self._iceberg

    def iceberg_table(self, name: str) -> Table:
        """Return one table as pyiceberg sees it, for other engines and for checks.

        Raises:
            UnknownNameError: If there is no such table.
        """
        table_schema(name)
        return self._tables().ensure(name)

    def head(self) -> Snapshot:
        """Return the newest snapshot.

        Raises:
            WorkspaceError: If the catalog was never initialised.
        """
        head = self._store.head()
        if head is None:
            raise WorkspaceError(
                "The catalog holds no commit.",
                where=str(self.workspace.root),
                fix="Run `prefdata init` again.",
            )
        return head

    def history(self) -> list[Snapshot]:
        """Return all snapshots, oldest first."""
        return self._store.history()

    def snapshot(self, ref: str | None = None) -> Snapshot:
        """Return one snapshot.

        Args:
            ref: A tag, the first digits of a snapshot's name, or ``#<number>``; the newest when
                None. Where a name occurs more than once, the newest commit of that content.

        Raises:
            UnknownNameError: If nothing matches.
            UserError: If the digits match several contents.
        """
        if ref is None:
            return self.head()
        history = self.history()
        found = [s for s in history if ref in s.tags or ref == f"#{s.number}"]
        if not found and len(ref) >= _SHORTEST_NAME:
            found = [s for s in history if s.name.startswith(ref)]
        if not found:
            newest = dict.fromkeys(s.name[:12] for s in reversed(history))
            known = [tag for s in history for tag in s.tags] + list(newest)[:5]
            raise UnknownNameError("snapshot", ref, known=known)
        if len({s.name for s in found}) > 1:
            raise UserError(
                f"{ref!r} is the beginning of several snapshots.",
                where=", ".join(sorted({s.name[:12] for s in found})),
                fix="Give more digits.",
            )
        return found[-1]

    def write(self) -> Write:
        """Begin a write on the newest snapshot; a context manager.

        Raises:
            SetupError: If the workspace was moved or copied. Its commit could only fail, so it is
                refused before anything is computed or paid for.
        """
        from prefdata.catalog.write import Write

        base = self.head()
        self._store.check_place()
        self.warehouse.prune()
        return Write(self.workspace, self._store, self._tables(), base)

    def tag(self, tag: str, ref: str | None = None) -> Snapshot:
        """Name a snapshot.

        Raises:
            UserError: If the tag names another snapshot.
        """
        snapshot = self.snapshot(ref)
        if tag.startswith("#") or not tag.strip():
            raise UserError(
                f"{tag!r} cannot be a tag.", fix="Use a word that does not begin with #."
            )
        # Where it names this snapshot already, somebody runs again what was killed at its end.
        if not self._store.tag(tag, snapshot.number) and (
            (found := self.snapshot(tag)).number != snapshot.number
        ):
            raise UserError(
                f"The tag {tag!r} exists.",
                where=f"snapshot {found.name[:12]}",
                fix=f"Choose another, or remove it: prefdata snapshot untag {tag}",
            )
        return self.snapshot(tag)

    def untag(self, tag: str) -> None:
        """Remove a tag; the snapshot stays.

        Raises:
            UnknownNameError: If there is no such tag.
        """
        if not self._store.untag(tag):
            known = [name for s in self.history() for name in s.tags]
            raise UnknownNameError("tag", tag, known=known)

    def rollback(self, ref: str) -> Snapshot:
        """Make the content of an older snapshot the newest; the history only grows."""
        target = self.snapshot(ref)
        with self.write() as write:
            write.restore(target.state)
            return write.commit(f"rollback to #{target.number} {target.name[:12]}")

    def session(self, ref: str | None = None, *, is_locked: bool = False) -> Session:
        """Open an SQL session on one snapshot; see `Session`."""
        return Session(self.workspace, self.snapshot(ref).state, is_locked=is_locked)

    def sql(self, query: str, *, at: str | None = None) -> duckdb.DuckDBPyRelation:
        """Run one query on the newest snapshot, or on the one that ``at`` names.

        Returns:
            A DuckDB relation: ``.pl()``, ``.to_arrow_table()``, ``.df()``, ``.fetchall()``.

        Raises:
            QueryError: If the query cannot run.
        """
        return self.session(at).sql(query)

    def files(
        self, table: str, key: PartitionKey | None = None, *, at: Snapshot | None = None
    ) -> list[Path]:
        """Return the data files of a table, or of the partitions that begin with ``key``."""
        from prefdata.catalog.scan import data_files

        return data_files(self.workspace, (at or self.head()).state, table, key or ())

    def scan(
        self, table: str, key: PartitionKey | None = None, *, at: Snapshot | None = None
    ) -> pl.LazyFrame:
        """Return the rows of a table, or of the partitions that begin with ``key``, lazily."""
        from prefdata.catalog.scan import scan

        return scan(self.workspace, (at or self.head()).state, table, key or ())
