"""Messages as columns: ``list<struct<role, content>>`` built and taken apart by expressions."""

from __future__ import annotations

import polars as pl

__all__ = ["MESSAGES", "message", "messages_of", "with_system"]

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
