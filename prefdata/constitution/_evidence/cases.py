"""Comparisons that have a side that was preferred, in the order in which equals are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.fingerprint import digest
from prefdata.tables.identity import unit_interval

if TYPE_CHECKING:
    from prefdata.constitution.ballots import Ballots

__all__ = ["decided_cases", "drawn"]

# People are never named: one comparison that they decided alone would single them out.
_NAMED = ("model", "rule")


def decided_cases(ballots: Ballots, seed: int) -> pl.DataFrame:
    """Return the comparisons whose labels prefer one side.

    Args:
        ballots: Labels; those of one comparison are added up, and ties are left out.
        seed: Decides the order of comparisons with equal labels.

    Returns:
        ``at`` (row of the votes), ``comparison_id``, ``prompt_id``, ``response_a_id``,
        ``response_b_id``, ``opening``, ``lean`` (1 where a is preferred, else -1),
        ``annotator_id`` (null for several, and for people) and ``chance``; those with the clearest
        labels first, and equals by chance.
    """
    sums = (
        ballots.labels.filter(pl.col("y") != 0)
        .group_by("at")
        .agg(
            total=pl.col("y").sort().sum(),
            annotator_id=pl.when(
                (pl.len() == 1) & pl.col("kind").first().is_in(_NAMED).fill_null(value=False)
            ).then(pl.col("annotator_id").first()),
        )
        .filter(pl.col("total") != 0)
    )
    names = ("comparison_id", "prompt_id", "response_a_id", "response_b_id")
    return (
        ballots.comparisons.with_row_index("at")
        .join(sums, on="at")
        .with_columns(
            opening=pl.coalesce("opening", "prompt_id"),
            lean=pl.col("total").sign().cast(pl.Int8),
            chance=unit_interval("comparison_id", salt=digest(seed)),
            clear=pl.col("total").abs().round(6),
        )
        .sort("clear", "chance", "comparison_id", descending=[True, False, False])
        .select("at", *names, "opening", "lean", "annotator_id", "chance")
    )


def drawn(cases: pl.DataFrame, most: int) -> pl.DataFrame:
    """Return at most so many comparisons, drawn by chance, in their order."""
    if cases.height <= most:
        return cases
    bar = cases["chance"].sort()[most]
    return cases.filter(pl.col("chance") < bar)
