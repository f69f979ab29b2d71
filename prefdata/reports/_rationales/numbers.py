"""What is counted: by kind, by check, by control; shares with their 95 % intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.metrics.recall import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.reports._rationales.read import Gated

__all__ = [
    "by_attempt",
    "by_check",
    "by_group",
    "by_order",
    "pairs_by_kind",
    "power",
    "status_counts",
    "whole_gate",
]

WHOLE = "any"
"""The check that stands for the whole gate."""
CLEAN = "clean"
"""The control that is no control: rationales as they were written."""


def by_group(gated: Gated, by: Sequence[str]) -> pl.DataFrame:
    """Return how many rationales passed, by columns of theirs."""
    counted = gated.rows.group_by(by).agg(
        rationales=pl.len(),
        passed=pl.col("is_passed").sum(),
        kept=pl.col("is_kept").sum(),
        words=pl.col("n_words").filter("is_kept").median(),
    )
    return _with_share(counted, "passed", "rationales").sort(by)


def pairs_by_kind(gated: Gated) -> pl.DataFrame:
    """Return of how many pairs each kind has a kept rationale."""
    counted = (
        gated.rows.filter(pl.col("pair_id").is_not_null())
        .group_by("source", "kind", "pair_id")
        .agg(is_kept=pl.col("is_kept").any())
        .group_by("source", "kind")
        .agg(pairs=pl.len(), kept=pl.col("is_kept").sum())
    )
    return _with_share(counted, "kept", "pairs").sort("source", "kind")


def by_check(gated: Gated) -> pl.DataFrame:
    """Return how many rationales each check saw, failed, and could not tell of."""
    counted = gated.checks.group_by("check_name").agg(
        seen=pl.len(),
        failed=(~pl.col("is_passed")).sum(),
        abstained=pl.col("is_passed").is_null().sum(),
        median=pl.col("value").median(),
    )
    told = counted.with_columns(decided=pl.col("seen") - pl.col("abstained"))
    return _with_share(told, "failed", "decided").sort(
        "failed", "check_name", descending=[True, False]
    )


def by_order(gated: Gated) -> pl.DataFrame:
    """Return how many rationales passed, by whether the chosen response is called X."""
    known = gated.rows.filter(pl.col("is_chosen_x").is_not_null() & (pl.col("status") == "ok"))
    counted = known.group_by("is_chosen_x").agg(
        rationales=pl.len(), passed=pl.col("is_passed").sum()
    )
    return _with_share(counted, "passed", "rationales").sort("is_chosen_x", descending=True)


def by_attempt(gated: Gated) -> pl.DataFrame:
    """Return how many rationales of each attempt passed."""
    counted = gated.rows.group_by("attempt").agg(
        rationales=pl.len(), passed=pl.col("is_passed").sum()
    )
    return _with_share(counted, "passed", "rationales").sort("attempt")


def status_counts(gated: Gated) -> pl.DataFrame:
    """Return what came of the writing, by kind and origin."""
    return (
        gated.rows.group_by("kind", "origin", "status")
        .agg(rationales=pl.len())
        .sort("kind", "origin", "status")
    )


def power(gated: Gated, by: Sequence[str] = ("control", "check_name")) -> pl.DataFrame:
    """Return what share of each control each check rejects, over all sources.

    ``n_groups`` counts the sources and kinds that are pooled, ``n_missed`` those of them in which
    what is required was not met: a pooled share can hide one.

    Args:
        gated: The rationales.
        by: Columns of ``gate_power``.
    """
    counted = gated.power.group_by(by).agg(
        n=pl.col("n").sum(),
        n_rejected=pl.col("n_rejected").sum(),
        n_abstained=pl.col("n_abstained").sum(),
        required=pl.col("required").max(),
        n_groups=pl.len(),
        n_missed=(~pl.col("is_met")).sum(),
        n_asked=pl.col("is_met").count(),
    )
    return _with_share(counted, "n_rejected", "n").sort(by)


def whole_gate(gated: Gated) -> pl.DataFrame:
    """Return what the whole gate does with each control, by kind; those as they were first.

    ``is_met`` is true where the requirement is met in every source, null where none is made.
    """
    found = power(gated, ("kind", "control", "check_name")).filter(check_name=WHOLE)
    is_met = pl.when(pl.col("n_asked") > 0).then(pl.col("n_missed") == 0)
    return found.with_columns(is_met=is_met).sort("kind", pl.col("control") != CLEAN, "control")


def _with_share(counted: pl.DataFrame, part: str, whole: str) -> pl.DataFrame:
    """Add ``share``, ``low`` and ``high``; null where there is nothing to have a share of."""
    rows = [
        (k / n, *wilson_interval(k / n, n)) if n else (None, None, None)
        for k, n in counted.select(part, whole).iter_rows()
    ]
    shares = pl.DataFrame(
        rows, schema=dict.fromkeys(("share", "low", "high"), pl.Float64), orient="row"
    )
    return pl.concat([counted, shares], how="horizontal")
