"""Rows of `pairs`, and of the quarantine, from compared cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.stages._make_pairs.cases import MEAN
from prefdata.tables.bundle import REJECT_COLUMNS
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from prefdata.stages._make_pairs.cases import Cases
    from prefdata.stages._make_pairs.compare import Compared

__all__ = ["REASONS", "pair_rows", "reject_rows"]

REASONS = {
    "not-comparable": ("protocol", "The rule cannot compare responses judged this way."),
    "one-response": ("response_ids", "Fewer than two responses were shown."),
    "tie": (None, "No response came out above another one."),
    "both-bad": ("outcome", "All responses were found bad."),
    "not-given": ("outcome", "No response was chosen."),
    "several-chosen": ("chosen", "More than one response is chosen, or all are."),
    "missing-score": ("scores", "Fewer than two responses have a score."),
    "within-tie-band": ("scores", "No two scores differ by more than the tie band."),
    "identical-responses": (None, "The responses have the same words."),
    "empty-response": (None, "One of the two responses has no text."),
}
"""Field at fault and sentence of each rule under which a judgment yields no pair."""


def pair_rows(cases: Cases, compared: Compared) -> pl.DataFrame:
    """Make rows of `pairs`, without source and stage, which the runner fills."""
    pairs, frame = compared.pairs, cases.frame
    taken = ("prompt_id", "aspect", "rule", "key", "judgment_id", "annotator_id", "strength")
    rows = pairs.with_columns(
        **{name: frame[name].gather(pairs["index"]) for name in taken if name not in pairs.columns},
        n_votes=frame["n_votes"].gather(pairs["index"])
        if compared.votes is None
        else compared.votes,
    )
    rule = pl.when(pl.col("aspect") == MEAN).then(pl.lit(MEAN)).otherwise("rule")
    if compared.votes is not None:
        nothing = pl.lit(None, pl.String)
        alone = ("judgment_id", "annotator_id", "strength")
        rows = rows.with_columns(nothing.alias(name) for name in alone)
        rule = pl.concat_str(rule, pl.lit("-majority"))
    rows = rows.with_columns(rule=rule)
    return rows.select(
        hash_tuple(rows, "rule", "key", "chosen_id", "rejected_id").alias("pair_id"),
        "prompt_id",
        "chosen_id",
        "rejected_id",
        "judgment_id",
        "annotator_id",
        "aspect",
        "margin",
        "margin_unit",
        "strength",
        "n_votes",
        "rule",
    )


def reject_rows(judgments: pl.DataFrame, cases: Cases, compared: Compared) -> pl.DataFrame:
    """Make one reject of each judgment whose case yields no pair."""
    rules = compared.refusals.gather(cases.of_judgments).alias("rule")
    rows = judgments.select("judgment_id", "file", "row", rules).filter(
        pl.col("rule").is_not_null()
    )
    fields = {name: field for name, (field, _) in REASONS.items()}
    reasons = {name: reason for name, (_, reason) in REASONS.items()}
    rule = pl.col("rule")
    return rows.select(
        "file",
        "row",
        pl.lit("judgments").alias("subject"),
        pl.col("judgment_id").alias("id"),
        rule.replace_strict(fields, return_dtype=pl.String).alias("field"),
        "rule",
        rule.replace_strict(reasons, return_dtype=pl.String).alias("reason"),
        pl.lit(None, pl.String).alias("raw"),
    ).select(pl.col(name).cast(dtype) for name, dtype in REJECT_COLUMNS.items())
