"""What there is to query: tables and views with their meaning, columns with their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefdata.catalog.views import shipped_views
from prefdata.core.errors import UnknownNameError
from prefdata.schema import table_names, table_schema

if TYPE_CHECKING:
    from prefdata.catalog.session import Session

__all__ = ["describe_columns", "list_relations", "view_summary"]


def view_summary(text: str) -> str:
    """Return the first comment line of a view's SQL."""
    first = text.lstrip().splitlines()[0]
    return first.removeprefix("--").strip() if first.startswith("--") else ""


def list_relations(session: Session) -> list[dict[str, Any]]:
    """Return all tables with their rows and grain, then all views with their summary."""
    tables = [
        {
            "name": name,
            "kind": table_schema(name).kind,
            "rows": session.rows[name],
            "what": table_schema(name).grain,
        }
        for name in table_names()
    ]
    views = [
        {"name": name, "kind": "view", "rows": None, "what": view_summary(text)}
        for name, text in shipped_views().items()
    ]
    return [*tables, *views]


def describe_columns(session: Session, name: str) -> list[dict[str, Any]]:
    """Return the columns of one table or view.

    Raises:
        UnknownNameError: If there is none of that name.
    """
    known = (*table_names(), *shipped_views())
    if name not in known:
        raise UnknownNameError("table or view", name, known=known)
    relation = session.shape(name)
    meaning = (
        {c.name: c.description for c in table_schema(name).columns.values()}
        if name in table_names()
        else {}
    )
    return [
        {"column": column, "type": str(kind), "what": meaning.get(column, "")}
        for column, kind in zip(relation.columns, relation.types, strict=True)
    ]
