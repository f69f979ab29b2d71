"""A DuckDB connection whose tables get their files when a statement first names them.

Opening a session must not fetch a whole warehouse from an object store. Until its files are here
a table is a view with the right columns that fails when it is read, so a statement that names it
in a way that is not seen (a name put together by functions) fails loudly and is never wrong.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, Self, cast

from prefdata.schema import duckdb_type, table_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb

__all__ = ["OnDemand", "absent_sql", "on_demand"]

_WORD = re.compile(r"\w+")
_COMMENT = re.compile(r"--.*")


def absent_sql(table: str) -> str:
    """Return a SELECT with the columns of a table that fails when it is run."""
    nulls = ", ".join(
        f"NULL::{duckdb_type(c.type)} AS {c.name}" for c in table_schema(table).columns.values()
    )
    fault = f"The files of {table} are not fetched yet: name the table in the statement."
    return f"SELECT {nulls} WHERE error('{fault}')"


class _Waiting:
    """The tables whose files are not here yet, and what leads to them."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        tables: dict[str, Callable[[], str]],
        views: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._tables = tables
        self._lock = threading.Lock()
        self._views = {
            name: set(_WORD.findall(_COMMENT.sub("", text).lower())) for name, text in views.items()
        }

    def bring(self, statement: object) -> None:
        """Fetch the files of all tables that a statement names, directly or by a view."""
        text = statement if isinstance(statement, str) else getattr(statement, "query", "")
        named: set[str] = set()
        found = set(_WORD.findall(text.lower()))
        while found:
            named |= found
            found = set().union(*(self._views.get(name, set()) for name in found)) - named
        with self._lock:
            for name in sorted(named & self._tables.keys()):
                self._connection.execute(f"CREATE OR REPLACE VIEW {name} AS {self._tables[name]()}")
                del self._tables[name]


class OnDemand:
    """Does what the connection does, and fetches first."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, waiting: _Waiting) -> None:
        """Use `on_demand`."""
        self._connection = connection
        self._waiting = waiting

    def __getattr__(self, name: str) -> Any:
        """Return what needs no files from the connection itself."""
        return getattr(self._connection, name)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._connection.close()

    def execute(self, query: Any, *values: Any, **more: Any) -> Any:
        """Fetch what is named, then execute."""
        self._waiting.bring(query)
        return self._connection.execute(query, *values, **more)

    def sql(self, query: Any, *values: Any, **more: Any) -> Any:
        """Fetch what is named, then make the relation."""
        self._waiting.bring(query)
        return self._connection.sql(query, *values, **more)

    query = sql

    def table(self, name: str) -> Any:
        """Fetch a table, then return it."""
        self._waiting.bring(name)
        return self._connection.table(name)

    view = table

    def cursor(self) -> OnDemand:
        """Return another connection to the same tables."""
        return OnDemand(self._connection.cursor(), self._waiting)


def on_demand(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Callable[[], str]],
    views: Mapping[str, str],
) -> duckdb.DuckDBPyConnection:
    """Return the connection with tables that fetch their files.

    Args:
        connection: Where each table is a view made of `absent_sql`.
        tables: Table to what fetches its files and returns the SELECT that reads them.
        views: Views that stand on tables or other views, with their texts.
    """
    waiting = _Waiting(connection, dict(tables), views)
    return cast("duckdb.DuckDBPyConnection", OnDemand(connection, waiting))
