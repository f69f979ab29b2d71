"""Texts on whole conversations, as PRISM has them: what was good, bad, or missing in all of it.

They are no reason for any pair of the conversation, and are brought to none. Ratings of a
conversation are numbers, not texts, and stay where they are.
"""

from __future__ import annotations

import polars as pl

from prefdata.stages._native_rationales.found import found_rows

__all__ = ["texts_of_conversations"]


def texts_of_conversations(conversations: pl.LazyFrame) -> pl.DataFrame:
    """Return the feedback on conversations.

    Args:
        conversations: Conversations of the source.
    """
    rows = (
        conversations.filter(pl.col("feedback").is_not_null())
        .select(
            "source",
            "conversation_id",
            "annotator_id",
            "file",
            "row",
            native_raw="feedback",
            text="feedback",
        )
        .collect()
    )
    return found_rows(
        rows.with_columns(
            field=pl.lit("feedback"),
            scope=pl.lit("conversation"),
            kind=pl.lit("feedback"),
            is_order_known=pl.lit(value=False),
        )
    )
