"""What is compared: judgments as cases, and why some cannot yield a pair.

A case is one judgment, or, for means over aspects, what one annotator said of one prompt.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

__all__ = ["MEAN", "Cases", "cases_of", "mean_cases_of", "parallel"]

MEAN = "mean-aspects"
"""Rule and aspect of pairs made of means over aspects."""

_AUTO = {"pairwise": "pairs", "best_of_k": "choice", "rating": "ratings"}
_MIN_RESPONSES = 2


@dataclass(frozen=True, slots=True)
class Cases:
    """Everything that may yield pairs, and which judgments are behind it."""

    frame: pl.DataFrame
    """One row per case, in order: judgment_id (null for several), key, prompt_id, annotator_id,
    aspect, rule, response_ids, chosen, scores, unit, strength, n_votes, is_tie, and refusal: the
    rule under which it yields no pair, or null."""
    of_judgments: pl.Series
    """For each judgment the number of its case."""


def cases_of(
    judgments: pl.DataFrame,
    *,
    rule: str,
    is_several_skipped: bool,
    has_tied_pairs: bool,
    is_bad_a_tie: bool,
) -> Cases:
    """Make a case of each judgment.

    Args:
        judgments: The judgments of the aspects asked for.
        rule: ``auto``, or the rule for all of them.
        is_several_skipped: Whether a case with several chosen responses is refused.
        has_tied_pairs: Whether ties are to become pairs.
        is_bad_a_tie: Whether the outcome ``both_bad`` is a tie.
    """
    named = (
        pl.col("protocol").replace_strict(_AUTO, default=None, return_dtype=pl.String)
        if rule == "auto"
        else pl.lit(rule)
    )
    n_chosen = pl.col("chosen").list.sum().fill_null(0)
    outcome = pl.col("outcome").fill_null("")
    is_bad = outcome == "both_bad"
    is_tie = (outcome == "tie") | is_bad if is_bad_a_tie else outcome == "tie"
    is_choice = pl.col("rule") != "ratings"
    n_shown = pl.col("response_ids").list.len()
    is_several = (n_chosen > 1) & (pl.lit(is_several_skipped) | (n_chosen == n_shown))
    tests = {
        "not-comparable": pl.col("rule").is_null()
        | (pl.col("rule").is_in(["pairs", "labels"]) & (pl.col("protocol") != "pairwise"))
        | (is_choice & pl.col("outcome").is_null() & pl.col("chosen").is_null()),
        "one-response": n_shown < _MIN_RESPONSES,
        "tie": is_choice & is_tie & ~pl.lit(has_tied_pairs),
        "both-bad": is_choice & is_bad & ~is_tie,
        "not-given": is_choice & ~is_tie & (n_chosen == 0),
        "several-chosen": is_choice & is_several,
        "missing-score": ~is_choice & (_n_scored() < _MIN_RESPONSES),
    }
    frame = (
        judgments.with_columns(rule=named)
        .with_columns(is_tie=is_choice & is_tie, refusal=_first(tests))
        .select(
            "judgment_id",
            pl.col("judgment_id").alias("key"),
            "prompt_id",
            "annotator_id",
            "aspect",
            "rule",
            "response_ids",
            "chosen",
            "scores",
            _unit(),
            "strength",
            pl.lit(1, pl.Int32).alias("n_votes"),
            pl.col("is_tie").fill_null(value=False),
            "refusal",
        )
    )
    return Cases(frame, pl.int_range(judgments.height, dtype=pl.UInt32, eager=True))


def mean_cases_of(judgments: pl.DataFrame) -> Cases:
    """Make a case of all judgments of one annotator on one prompt, with mean scores.

    The mean of a response is taken over the scores that it has; a response that any of the
    judgments shows is part of the case.
    """
    who = ["prompt_id", "annotator_id"]
    head = (
        judgments.group_by(who, maintain_order=True)
        .agg(
            pl.len().cast(pl.Int32).alias("n_votes"),
            *(
                pl.when(pl.col(name).n_unique() == 1).then(pl.col(name).first()).alias(name)
                for name in ("scale_min", "scale_max")
            ),
        )
        .with_row_index("case")
    )
    members = judgments.select(*who, "response_ids", scores=parallel("scores", pl.Float64())).join(
        head.select("case", *who), on=who, how="left", maintain_order="left", nulls_equal=True
    )
    means = (
        members.explode("response_ids", "scores")
        .group_by("case", "response_ids", maintain_order=True)
        .agg(pl.col("scores").mean())
        .group_by("case", maintain_order=True)
        .agg("response_ids", "scores")
    )
    whole = head.join(means, on="case", how="left", maintain_order="left")
    tests = {
        "one-response": pl.col("response_ids").list.len() < _MIN_RESPONSES,
        "missing-score": _n_scored() < _MIN_RESPONSES,
    }
    nothing = pl.lit(None, pl.String)
    frame = whole.select(
        nothing.alias("judgment_id"),
        pl.concat_str("prompt_id", "annotator_id", separator="/").alias("key"),
        *who,
        pl.lit(MEAN).alias("aspect"),
        pl.lit("ratings").alias("rule"),
        "response_ids",
        pl.lit(None, pl.List(pl.Boolean)).alias("chosen"),
        "scores",
        _unit(),
        nothing.alias("strength"),
        "n_votes",
        pl.lit(value=False).alias("is_tie"),
        _first(tests).alias("refusal"),
    )
    return Cases(frame, members["case"])


def parallel(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return a list column that is as long as ``response_ids``, with nulls where it was null."""
    nothing = pl.lit(None, dtype).repeat_by(pl.col("response_ids").list.len())
    return pl.when(pl.col(column).is_not_null()).then(column).otherwise(nothing)


def _n_scored() -> pl.Expr:
    return pl.col("scores").list.drop_nulls().list.len().fill_null(0)


def _first(tests: dict[str, pl.Expr]) -> pl.Expr:
    """Return the name of the first test that is true."""
    return pl.coalesce(pl.when(test).then(pl.lit(name)) for name, test in tests.items())


def _unit() -> pl.Expr:
    ends = [
        pl.col(name).cast(pl.String).str.strip_suffix(".0") for name in ("scale_min", "scale_max")
    ]
    has_scale = pl.col("scale_min").is_not_null() & pl.col("scale_max").is_not_null()
    return (
        pl.when(has_scale)
        .then(pl.format("points of {}-{}", *ends))
        .otherwise(pl.lit("points"))
        .alias("unit")
    )
