"""Rows of `judgments`, `annotators` and `flags`, and of the quarantine, from a constitution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.applied import FAILED_VOTE, MISSING_VOTE
from prefdata.constitution.ballots import FAILED, INCONSISTENT, NOT_APPLICABLE
from prefdata.core.fingerprint import canonical_json
from prefdata.stages._findings import findings
from prefdata.tables.bundle import REJECT_COLUMNS
from prefdata.tables.comparisons import comparison_ids
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.constitution.applied import Said
    from prefdata.constitution.model import Constitution
    from prefdata.protocols import Context

__all__ = ["FLAG", "annotator_rows", "flag_rows", "judgment_rows", "reject_rows"]

FLAG = "violates-constitution"

_PROTOCOL = "pairwise"
_REASONS = {
    MISSING_VOTE: "not every step of votes voted on this comparison",
    FAILED_VOTE: "a principle of the constitution has no vote, because it could not be had",
}


def annotator_rows(
    judge: Constitution, context: Context, *, margin: float, each: bool
) -> pl.DataFrame:
    """Make the row of a constitution, and of each of its principles, without source and stage.

    Args:
        judge: The constitution.
        context: Names source and step.
        margin: As in the parameters.
        each: Whether principles judge alone, too.
    """
    rules = judge.principles.select("principle_id", "sentence", "is_opposite", "weight").to_dicts()
    before = f"{context.source}:{context.step}/"
    rows = [
        {
            "annotator_id": f"{before}constitution@{judge.name}",
            "raw": canonical_json({"principles": rules, "margin": margin}),
        }
    ]
    if each:
        names = judge.principles.select(pl.coalesce("name", "principle_id")).to_series()
        rows += [
            {"annotator_id": f"{before}{name}", "raw": canonical_json(rule)}
            for name, rule in zip(names, rules, strict=True)
        ]
    return pl.DataFrame(rows).with_columns(kind=pl.lit("rule"))


def judgment_rows(said: Said, annotators: pl.DataFrame, *, each: bool) -> pl.DataFrame:
    """Make rows of `judgments`, without source and stage.

    A principle alone says nothing where it does not apply.

    Args:
        said: What the constitution says.
        annotators: As `annotator_rows` returns them.
        each: Whether principles judge alone, too.
    """
    is_told = said.comparisons["rule"].is_null()
    told = said.comparisons.filter(is_told)
    first, *others = annotators["annotator_id"]
    parts = [_choices(told, first).with_columns(scale_min=pl.lit(0.0), scale_max=pl.lit(1.0))]
    votes = said.votes[is_told.to_numpy()]
    for column, annotator in enumerate(others if each else ()):
        vote = votes[:, column].astype(np.float64)
        alone = told.with_columns(
            side=pl.Series(np.where(vote == INCONSISTENT, 0.0, vote)), probability=pl.lit(None)
        )
        applies = pl.Series(votes[:, column] != NOT_APPLICABLE)
        none = pl.lit(None, pl.Float64)
        parts.append(
            _choices(alone.filter(applies), annotator).with_columns(scale_min=none, scale_max=none)
        )
    return pl.concat(parts)


def _choices(told: pl.DataFrame, annotator: str) -> pl.DataFrame:
    side, probability = pl.col("side"), pl.col("probability").cast(pl.Float64)
    sides = ("response_a_id", "response_b_id")
    key = (pl.lit(annotator), "prompt_id", "aspect", pl.lit(_PROTOCOL), *sides)
    return told.with_columns(judgment_id=hash_tuple(told, *key)).select(
        "judgment_id",
        "prompt_id",
        "aspect",
        annotator_id=pl.lit(annotator),
        protocol=pl.lit(_PROTOCOL),
        outcome=pl.when(side == 0).then(pl.lit("tie")).otherwise(pl.lit("chosen")),
        response_ids=pl.concat_list(sides),
        # A rule sees both at once.
        is_order_known=pl.lit(value=False),
        chosen=pl.concat_list(side > 0, side < 0),
        scores=pl.when(probability.is_not_null()).then(
            pl.concat_list(probability, 1 - probability)
        ),
    )


def flag_rows(
    pairs: pl.DataFrame, said: Said, places: pl.DataFrame, *, flag_at: float
) -> tuple[pl.DataFrame, int, int]:
    """Make a flag of each pair whose rejected response the constitution prefers.

    The two pairs of a tie, one each way, say nothing that it could agree with or speak against.

    Args:
        pairs: Rows of `pairs`.
        said: What the constitution says of their comparisons.
        places: As `prefdata.constitution.model.placed` returns them.
        flag_at: Smallest probability of the rejected response.

    Returns:
        Rows of `flags`, and how many pairs it agrees with and how many not.
    """
    judged = said.comparisons.select("comparison_id", "probability", "side").with_row_index("at")
    said_once = (
        pl.col("is_one_a").n_unique().over("comparison_id", "annotator_id", "judgment_id") == 1
    )
    named = (
        comparison_ids(pairs, "chosen_id", "rejected_id")
        .filter(said_once)
        .join(judged, on="comparison_id")
    )
    chosen = pl.when("is_one_a").then(1.0).otherwise(-1.0)
    turned = named.with_columns(
        chosen=chosen,
        agrees=pl.col("side") * chosen,
        against=pl.when("is_one_a").then(1 - pl.col("probability")).otherwise("probability"),
    )
    n_agree, n_against = (int((turned["agrees"] == way).sum()) for way in (1, -1))
    bad = turned.filter((pl.col("agrees") < 0) & (pl.col("against") >= flag_at)).sort("pair_id")
    rows: NDArray[np.intp] = bad["at"].to_numpy().astype(np.intp)
    most = said.reasons_against(rows, bad["chosen"].to_numpy())
    because = places["sentence"].gather(most)
    reason = pl.format(
        "The constitution prefers the rejected response with a probability of {}, above all by: {}",
        pl.col("against").round(2),
        pl.col("because"),
    )
    found = findings(
        bad.with_columns(because=because),
        key="pair_id",
        subject="pairs",
        flag=FLAG,
        reason=reason,
        value="against",
    )
    return found, n_agree, n_against


def reject_rows(said: Said, places: pl.DataFrame) -> pl.DataFrame:
    """Make one reject of each comparison of which the constitution can say nothing.

    Args:
        said: What it says of the others.
        places: As `prefdata.constitution.model.placed` returns them.
    """
    is_bad = said.comparisons["rule"].is_not_null()
    bad = said.comparisons.filter(is_bad)
    failed = said.votes[is_bad.to_numpy()] == FAILED
    first = places["sentence"].gather(failed.argmax(axis=1) if len(failed) else [])
    rule = pl.col("rule")
    why = pl.concat_str(
        rule.replace_strict(_REASONS, return_dtype=pl.String),
        pl.when(rule == FAILED_VOTE).then(pl.lit(": ") + pl.col("first")).otherwise(pl.lit("")),
    )
    known = {
        "subject": pl.lit("judgments"),
        "id": pl.col("comparison_id"),
        "field": pl.lit("outcome"),
        "rule": rule,
        "reason": why,
    }
    return bad.with_columns(first=first).select(
        known.get(name, pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in REJECT_COLUMNS.items()
    )
