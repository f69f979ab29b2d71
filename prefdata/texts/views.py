"""Which part of a row is its text: what is embedded, compared and searched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from prefdata.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KEYS", "VIEWS", "Keep", "keep_of", "texts_of", "view_of"]

Keep = Literal["start", "end"]
"""Which end of a text stays when it is too long for a model."""

VIEWS: Mapping[str, tuple[str, ...]] = {
    "prompts": ("user", "last", "conversation"),
    "responses": ("text",),
    "rationales": ("text",),
    "principles": ("text",),
}
"""The views of each table, the default first.

Of a prompt: ``user`` is all that the user said, ``last`` the message to answer, ``conversation``
every message of every role. Messages are joined by an empty line.
"""

KEYS: Mapping[str, str] = {
    "prompts": "prompt_id",
    "responses": "response_id",
    "rationales": "rationale_id",
    "principles": "principle_id",
}
"""The key of each table that has texts."""


def view_of(subject: str, view: str | None) -> str:
    """Return a view of a table, or its default.

    Raises:
        UserError: If the table has no such view.
    """
    known = VIEWS[subject]
    if view is not None and view not in known:
        raise UserError(
            f"The table {subject} has no view {view!r}.", fix=f"Known: {', '.join(known)}."
        )
    return view or known[0]


def keep_of(subject: str) -> Keep:
    """Return which end of a table's texts says most: of a conversation, the end."""
    return "end" if subject == "prompts" else "start"


def texts_of(rows: pl.LazyFrame, subject: str, view: str | None = None) -> pl.LazyFrame:
    """Return the text of each row.

    Args:
        rows: Rows of the table ``subject``.
        subject: Name of the table: a key of `VIEWS`.
        view: One of its views; the default when None.

    Returns:
        Columns ``id``, ``source``, ``content_hash`` and ``text``, in the order of the rows.

    Raises:
        UserError: If the table has no such view.
    """
    name = view_of(subject, view)
    text = pl.col("text") if subject != "prompts" else _PROMPTS[name]
    return rows.select(
        pl.col(KEYS[subject]).alias("id"), "source", "content_hash", text.alias("text")
    )


def _contents(messages: pl.Expr) -> pl.Expr:
    return messages.list.eval(pl.element().struct.field("content")).list.join("\n\n")


_MESSAGES = pl.col("messages")
_OF_USER = _MESSAGES.list.eval(pl.element().filter(pl.element().struct.field("role") == "user"))
_PROMPTS = {
    # A prompt in which no user speaks is a document to go on with, or a system prompt alone.
    "user": pl.when(_OF_USER.list.len() > 0)
    .then(_contents(_OF_USER))
    .otherwise(_contents(_MESSAGES)),
    "last": _MESSAGES.list.last().struct.field("content").fill_null(""),
    "conversation": _contents(_MESSAGES),
}
