"""SQL over one snapshot: DuckDB in memory, with a view for each table and each shipped query.

The views read the snapshot's Parquet files directly, so a query costs what it costs on bare
files. Where some are from before a column was added, it is null there.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import time
from functools import partial
from typing import TYPE_CHECKING, Self

import duckdb

from prefdata.catalog.damage import damage_told
from prefdata.catalog.on_demand import absent_sql, on_demand
from prefdata.catalog.storage import restored_sql
from prefdata.catalog.views import Views, shipped_views
from prefdata.catalog.warehouse import open_warehouse
from prefdata.core.errors import QueryError
from prefdata.core.memory import sql_memory_bytes
from prefdata.schema import duckdb_type, table_names, table_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import TracebackType

    from prefdata.catalog.state import CatalogState, FileEntry
    from prefdata.catalog.workspace import Workspace

__all__ = ["Session"]

_LEFT_OVER_SECONDS = 600
# Statements may change data from inside a CTE, where DuckDB calls them SELECT; so the words
# themselves are refused, together with the lock on settings and paths.
_FORBIDDEN = frozenset(
    {
        "ALTER",
        "ATTACH",
        "CALL",
        "CHECKPOINT",
        "COPY",
        "CREATE",
        "DELETE",
        "DETACH",
        "DROP",
        "EXECUTE",
        "EXPORT",
        "IMPORT",
        "INSERT",
        "INSTALL",
        "LOAD",
        "MERGE",
        "PRAGMA",
        "PREPARE",
        "RESET",
        "SET",
        "TRUNCATE",
        "UPDATE",
        "USE",
        "VACUUM",
    }
)
# PIVOT without its columns is several statements to DuckDB: it looks for them first.
_NO_COLUMN = re.compile(r'(?:Referenced column|have a column named) "([^"]+)"')
_ASKING = frozenset({"EXPLAIN", "MULTI", "SELECT"})
# Functions that change the session or run other functions, though SELECT calls them; `query` and
# `json_execute_serialized_sql` would hide words from what is looked at here.
_FORBIDDEN_CALLS = frozenset(
    {
        "CREATE_EXTERNAL_RESOURCE",
        "DEREGISTER_EXTERNAL_RESOURCE",
        "DESTROY_EXTERNAL_RESOURCE",
        "DISABLE_LOGGING",
        "DISABLE_PROFILING",
        "ENABLE_LOGGING",
        "ENABLE_PROFILING",
        "FORCE_CHECKPOINT",
        "JSON_EXECUTE_SERIALIZED_SQL",
        "NEXTVAL",
        "QUERY",
        "QUERY_TABLE",
        "REGISTER_EXTERNAL_RESOURCE",
        "REGISTER_EXTERNAL_RESOURCE_TYPE",
        "TRUNCATE_DUCKDB_LOGS",
        "WRITE_LOG",
    }
)


class Session:
    """A DuckDB connection that sees one snapshot; a context manager.

    Attributes:
        rows: How many rows each table has.
        scratch: Where files may be put for a while; None where nothing can be written.
    """

    def __init__(
        self,
        workspace: Workspace,
        state: CatalogState,
        *,
        is_locked: bool = False,
        has_views: bool = True,
    ) -> None:
        """Make the views.

        Args:
            workspace: Where the files are.
            state: The snapshot to see.
            is_locked: Read-only for queries of others: no other file can be read, no file can be
                written, no setting can be changed.
            has_views: Whether the views of ``catalog/views`` are there besides the tables.

        Raises:
            DataError: If a file of the snapshot is not there, or cannot be read.
        """
        self._bare = duckdb.connect(config={"autoinstall_known_extensions": "false"})
        self._is_locked = is_locked
        # A query that explodes must not take the whole disk with it.
        spill = shutil.disk_usage(workspace.root).free // 2
        scratch = workspace.scratch / "duckdb"
        # A workspace that may only be read has no place to spill; then memory must do.
        with contextlib.suppress(OSError):
            scratch.mkdir(parents=True, exist_ok=True)
            _remove_left_over(scratch)
        self.scratch = workspace.scratch if os.access(scratch, os.W_OK) else None
        self._bare.execute(f"SET temp_directory = '{_quoted(scratch)}'")
        self._bare.execute(f"SET max_temp_directory_size = '{spill} bytes'")
        self._bare.execute(f"SET memory_limit = '{sql_memory_bytes()} bytes'")
        self._warehouse = open_warehouse(workspace)
        entries = {name: state.table(name).files for name in table_names()}
        self.rows = {name: sum(file.rows for file in files) for name, files in entries.items()}
        absent = {n: files for n, files in entries.items() if files and self._warehouse.is_remote}
        # A view reads the footers of its files.
        with damage_told(self._warehouse, state):
            for name, files in entries.items():
                select = absent_sql(name) if name in absent else self._table_sql(name, files)
                self._bare.execute(f"CREATE VIEW {name} AS {select}")
        views = shipped_views() if has_views else {}
        self._views = Views(self._bare, views)
        if is_locked:
            places = (
                workspace.warehouse / file.path for files in entries.values() for file in files
            )
            self._lock(str(place) for place in places)
        self._connection = self._bare
        if absent:
            self._views.bring_all()
            brings = {name: partial(self._table_sql, name, files) for name, files in absent.items()}
            self._connection = on_demand(self._bare, brings, views)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The DuckDB connection itself, for what is not offered here; all views are in it."""
        self._views.bring_all()
        return self._connection

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self._connection.close()

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Run one statement that returns rows.

        Raises:
            QueryError: If it cannot run, or may write in a locked session.
        """
        if self._is_locked:
            _refuse_writes(query)
        self._views.bring(query)
        try:
            return self._relation(query)
        except duckdb.Error as error:
            raise _query_error(error, hint=self._where_it_is(error)) from error

    def _relation(self, query: str) -> duckdb.DuckDBPyRelation:
        try:
            return self._connection.sql(query)
        except duckdb.CatalogException:
            # It may name a view in a way that was not seen, and what is like a name is told of all.
            if not self._views.bring_all():
                raise
        return self._connection.sql(query)

    def progress(self) -> float:
        """Return how much of the query that runs is done, from 0 to 1; below 0 if not known."""
        return self._connection.query_progress() / 100

    def interrupt(self) -> None:
        """Stop the query that runs."""
        self._connection.interrupt()

    def _where_it_is(self, error: duckdb.Error) -> str:
        """Name tables and views that have the column that a query did not find."""
        named = _NO_COLUMN.search(str(error))
        if named is None:
            return ""
        self._views.bring_all()
        found = self._bare.execute(
            "SELECT DISTINCT table_name FROM duckdb_columns() "
            "WHERE lower(column_name) = lower(?) AND NOT internal ORDER BY table_name",
            [named[1]],
        ).fetchall()
        return f"{named[1]} is in {', '.join(name for (name,) in found)}. " if found else ""

    def shape(self, name: str) -> duckdb.DuckDBPyRelation:
        """Return a table or view to ask for its columns; its rows may not be here to read."""
        self._views.bring(name)
        return self._bare.table(name)

    def _table_sql(self, name: str, entries: Sequence[FileEntry]) -> str:
        """Return the SELECT that reads a table, with its files on this machine."""
        columns = {c.name: duckdb_type(c.type) for c in table_schema(name).columns.values()}
        if not entries:
            nulls = ", ".join(f"NULL::{kind} AS {column}" for column, kind in columns.items())
            return f"SELECT {nulls} WHERE false"
        parts: list[str] = []
        for n_columns in sorted({entry.columns for entry in entries}, reverse=True):
            files = [entry for entry in entries if entry.columns == n_columns]
            listed = ", ".join(f"'{_quoted(path)}'" for path in self._warehouse.fetch(files))
            # Files from before columns were added: these stand at the end of the contract.
            added = "".join(
                f", NULL::{kind} AS {column}" for column, kind in list(columns.items())[n_columns:]
            )
            parts.append(f"SELECT {restored_sql(name)}{added} FROM read_parquet([{listed}])")  # noqa: S608
        return " UNION ALL ".join(parts)

    def _lock(self, files: Iterable[str]) -> None:
        listed = ", ".join(f"'{_quoted(path)}'" for path in files)
        for setting in (
            f"SET allowed_paths = [{listed}]",
            "SET enable_external_access = false",
            "SET python_enable_replacements = false",
            "SET lock_configuration = true",
        ):
            self._bare.execute(setting)


def _remove_left_over(scratch: Path) -> None:
    """Remove what queries spilled that were killed; a living one writes to its files."""
    limit = time.time() - _LEFT_OVER_SECONDS
    for path in scratch.glob("duckdb_temp_*"):
        # Another process may be removing the same.
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_mtime < limit and not _is_alive(path.name):
                path.unlink()


def _is_alive(name: str) -> bool:
    """Tell whether the process is there whose number DuckDB put into the name of a file."""
    number = re.search(r"\d+", name)
    if number is None:
        return True
    try:
        os.kill(int(number.group()), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _quoted(text: object) -> str:
    return str(text).replace("'", "''")


def _refuse_writes(query: str) -> None:
    try:
        query.encode()
    except UnicodeEncodeError as error:
        raise QueryError(
            f"The statement is no text: character {error.start + 1} is half of a pair.",
            where=ascii(query[:80]),
            fix="Write it in UTF-8.",
        ) from error
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        raise _query_error(error) from error
    if len(statements) != 1:
        raise QueryError(
            f"One statement is expected, these are {len(statements)}.",
            where=query[:80],
            fix="Run them one by one.",
        )
    words = _words(query)
    # A name in double quotes is no keyword, but it calls.
    said = {word for word, is_quoted in words if not is_quoted} & _FORBIDDEN
    calls = {word for (word, _), (after, _) in itertools.pairwise(words) if after == "("}
    kind = {statements[0].type.name}
    if bad := sorted(said | (calls & _FORBIDDEN_CALLS) | (kind - _ASKING)):
        raise QueryError(
            f"The catalog is read-only here, and the statement says {', '.join(bad)}.",
            where=query[:80],
            fix="Ask with SELECT; put a column of that name in double quotes. To write files, "
            "use `prefdata sql --to FILE` or `prefdata export`.",
        )


def _words(query: str) -> list[tuple[str, bool]]:
    """Return keywords and names in capitals, each with whether it stands in quotes, and ``(``."""
    encoded = query.encode()
    tokens = duckdb.tokenize(query)
    ends = [*(start for start, _ in tokens[1:]), len(encoded)]
    words: list[tuple[str, bool]] = []
    for (start, kind), end in zip(tokens, ends, strict=True):
        piece = encoded[start:end].decode(errors="replace").strip()
        if kind == duckdb.token_type.operator:
            words.append((piece[:1], False))
        elif kind in (duckdb.token_type.keyword, duckdb.token_type.identifier):
            if piece.startswith('"'):
                words.append((piece.strip('"').upper(), True))
            else:
                # The tokenizer takes a space that is not ASCII for a letter; the parser does not.
                words += ((word.upper(), False) for word in re.findall(r"\w+", piece))
    return words


def _query_error(error: duckdb.Error, *, hint: str = "") -> QueryError:
    what, *where = [line for line in str(error).splitlines() if line.strip()]
    return QueryError(
        what,
        where="\n         ".join(where) or None,
        fix=f"{hint}`prefdata tables` lists tables and views, `prefdata tables NAME` the columns "
        "of one.",
    )
