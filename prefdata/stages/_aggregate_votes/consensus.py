"""Rows of `consensus`, of `pairs` and of the quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.routing.levels import CLASSES
from prefdata.tables.bundle import REJECT_COLUMNS
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from prefdata.stages._aggregate_votes.methods import Decided
    from prefdata.stages._aggregate_votes.read import Read

__all__ = ["REASONS", "consensus_rows", "label_of", "notes", "pair_rows", "reject_rows"]

UNIT = "difference of probabilities"
"""Unit of the margin of a pair: that of its response over the other."""
REASONS = {
    "tie": "A tie is more probable than either response.",
    "undecided": "Both responses are equally probable.",
    "no-votes": "Nobody whose vote counts judged it.",
}
"""Why a comparison yields no pair."""
_B, _TIE, _A = range(len(CLASSES))
_EQUAL = 1e-9
_PLACES = ("comparison_id", "prompt_id", "response_a_id", "response_b_id", "aspect")
_HALF = 0.5
_BY = {"human": "people", "ai": "models", "both": "both", "none": "nobody"}


def label_of(found: Read, decided: Decided) -> pl.DataFrame:
    """Return the comparisons with what they come to: label, probabilities, counts and reason.

    Returns:
        The columns of `consensus` but method and stage, ``n_votes`` (those that decided) and
        ``rule``, a key of `REASONS` where neither response is preferred.
    """
    votes = found.votes.with_columns(decides=pl.Series(decided.decides, dtype=pl.Boolean))
    is_ai = pl.col("is_ai")
    counts = votes.group_by("item").agg(
        n_human=(~is_ai).sum(),
        n_ai=is_ai.sum(),
        n_for_a=(pl.col("class") == _A).sum(),
        n_for_b=(pl.col("class") == _B).sum(),
        n_ties=(pl.col("class") == _TIE).sum(),
        n_votes=pl.col("decides").sum(),
        by_ai=(is_ai & pl.col("decides")).any(),
        by_human=(~is_ai & pl.col("decides")).any(),
    )
    numbers = [name for name in counts.columns if name.startswith("n_")]
    odds = pl.DataFrame(
        decided.posterior, schema=dict.fromkeys(("b", "tie", "a"), pl.Float64), orient="row"
    ).fill_nan(None)
    rows = pl.concat([found.comparisons, odds], how="horizontal").join(
        counts, on="item", how="left", maintain_order="left"
    )
    a, b, tie = pl.col("a"), pl.col("b"), pl.col("tie")
    rule = (
        pl.when(a.is_null())
        .then(pl.lit("no-votes"))
        .when(tie > pl.max_horizontal(a, b))
        .then(pl.lit("tie"))
        .when((a - b).abs() <= _EQUAL)
        .then(pl.lit("undecided"))
    )
    return rows.with_columns(
        pl.col(name).fill_null(0).cast(pl.Int32) for name in numbers
    ).with_columns(
        rule=rule,
        # Shares of rounding errors are no probability.
        p_a=pl.when(a + b > _EQUAL).then((a / (a + b)).clip(0, 1)),
        p_tie=tie.clip(0, 1) if decided.has_tie else pl.lit(None, pl.Float64),
        label=pl.when(rule == "no-votes")
        .then(None)
        .when(rule.is_not_null())
        .then(0.5)
        .otherwise((a > b).cast(pl.Float64)),
        label_from=_label_from(),
    )


def _label_from() -> pl.Expr:
    by_ai, by_human = (pl.col(name).fill_null(value=False) for name in ("by_ai", "by_human"))
    return (
        pl.when(by_ai & by_human)
        .then(pl.lit("both"))
        .when(by_human)
        .then(pl.lit("human"))
        .when(by_ai)
        .then(pl.lit("ai"))
        .otherwise(pl.lit("none"))
    )


def consensus_rows(rows: pl.DataFrame, method: str) -> pl.DataFrame:
    """Make rows of `consensus`, without source and stage, which the runner fills."""
    counts = ("n_human", "n_ai", "n_for_a", "n_for_b", "n_ties")
    return rows.select(
        *_PLACES, pl.lit(method).alias("method"), "p_a", "p_tie", "label", "label_from", *counts
    )


def pair_rows(rows: pl.DataFrame, method: str, *, has_ties: bool) -> pl.DataFrame:
    """Make rows of `pairs` of what is preferred; with ties, two of each, one each way."""
    is_tied = pl.col("label") == _HALF
    ways = [rows.filter(pl.col("rule").is_null()).with_columns(is_a=pl.col("label") == 1)]
    if has_ties:
        ways += [rows.filter(is_tied).with_columns(is_a=pl.lit(side)) for side in (True, False)]
    a, b = "response_a_id", "response_b_id"
    nothing = pl.lit(None, pl.String)
    made = (
        pl.concat(ways)
        .sort("item", "is_a", descending=[False, True])
        .select(
            "comparison_id",
            "prompt_id",
            pl.when("is_a").then(a).otherwise(b).alias("chosen_id"),
            pl.when("is_a").then(b).otherwise(a).alias("rejected_id"),
            nothing.alias("judgment_id"),
            nothing.alias("annotator_id"),
            "aspect",
            pl.when(is_tied).then(0.0).otherwise((2 * pl.col("p_a") - 1).abs()).alias("margin"),
            pl.lit(UNIT).alias("margin_unit"),
            nothing.alias("strength"),
            "n_votes",
            pl.lit(f"consensus-{method}").alias("rule"),
        )
    )
    names = hash_tuple(made, "rule", "comparison_id", "chosen_id", "rejected_id").alias("pair_id")
    return made.select(names, pl.exclude("comparison_id"))


def reject_rows(rows: pl.DataFrame, *, kept: tuple[str, ...] = ()) -> pl.DataFrame:
    """Make one reject of each comparison without a preferred response.

    Args:
        rows: What `label_of` returns.
        kept: Rules whose comparisons yield pairs nevertheless.
    """
    rule = pl.col("rule")
    known = {
        "subject": pl.lit("consensus"),
        "id": pl.col("comparison_id"),
        "field": pl.lit("label"),
        "rule": rule,
        "reason": rule.replace_strict(REASONS, return_dtype=pl.String),
    }
    return rows.filter(rule.is_not_null() & ~rule.is_in(kept)).select(
        known.get(name, pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in REJECT_COLUMNS.items()
    )


def notes(rows: pl.DataFrame, found: Read) -> tuple[str, ...]:
    """Say what the labels rest on, and what to be careful about."""
    if rows.is_empty():
        return ()
    by = dict(rows["label_from"].value_counts().sort("label_from").iter_rows())
    told = [f"{by[name]:,} by {words}" for name, words in _BY.items() if name in by]
    some = [f"{rows.height:,} comparisons: {', '.join(told)}"]
    n_alone = rows.filter(pl.col("n_votes") == 1).height
    if n_alone:
        some.append(f"{n_alone:,} of them rest on one vote, which nothing speaks for or against")
    mixed = found.votes.group_by("aspect").agg(pl.col("protocol").n_unique().alias("n"))
    some += [
        f"the votes on {aspect} mix choices with comparisons of ratings, which often differ; "
        "aggregate them in steps of their own"
        for aspect in mixed.filter(pl.col("n") > 1).sort("aspect")["aspect"]
    ]
    return tuple(some)
