"""Candidates of each case against each other: which of two is preferred, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.stages._make_pairs.cases import parallel

if TYPE_CHECKING:
    from prefdata.stages._make_pairs.cases import Cases

__all__ = ["TIED_CHOICE", "Compared", "compare"]

TIED_CHOICE = "choices"
"""Unit of the margin 0 of a tie where no scores were given."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Ordered pairs of candidates, and why the other cases have none."""

    pairs: pl.DataFrame
    """Columns index (of the case), chosen_id, rejected_id, margin, margin_unit; in order."""
    refusals: pl.Series
    """For each case the rule under which it yields no pair, or null."""
    votes: pl.Series | None = None
    """For each pair the number of judgments behind it, where they were pooled."""


def compare(
    cases: Cases,
    *,
    tie_band: float,
    has_tied_pairs: bool,
    twins: pl.DataFrame | None,
    empty: pl.Series | None,
) -> Compared:
    """Compare the candidates of each case.

    Args:
        cases: The cases; those with a refusal yield nothing.
        tie_band: Scores that differ by no more are equal.
        has_tied_pairs: Whether two equal responses yield a pair in each order.
        twins: Id and words of responses whose words another candidate of the prompt has; null
            when pairs of identical responses are kept.
        empty: Ids of responses without text; null when pairs with them are kept.
    """
    open_cases = cases.frame.with_row_index().filter(pl.col("refusal").is_null())
    is_rated = pl.col("rule") == "ratings"
    rated = open_cases.filter(is_rated)
    chosen = open_cases.filter(~is_rated)
    parts = []
    if chosen.height:
        parts.append(_by_choice(chosen))
    if rated.height:
        parts.append(_by_score(rated, tie_band, has_tied_pairs=has_tied_pairs))
    pairs = pl.concat(parts) if parts else _no_pairs()
    if chosen.height and rated.height:
        pairs = pairs.sort("index", maintain_order=True)
    kept, dropped = _without(pairs, twins, empty)
    return Compared(kept, _refusals(cases.frame, kept, dropped, tie_band))


def _no_pairs() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "index": pl.UInt32,
            "chosen_id": pl.String,
            "rejected_id": pl.String,
            "margin": pl.Float64,
            "margin_unit": pl.String,
        }
    )


def _candidates(cases: pl.DataFrame) -> pl.DataFrame:
    """Return index, slot (its own row number), id, chosen, score, of the candidates in order."""
    lists = {"chosen": pl.Boolean(), "scores": pl.Float64()}
    said = {name: dtype for name, dtype in lists.items() if cases[name].null_count() < cases.height}
    columns = [
        pl.col(name) if not cases[name].null_count() else parallel(name, dtype).alias(name)
        for name, dtype in said.items()
    ]
    return (
        cases.select("index", "response_ids", *columns)
        .explode("response_ids", *said)
        .with_columns(
            pl.lit(None, dtype).alias(name) for name, dtype in lists.items() if name not in said
        )
        .with_row_index("slot")
    )


def _by_choice(cases: pl.DataFrame) -> pl.DataFrame:
    """Put each chosen candidate over each other one; tied ones in both orders."""
    candidates = _candidates(cases)
    sides = ["index", "slot", "scores"]
    is_chosen = pl.col("chosen").fill_null(value=False)
    met = (
        candidates.filter(is_chosen)
        .select(sides)
        .join(candidates.filter(~is_chosen).select(sides), on="index", maintain_order="left_right")
    )
    gap = pl.col("scores") - pl.col("scores_right")
    pairs = met.select("index", "slot", "slot_right", gap=pl.when(gap >= 0).then(gap))
    ties = cases.filter("is_tie")["index"]
    if ties.len():
        tied = candidates.filter(pl.col("index").is_in(ties.implode())).select("index", "slot")
        both = tied.join(tied, on="index", maintain_order="left_right").filter(
            pl.col("slot") != pl.col("slot_right")
        )
        pairs = pl.concat([pairs, both.with_columns(gap=0.0)]).sort("index", maintain_order=True)
    has_scores = candidates.select("index", has=pl.col("scores").is_not_null())
    scored = has_scores.group_by("index").agg(pl.col("has").all()) if ties.len() else None
    named = _named(pairs, candidates, cases)
    if scored is None:
        return named
    # A tie without scores has a margin of 0 all the same; its unit is not points.
    unscored = scored.filter(~pl.col("has"))["index"]
    is_unscored = pl.col("margin").is_not_null() & pl.col("index").is_in(unscored.implode())
    return named.with_columns(
        margin_unit=pl.when(is_unscored).then(pl.lit(TIED_CHOICE)).otherwise("margin_unit")
    )


