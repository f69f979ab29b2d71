"""Comparisons and the votes on them, from pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import DataError
from prefdata.tables.comparisons import COMPARISON, comparison_ids
from prefdata.tables.identity import encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["AI_KINDS", "VOTE", "Votes", "read_votes"]

VOTE: Mapping[str, pl.DataType] = {
    "comparison_id": pl.String(),
    "annotator_id": pl.String(),
    "kind": pl.String(),
    "pool": pl.String(),
    "protocol": pl.String(),
    "label": pl.Float64(),
    "margin": pl.Float64(),
    "margin_unit": pl.String(),
    "strength": pl.String(),
    "judgment_id": pl.String(),
    "step": pl.String(),
}
"""Columns of votes: one annotator on one comparison. ``kind`` and ``pool`` are the annotator's (a
vote is the AI's when its kind is model or rule); ``protocol`` is ``rating`` where two ratings were
compared, else ``pairwise``; ``label`` is 1 for a, 0 for b, 0.5 a tie, and between where the same
annotator said several things; ``step`` made the pair."""

AI_KINDS = ("model", "rule")
"""Kinds of annotators whose votes are the AI's."""

_OF_RATINGS = r"^(?:ratings|mean)"


@dataclass(frozen=True, slots=True)
class Votes:
    """Comparisons, and what annotators say of them; sorted by id."""

    comparisons: pl.DataFrame
    """Columns of `COMPARISON`."""
    votes: pl.DataFrame
    """Columns of `VOTE`."""

    def of(self, *, is_ai: bool) -> pl.DataFrame:
        """Return the votes of the AI (models and rules), or those of people."""
        found = pl.col("kind").is_in(AI_KINDS)
        return self.votes.filter(found if is_ai else ~found)


def read_votes(tables: Mapping[str, pl.LazyFrame], steps: Sequence[str]) -> Votes:
    """Read comparisons and votes from the pairs of some steps.

    A tie is two pairs, one each way (`make-pairs` with ``tie: both-orders``); steps without that
    lose ties. Several pairs of one annotator on one comparison are one vote, their mean.

    Args:
        tables: ``pairs``, ``annotators`` and ``prompts``.
        steps: The steps whose pairs are votes, of people and of the AI.

    Raises:
        DataError: If pairs are aggregates, which no annotator stands behind.
    """
    pairs = (
        tables["pairs"]
        .filter(pl.col("stage").is_in(list(steps)))
        .select(
            "source",
            "prompt_id",
            "chosen_id",
            "rejected_id",
            "judgment_id",
            "annotator_id",
            "aspect",
            "margin",
            "margin_unit",
            "strength",
            "rule",
            "stage",
        )
        .collect()
    )
    _refuse_aggregates(pairs)
    named = comparison_ids(pairs, "chosen_id", "rejected_id")
    kinds = tables["annotators"].select("annotator_id", "kind", "pool").unique("annotator_id")
    prompts = tables["prompts"].select("prompt_id", prompt_hash="content_hash")
    comparisons = (
        named.lazy()
        .unique("comparison_id")
        .join(prompts, on="prompt_id", how="left")
        .select(*COMPARISON)
        .sort("comparison_id")
        .collect()
    )
    votes = _votes(named).lazy().join(kinds, on="annotator_id", how="left")
    return Votes(comparisons, votes.select(*VOTE).sort("comparison_id", "annotator_id").collect())


def _votes(named: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each comparison and annotator."""
    is_rating = pl.col("rule").str.contains(_OF_RATINGS)
    rows = named.with_columns(
        label=pl.col("is_one_a").cast(pl.Float64),
        protocol=pl.when(is_rating).then(pl.lit("rating")).otherwise(pl.lit("pairwise")),
    )
    # Sorted, so that which of several rows is kept does not depend on their order.
    return (
        rows.sort(encode("judgment_id", "chosen_id"))
        .group_by("comparison_id", "annotator_id", maintain_order=True)
        .agg(
            pl.col("label", "margin").mean(),
            pl.col("protocol", "margin_unit", "strength", "judgment_id").first(),
            pl.col("stage").min().alias("step"),
        )
    )


def _refuse_aggregates(pairs: pl.DataFrame) -> None:
    nobody = pairs.filter(pl.col("annotator_id").is_null())
    if nobody.height:
        steps = ", ".join(sorted(nobody["stage"].unique()))
        raise DataError(
            f"{nobody.height:,} pairs of {steps} are aggregates: no annotator stands behind them.",
            where="table pairs",
            fix="Make the pairs with `aggregate: annotator` and `tie: both-orders`.",
        )
