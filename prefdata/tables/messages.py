"""Messages as columns: ``list<struct<role, content>>`` built and taken apart by expressions."""

from __future__ import annotations

import polars as pl

__all__ = ["MESSAGES", "message", "messages_of", "response_text", "transcript", "with_system"]

MESSAGES = pl.List(pl.Struct({"role": pl.String(), "content": pl.String()}))
"""The polars type of a messages column."""


def message(role: str | pl.Expr, content: str | pl.Expr) -> pl.Expr:
    """Make one message; ``role`` is a literal when a string, ``content`` a column name."""
    role_expr = pl.lit(role) if isinstance(role, str) else role
    text = pl.col(content) if isinstance(content, str) else content
    return pl.struct(role_expr.alias("role"), text.alias("content"))


def messages_of(*messages: pl.Expr) -> pl.Expr:
    """Make a messages column of one or more `message` expressions, in order."""
    return pl.concat_list(*messages).cast(MESSAGES)


def with_system() -> pl.Expr:
    """Return ``messages``, before them the system prompt, which lies in the column ``system``."""
    said = pl.struct(role=pl.lit("system"), content=pl.col("system"))
    return (
        pl.when(pl.col("system").is_null())
        .then("messages")
        .otherwise(pl.concat_list(said, "messages"))
    )


def transcript(messages: str | pl.Expr) -> pl.Expr:
    """Return messages as one text, each under its role."""
    one = pl.element().struct
    turn = pl.concat_str(pl.lit("["), one["role"], pl.lit("]\n"), one["content"])
    column = pl.col(messages) if isinstance(messages, str) else messages
    return column.list.eval(turn).list.join("\n\n")


def response_text() -> pl.Expr:
    """Return the words of a response: ``text``, or of several ``messages`` each under its role."""
    is_several = pl.col("messages").list.len() > 1
    return pl.when(is_several).then(transcript("messages")).otherwise(pl.col("text"))