def _by_score(cases: pl.DataFrame, tie_band: float, *, has_tied_pairs: bool) -> pl.DataFrame:
    """Put each candidate over those whose score is lower by more than the tie band."""
    candidates = _candidates(cases)
    scored = candidates.filter(pl.col("scores").is_not_null()).select("index", "slot", "scores")
    gap = pl.col("scores") - pl.col("scores_right")
    is_tied = (gap.abs() <= tie_band) & (pl.col("slot") != pl.col("slot_right"))
    is_kept = (gap > tie_band) | is_tied if has_tied_pairs else gap > tie_band
    pairs = (
        scored.join(scored, on="index", maintain_order="left_right")
        .filter(is_kept)
        .select("index", "slot", "slot_right", gap=pl.when(is_tied).then(0.0).otherwise(gap))
    )
    return _named(pairs, candidates, cases)


def _named(pairs: pl.DataFrame, candidates: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
    """Name the two sides of pairs, and the unit of their margin."""
    ids = candidates["response_ids"]
    named = pairs.select(
        "index",
        chosen_id=ids.gather(pairs["slot"]),
        rejected_id=ids.gather(pairs["slot_right"]),
        margin="gap",
    )
    if named["margin"].null_count() == named.height:
        return named.with_columns(margin_unit=pl.lit(None, pl.String))
    unit = named.join(cases.select("index", "unit"), on="index", how="left", maintain_order="left")[
        "unit"
    ]
    return named.with_columns(margin_unit=pl.when(pl.col("margin").is_not_null()).then(unit))


def _without(
    pairs: pl.DataFrame, twins: pl.DataFrame | None, empty: pl.Series | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the pairs from those that must not be; the latter have their rule."""
    tests = {}
    if twins is not None and twins.height:
        words = {
            side: pairs.select(response_id=side).join(
                twins, on="response_id", how="left", maintain_order="left"
            )["content_hash"]
            for side in ("chosen_id", "rejected_id")
        }
        tests["identical-responses"] = words["chosen_id"] == words["rejected_id"]
    if empty is not None and empty.len():
        tests["empty-response"] = pairs["chosen_id"].is_in(empty.implode()) | pairs[
            "rejected_id"
        ].is_in(empty.implode())
    if not tests:
        return pairs, pairs.clear().with_columns(rule=pl.lit(None, pl.String))
    rule = pl.coalesce(pl.when(test).then(pl.lit(name)) for name, test in tests.items())
    marked = pairs.with_columns(rule=rule)
    is_kept = pl.col("rule").is_null()
    return marked.filter(is_kept).drop("rule"), marked.filter(~is_kept)


def _refusals(
    cases: pl.DataFrame, kept: pl.DataFrame, dropped: pl.DataFrame, tie_band: float
) -> pl.Series:
    """Return for each case why it has no pair; null when it has one."""
    has_pair = pl.Series(pl.repeat(value=False, n=cases.height, eager=True)).scatter(
        kept["index"].unique(), values=True
    )
    left = cases.with_row_index().filter(~has_pair & pl.col("refusal").is_null())
    if left.is_empty():
        return cases["refusal"]
    why = dropped.unique("index", keep="first", maintain_order=True).select("index", "rule")
    spread = pl.col("scores").list.max() - pl.col("scores").list.min()
    rest = pl.when(spread > 0).then(pl.lit("within-tie-band")).otherwise(pl.lit("tie"))
    found = left.select("index", rest=rest).join(why, on="index", how="left")
    return cases["refusal"].scatter(
        found["index"], found.select(pl.coalesce("rule", "rest")).to_series()
    )
