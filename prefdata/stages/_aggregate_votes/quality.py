"""Rows of `annotator_quality`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.metrics.annotator_agreement import agreement_of_annotators
from prefdata.metrics.rater_bias import rater_bias
from prefdata.routing.levels import CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.stages._aggregate_votes.methods import Decided
    from prefdata.stages._aggregate_votes.read import Read

__all__ = ["quality_rows"]

_B, _TIE, _A = range(len(CLASSES))
_COLUMNS: Mapping[str, pl.DataType] = {
    "annotator_id": pl.String(),
    "aspect": pl.String(),
    "kind": pl.String(),
    "n": pl.Int64(),
    "n_shared": pl.Int64(),
    "n_ties": pl.Int64(),
    "agreement": pl.Float64(),
    "agreement_low": pl.Float64(),
    "agreement_high": pl.Float64(),
    "reliability": pl.Float64(),
    "first_share": pl.Float64(),
    "first_low": pl.Float64(),
    "first_high": pl.Float64(),
    "n_ordered": pl.Int64(),
    "longer_share": pl.Float64(),
    "longer_low": pl.Float64(),
    "longer_high": pl.Float64(),
    "n_lengths": pl.Int64(),
}


def quality_rows(
    found: Read, decided: Decided, tables: Mapping[str, pl.LazyFrame], *, seed: int
) -> pl.DataFrame:
    """Make rows of `annotator_quality`, without source and stage, which the runner fills."""
    votes = found.votes.with_columns(decides=pl.Series(decided.decides, dtype=pl.Boolean))
    seen = _seen(found, tables)
    rows = []
    for aspect, mine in found.of_aspects():
        own = votes.filter(pl.col("aspect") == aspect)
        ratings = mine.ratings(own)
        shares = agreement_of_annotators(ratings, own["decides"].to_numpy(), seed=seed)
        measured = pl.DataFrame(
            {
                "annotator_id": found.annotators,
                "n_shared": shares.n_shared,
                "agreement": shares.value,
                "agreement_low": shares.low,
                "agreement_high": shares.high,
                "reliability": decided.reliability[aspect],
            }
        ).fill_nan(None)
        counts = own.group_by("annotator_id").agg(
            pl.col("kind").first(),
            n=pl.len(),
            n_ties=(pl.col("class") == _TIE).sum(),
            aspect=pl.lit(aspect),
        )
        bias = rater_bias(seen.filter(pl.col("aspect") == aspect))
        rows.append(
            counts.join(measured, on="annotator_id", how="left")
            .join(bias, on="annotator_id", how="left")
            .with_columns(pl.col("n_ordered", "n_lengths").fill_null(0))
            .select(pl.col(name).cast(dtype) for name, dtype in _COLUMNS.items())
            .sort("annotator_id")
        )
    return pl.concat([pl.DataFrame(schema=_COLUMNS), *rows])


def _seen(found: Read, tables: Mapping[str, pl.LazyFrame]) -> pl.DataFrame:
    """Return each choice, and whether it was shown first, and is longer; null where unknown.

    Words are what stands between white space. Votes of a judge that was asked in both orders are
    merged, so their place says nothing; see the view `judge_summary` for its bias.
    """
    sides = ("response_a_id", "response_b_id")
    choices = (
        found.votes.filter(pl.col("class") != _TIE)
        .select("item", "annotator_id", "aspect", "judgment_id", is_a=pl.col("class") == _A)
        .join(found.comparisons.select("item", *sides), on="item")
    )
    words = tables["responses"].select(
        "response_id", words=pl.col("text").str.count_matches(r"\S+").cast(pl.Int64)
    )
    for side in sides:
        named = words.rename({"response_id": side, "words": f"words_{side}"})
        choices = choices.lazy().join(named, on=side, how="left").collect()
    longer = pl.col("words_response_a_id") - pl.col("words_response_b_id")
    shown = _shown(choices, tables["judgments"])
    return (
        choices.join(shown, on=["judgment_id", "item"], how="left")
        .with_columns(
            is_first=pl.col("is_a_first") == pl.col("is_a"),
            is_longer=pl.when(longer != 0).then((longer > 0) == pl.col("is_a")),
        )
        .select("annotator_id", "aspect", "is_first", "is_longer")
    )


def _shown(choices: pl.DataFrame, judgments: pl.LazyFrame) -> pl.DataFrame:
    """Return whether a was shown before b, where the order is known and there was one."""
    wanted = choices.lazy().select("judgment_id", "item", "response_a_id", "response_b_id")
    again = ["prompt_id", "annotator_id", "aspect", "stage", "shown"]
    places = (
        judgments.filter("is_order_known")
        .select(*again[:-1], "judgment_id", "response_ids")
        .with_columns(
            shown=pl.col("response_ids").list.sort(),
            place=pl.int_ranges(pl.col("response_ids").list.len()),
        )
        # A judge that was asked in both orders has two judgments, of which a vote names one.
        .filter(pl.col("stage").is_null() | ~pl.struct(again).is_duplicated())
        .select("judgment_id", response_id="response_ids", place="place")
        .explode("response_id", "place")
    )
    for side in ("response_a_id", "response_b_id"):
        wanted = wanted.join(
            places.rename({"response_id": side, "place": f"place_{side}"}), on=["judgment_id", side]
        )
    is_a_first = pl.col("place_response_a_id") < pl.col("place_response_b_id")
    return wanted.select("judgment_id", "item", is_a_first=is_a_first).collect()
