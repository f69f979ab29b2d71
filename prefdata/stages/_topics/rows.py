"""Rows of `topics` and `topic_members`."""

from __future__ import annotations

import polars as pl

__all__ = ["NO_TOPIC", "member_rows", "topic_rows"]

NO_TOPIC = "none"
"""The `topic_id` of rows in no topic, and their label."""

_TOPICS = {
    "topic_id": pl.String(),
    "source": pl.String(),
    "subject": pl.String(),
    "number": pl.Int32(),
    "label": pl.String(),
    "terms": pl.List(pl.String()),
    "weights": pl.List(pl.Float64()),
    "n_rows": pl.Int64(),
    "n_rows_all": pl.Int64(),
    "central_id": pl.String(),
}


def topic_rows(members: pl.DataFrame, names: pl.DataFrame, subject: str) -> pl.DataFrame:
    """Make one row of each topic and source that has rows in it, without the stage.

    Args:
        members: Columns ``id``, ``source``, ``content_hash``, ``topic_id``, ``similarity``.
        names: Columns ``topic_id``, ``label``, ``terms`` and ``weights`` of each topic.
        subject: Table whose rows were grouped.
    """
    is_topic = pl.col("topic_id") != NO_TOPIC
    sizes = members.group_by("topic_id").agg(n_rows_all=pl.len())
    # The largest first, then by id; rows in no topic are none of them.
    numbered = sizes.sort(is_topic, "n_rows_all", "topic_id", descending=[True, True, False])
    numbered = numbered.with_row_index("number").with_columns(
        number=pl.when(is_topic).then(pl.col("number").cast(pl.Int64)).otherwise(-1)
    )
    nearest = (
        members.sort("similarity", "content_hash", "id", descending=[True, False, False])
        .group_by("topic_id", "source", maintain_order=True)
        .agg(n_rows=pl.len(), central_id=pl.col("id").first())
    )
    return (
        nearest.join(numbered, on="topic_id")
        .join(names, on="topic_id", how="left")
        .sort(is_topic, "number", "source", descending=[True, False, False])
        .with_columns(
            subject=pl.lit(subject),
            label=pl.col("label").fill_null(NO_TOPIC),
            terms=pl.col("terms").fill_null(pl.lit([], _TOPICS["terms"])),
            weights=pl.col("weights").fill_null(pl.lit([], _TOPICS["weights"])),
            central_id=pl.when(is_topic).then("central_id"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in _TOPICS.items())
    )


def member_rows(members: pl.DataFrame, subject: str) -> pl.DataFrame:
    """Make the rows that say where each row belongs, without the stage."""
    return members.sort("source", "id").select(
        "id", "source", pl.lit(subject).alias("subject"), "topic_id", "similarity"
    )
