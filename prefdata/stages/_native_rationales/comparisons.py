"""Texts on all responses of a judgment together: why one was chosen, or how they differ."""

from __future__ import annotations

import polars as pl

from prefdata.stages._native_rationales.found import OF_JUDGMENT, found_rows, scope_of

__all__ = ["texts_of_comparisons"]


def texts_of_comparisons(judgments: pl.DataFrame) -> pl.DataFrame:
    """Return the comments on judgments as a whole.

    A person's or a group's words are ``feedback``, those of a model ``general``.

    Args:
        judgments: Judgments of the source, with ``model``: that of the annotator, if it is one.
    """
    n = pl.col("response_ids").list.len()
    is_model = pl.col("annotator_kind") == "model"
    rows = judgments.filter(pl.col("comment").is_not_null()).select(
        *OF_JUDGMENT,
        "response_ids",
        native_raw="comment",
        text="comment",
        field=pl.lit("comment"),
        scope=scope_of(n, pl.col("protocol")),
        kind=pl.when(is_model).then(pl.lit("general")).otherwise(pl.lit("feedback")),
    )
    return found_rows(rows)
