"""Rejects as stages over texts make them; the runner adds the stage."""

from __future__ import annotations

import polars as pl

from prefdata.tables.bundle import REJECT_COLUMNS

__all__ = ["reject_rows"]

_FIELD = {"prompts": "messages", "responses": "text"}
_RAW_CHARS = 4096


def reject_rows(rows: pl.DataFrame, subject: str, rule: str, reason: str) -> pl.DataFrame:
    """Make one reject of each row.

    Args:
        rows: Columns ``id``, ``source`` and ``text``.
        subject: Table that the rows belong to.
        rule: Name of the rule that they break.
        reason: A sentence.
    """
    known = {
        "subject": pl.lit(subject),
        "id": pl.col("id"),
        "field": pl.lit(_FIELD[subject]),
        "rule": pl.lit(rule),
        "reason": pl.lit(reason),
        "raw": pl.col("text").str.slice(0, _RAW_CHARS),
    }
    columns = (
        known.get(name, pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in REJECT_COLUMNS.items()
    )
    return rows.sort("source", "id").select("source", *columns)
