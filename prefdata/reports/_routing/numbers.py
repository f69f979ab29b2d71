"""Counts over a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from prefdata.reports._routing.read import Planned

__all__ = ["at_the_budget", "by_arm", "by_batch", "first_asked", "main_agreements", "tags"]

_ALL = "all"


def by_arm(planned: Planned) -> pl.DataFrame:
    """Count comparisons, judgments and money by role and arm."""
    return _sums(planned.routes, ["source", "aspect", "role", "arm"])


def by_batch(planned: Planned) -> pl.DataFrame:
    """Count what each batch asks."""
    asked = planned.routes.filter(pl.col("batch").is_not_null())
    return _sums(asked, ["source", "aspect", "batch"])


def _sums(routes: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    return (
        routes.group_by(keys)
        .agg(
            comparisons=pl.len(),
            votes=pl.col("n_votes").sum(),
            cost=pl.col("cost").sum().round(6),
            currency=pl.col("currency").min(),
        )
        .sort(keys)
    )


def at_the_budget(planned: Planned) -> pl.DataFrame:
    """Return each router's verdict, with its measures at the chosen budget."""
    chosen = planned.curves.join(
        planned.verdicts.select("source", "aspect", "router", "share"),
        on=["source", "aspect", "router", "share"],
        how="semi",
    )
    keys = ["source", "aspect", "router"]
    found = planned.verdicts.select(
        *keys, "verdict", "is_chosen", "share", "spend", "reason", "rank_correlation"
    )
    for measure, name in (("label-accuracy", "label"), ("model-log-loss", "loss")):
        of_measure = chosen.filter(pl.col("measure") == measure).select(
            *keys,
            pl.col("difference").alias(name),
            pl.col("difference_low").alias(f"{name}_low"),
            pl.col("difference_high").alias(f"{name}_high"),
            pl.col("recovered").alias(f"{name}_recovered"),
        )
        found = found.join(of_measure.unique(keys), on=keys, how="left")
    order = ["source", "aspect", "is_chosen", "label", "router"]
    return found.sort(order, descending=[False, False, True, True, False], nulls_last=True)


def tags(planned: Planned) -> pl.DataFrame:
    """Return which tags explain the queue: how often among the three, and what they contribute."""
    asked = planned.routes.filter((pl.col("role") == "pool") & (pl.col("n_votes") > 0))
    return (
        asked.select("source", "aspect", "why", "why_gains")
        .explode("why", "why_gains")
        .drop_nulls("why")
        .group_by("source", "aspect", tag="why")
        .agg(comparisons=pl.len(), gain=pl.col("why_gains").mean())
        .sort(["source", "aspect", "comparisons", "tag"], descending=[False, False, True, False])
        .group_by("source", "aspect", maintain_order=True)
        .head(12)
    )


def first_asked(planned: Planned, k: int) -> pl.DataFrame:
    """Return the comparisons at the head of each queue."""
    asked = planned.routes.filter(pl.col("rank").is_not_null() & (pl.col("n_votes") > 0))
    return (
        asked.sort("source", "aspect", "rank")
        .group_by("source", "aspect", maintain_order=True)
        .head(k)
    )


def main_agreements(planned: Planned) -> pl.DataFrame:
    """Return the coefficients over everything, and Krippendorff's alpha of people by group.

    Those that are not defined, such as one of judgments that all agree, are left out.
    """
    rows = planned.agreements
    if rows.is_empty():
        return rows
    rows = rows.drop_nulls("value")
    is_all = pl.col("group_by") == _ALL
    is_shown = (pl.col("coefficient") == "krippendorff-nominal") & (pl.col("among") == "human")
    return rows.filter(is_all | is_shown).sort(
        ~is_all, "source", "aspect", "among", "coefficient", "group_by", "group_value"
    )
