"""The catalog's database: Iceberg's pointers and our log of commits, moved in one transaction.

pyiceberg commits table by table. Here the new metadata of all changed tables is staged first,
and then all pointers and one row of the log move in a single SQL transaction, each under the
condition that nobody moved it meanwhile. A kill at any moment leaves unreferenced files.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from prefdata.catalog.state import CatalogState, Snapshot
from prefdata.catalog.warehouse import open_warehouse
from prefdata.catalog.workspace import SETTINGS
from prefdata.core.errors import DataError, SetupError, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prefdata.catalog.workspace import Workspace

__all__ = ["CATALOG_NAME", "NAMESPACE", "LostRaceError", "Store", "moved_error"]

CATALOG_NAME = "prefdata"
NAMESPACE = "prefdata"
_BUSY_SECONDS = 60

_METADATA = sa.MetaData()
_COMMITS = sa.Table(
    "prefdata_commits",
    _METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("run_id", sa.String(64)),
    sa.Column("state", sa.Text, nullable=False),
)
_TAGS = sa.Table(
    "prefdata_tags",
    _METADATA,
    sa.Column("tag", sa.String(255), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
)
# Iceberg's own table, as pyiceberg's SqlCatalog and the JDBC catalog of other engines lay it out.
_POINTERS = sa.Table(
    "iceberg_tables",
    sa.MetaData(),
    sa.Column("catalog_name", sa.String(255), primary_key=True),
    sa.Column("table_namespace", sa.String(255), primary_key=True),
    sa.Column("table_name", sa.String(255), primary_key=True),
    sa.Column("metadata_location", sa.String(1000)),
    sa.Column("previous_metadata_location", sa.String(1000)),
)


class LostRaceError(Exception):
    """Another writer committed between our read and our commit."""


def moved_error(where: str) -> SetupError:
    """Return the error of a workspace that is not where its Iceberg metadata was written."""
    return SetupError(
        "Iceberg's metadata holds absolute paths, and they do not lead into this workspace: it "
        "was moved or copied.",
        where=where[:200],
        fix="A workspace that was moved or copied can be read, not written. Move it back, or "
        "ingest into a new one: prefdata init FOLDER",
    )


class Store:
    """Reads and moves the pointers of one catalog."""

    def __init__(self, workspace: Workspace) -> None:
        """Connect; nothing is created yet.

        Raises:
            WorkspaceError: If the settings name no database that can be reached from here.
        """
        is_sqlite = workspace.uri.startswith("sqlite")
        options = {"connect_args": {"timeout": _BUSY_SECONDS}} if is_sqlite else {}
        self._warehouse = open_warehouse(workspace)
        try:
            self._engine = sa.create_engine(workspace.uri, **options)
        # Whatever it says may repeat the address, and there may be a password in it.
        except (sa.exc.SQLAlchemyError, ImportError, ValueError, TypeError) as error:
            raise WorkspaceError(
                f"`uri` names no database that can be opened ({type(error).__name__}).",
                where=str(workspace.root / SETTINGS),
                fix="It is sqlite:///catalog.db for a file here, and postgresql+psycopg2://… for a "
                "server, whose driver must be installed.",
            ) from error
        self._is_sqlite = is_sqlite
        if is_sqlite:
            # Let us begin transactions ourselves: the driver would start them too late for a lock.
            sa.event.listen(self._engine, "connect", _autocommit)

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                if self._is_sqlite:
                    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
                with connection.begin() if not self._is_sqlite else _sqlite_end(connection):
                    yield connection
        except sa.exc.IntegrityError:
            raise
        except sa.exc.DatabaseError as error:
            raise SetupError(
                f"The catalog's database cannot be used: {str(error.orig)[:200]}.",
                where=str(self._engine.url.render_as_string(hide_password=True)),
                fix="Check that the file or server is there, writable and not full; run again.",
            ) from error

    def create(self) -> None:
        """Create our tables if they are absent."""
        with self._transaction(write=True) as connection:
            _METADATA.create_all(connection)

    def is_created(self) -> bool:
        """Tell whether the log of commits exists."""
        with self._transaction(write=False) as connection:
            return sa.inspect(connection).has_table(_COMMITS.name)

    def head(self) -> Snapshot | None:
        """Return the newest commit, read in one statement; None before the first."""
        query = sa.select(_COMMITS).order_by(_COMMITS.c.number.desc()).limit(1)
        with self._transaction(write=False) as connection:
            row = connection.execute(query).one_or_none()
            return None if row is None else _snapshot(row, self._tags(connection))

    def history(self) -> list[Snapshot]:
        """Return all commits, oldest first."""
        with self._transaction(write=False) as connection:
            tags = self._tags(connection)
            rows = connection.execute(sa.select(_COMMITS).order_by(_COMMITS.c.number))
            return [_snapshot(row, tags) for row in rows]

    def pointers(self) -> dict[str, str]:
        """Return the Iceberg metadata location of every table."""
        query = sa.select(_POINTERS.c.table_name, _POINTERS.c.metadata_location).where(
            _POINTERS.c.catalog_name == CATALOG_NAME, _POINTERS.c.table_namespace == NAMESPACE
        )
        with self._transaction(write=False) as connection:
            return {name: location or "" for name, location in connection.execute(query)}

    def check_place(self) -> None:
        """Refuse to go on where a table's metadata lies outside of this workspace's warehouse.

        Addresses are compared as they were written, symbolic links and all: Iceberg, too, finds
        a file that is to be removed by its address alone.

        Raises:
            SetupError: If the workspace was moved or copied.
        """
        here = f"{self._warehouse.address}/"
        for _, location in sorted(self.pointers().items()):
            if not location.startswith(here):
                raise moved_error(location)

    def _tags(self, connection: sa.Connection) -> dict[int, list[str]]:
        tags: dict[int, list[str]] = {}
        for tag, number in connection.execute(
            sa.select(_TAGS.c.tag, _TAGS.c.number).order_by("tag")
        ):
            tags.setdefault(number, []).append(tag)
        return tags

    def commit(
        self,
        state: CatalogState,
        *,
        number: int,
        message: str,
        run_id: str | None,
        moved: Mapping[str, tuple[str, str]],
    ) -> Snapshot:
        """Move all pointers and append one row to the log, or change nothing.

        Args:
            state: What becomes true.
            number: Position in the log; its being free is the condition for the whole catalog.
            message: What was done.
            run_id: The run that did it.
            moved: Table to its previous and new Iceberg metadata location.

        Raises:
            LostRaceError: If another writer was first.
        """
        created_at = datetime.now(UTC).isoformat(timespec="microseconds")
        row = {
            "number": number,
            "name": state.name,
            "created_at": created_at,
            "message": message,
            "run_id": run_id,
            "state": state.to_json(),
        }
        try:
            with self._transaction(write=True) as connection:
                connection.execute(_COMMITS.insert().values(row))
                for table, (previous, new) in moved.items():
                    self._move(connection, table, previous, new)
        except sa.exc.IntegrityError as error:
            raise LostRaceError from error
        return Snapshot(number, state.name, created_at, message, run_id, state)

    def _move(self, connection: sa.Connection, table: str, previous: str, new: str) -> None:
        statement = (
            sa.update(_POINTERS)
            .where(
                _POINTERS.c.catalog_name == CATALOG_NAME,
                _POINTERS.c.table_namespace == NAMESPACE,
                _POINTERS.c.table_name == table,
                _POINTERS.c.metadata_location == previous,
            )
            .values(metadata_location=new, previous_metadata_location=previous)
        )
        if connection.execute(statement).rowcount != 1:
            raise LostRaceError(table)

    def faults(self) -> list[str]:
        """Return what is wrong with the database itself, as far as it can tell."""
        place = self._engine.url.database or str(self._engine.url)
        found: list[str] = []
        if self._is_sqlite:
            try:
                with self._transaction(write=False) as connection:
                    rows = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            except SetupError as error:
                return [f"{place} cannot be read: {error.what}"]
            found += [f"{place} is damaged: {row}" for row in rows if row != "ok"]
        return found

    def tag(self, tag: str, number: int) -> bool:
        """Name a commit; return False when the tag exists."""
        created_at = datetime.now(UTC).isoformat(timespec="microseconds")
        try:
            with self._transaction(write=True) as connection:
                connection.execute(
                    _TAGS.insert().values(tag=tag, number=number, created_at=created_at)
                )
        except sa.exc.IntegrityError:
            return False
        return True

    def untag(self, tag: str) -> bool:
        """Remove a tag; return False when there is none."""
        with self._transaction(write=True) as connection:
            return connection.execute(_TAGS.delete().where(_TAGS.c.tag == tag)).rowcount == 1


def _autocommit(connection: object, _record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]


@contextmanager
def _sqlite_end(connection: sa.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        # SQLite has done so itself where the disk is full; what it said first is what to tell.
        with suppress(sa.exc.OperationalError):
            connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def _snapshot(row: sa.Row[tuple[object, ...]], tags: Mapping[int, list[str]]) -> Snapshot:
    """Make a snapshot of a row of the log.

    Raises:
        DataError: If the row is not what was written; a database checks no bytes.
    """
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's documented accessor
    number = values["number"]
    try:
        state = CatalogState.from_json(values["state"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"The log of commits is damaged: commit {number} cannot be read.",
            where="prefdata_commits in the database of the catalog",
            fix="Restore the database from a copy, or ingest into a new workspace, made with "
            "`prefdata init FOLDER`.",
        ) from error
    return Snapshot(
        number=number,
        name=values["name"],
        created_at=values["created_at"],
        message=values["message"],
        run_id=values["run_id"],
        state=state,
        tags=tuple(tags.get(values["number"], ())),
    )
