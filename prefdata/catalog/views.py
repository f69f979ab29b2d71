"""The SQL views that ship with prefdata, each made when a statement first names it.

To make all of them takes twice as long as to open a session, and a statement names one or none.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

import duckdb

from prefdata.core.errors import QueryError
from prefdata.core.shipped import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Views", "shipped_views"]

_WORD = re.compile(r"\w+")
# What lists the views there are, or names one in a way that is not seen.
_LISTING = re.compile(
    r"call|describe|duckdb_\w+|information_schema|pg_\w+|pragma\w*|query|query_table|show|"
    r"sqlite_\w+|summarize"
)


def shipped_views() -> dict[str, str]:
    """Return the SQL views that ship with prefdata: name to text, comments included."""
    folder = shipped_folder("catalog") / "views"
    return {path.stem: path.read_text() for path in sorted(folder.glob("*.sql"))}


class Views:
    """The views of a connection, as far as they are not made yet."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, texts: dict[str, str]) -> None:
        """Take the texts of all views; they stand on tables that are there, and on each other."""
        self._connection = connection
        self._waiting = dict(texts)
        self._lock = threading.Lock()

    def bring(self, statement: str) -> None:
        """Make the views that a statement names, or all where it may list them.

        Raises:
            QueryError: If one cannot be made.
        """
        if not self._waiting:
            return
        words = set(_WORD.findall(statement.lower()))
        if any(_LISTING.fullmatch(word) for word in words):
            self.bring_all()
            return
        named: set[str] = set()
        while found := (words & self._waiting.keys()) - named:
            named |= found
            words = {word for name in found for word in _WORD.findall(self._waiting[name].lower())}
        self._make(named)

    def bring_all(self) -> bool:
        """Make the views that are not there, and tell whether there were any.

        Raises:
            QueryError: If one cannot be made.
        """
        names = list(self._waiting)
        self._make(names)
        return bool(names)

    def _make(self, names: Collection[str]) -> None:
        if not names:
            return
        # On a connection of its own: the other may have a result that nobody has read to its end.
        with self._lock, self._connection.cursor() as connection:
            # Views may stand on others: go round until nothing is left that can be made.
            waiting = [name for name in names if name in self._waiting]
            while waiting:
                failed: dict[str, duckdb.Error] = {}
                for name in waiting:
                    try:
                        connection.execute(f"CREATE VIEW {name} AS {self._waiting[name]}")
                    except duckdb.CatalogException as error:
                        failed[name] = error
                    else:
                        del self._waiting[name]
                if len(failed) == len(waiting):
                    name, fault = next(iter(failed.items()))
                    raise QueryError(
                        f"The view {name} cannot be made: {fault}",
                        where=f"catalog/views/{name}.sql",
                        fix="Correct the view.",
                    ) from fault
                waiting = list(failed)
