"""Rows of `flags` as stages make them; the runner adds source and stage."""

from __future__ import annotations

import polars as pl

__all__ = ["FINDINGS", "findings"]

FINDINGS: dict[str, pl.DataType] = {
    "id": pl.String(),
    "subject": pl.String(),
    "flag": pl.String(),
    "value": pl.Float64(),
    "reason": pl.String(),
}
"""Columns of `flags` that a stage fills."""


def findings(
    rows: pl.DataFrame,
    *,
    key: str,
    subject: str,
    flag: str,
    reason: str | pl.Expr,
    value: str | pl.Expr | None = None,
) -> pl.DataFrame:
    """Make one finding of each row.

    Args:
        rows: The rows that the finding is about.
        key: The column that names them.
        subject: Table that they belong to.
        flag: Name of the finding.
        reason: What was found; a sentence, or an expression that makes one.
        value: Size of the finding; a column or an expression.
    """
    size = pl.lit(None) if value is None else pl.col(value) if isinstance(value, str) else value
    return rows.select(
        pl.col(key).alias("id"),
        pl.lit(subject).alias("subject"),
        pl.lit(flag).alias("flag"),
        size.cast(pl.Float64).alias("value"),
        (pl.lit(reason) if isinstance(reason, str) else reason).alias("reason"),
    )
