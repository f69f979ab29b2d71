"""How well each principle explains the labels of each group, and what holds in each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution._groups.clustered import both_ways, cluster_codes
from prefdata.constitution._groups.sides import strengths
from prefdata.constitution._groups.sums import group_codes, sums_of
from prefdata.constitution.clusters import clusters_of
from prefdata.constitution.effects import measure_effects
from prefdata.constitution.groups import MIN_ANNOTATORS, group_cells
from prefdata.constitution.reconstruction import RECONSTRUCTION
from prefdata.constitution.verdict import CONSTITUTION, MAX_P
from prefdata.metrics.multiplicity import adjusted
from prefdata.metrics.shrinkage import shrunk
from prefdata.schema import polars_schema, table_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from prefdata.constitution.ballots import Ballots
    from prefdata.constitution.clusters import ClusterBy, Clusters
    from prefdata.constitution.verdict import Decided

    Floats = NDArray[np.float64]

__all__ = ["group_constitutions", "measure_groups"]

# What the caller knows: whose labels these are, and who asks.
_OTHERS = frozenset({"source", "part", "stage", "alike_id", "alike_cosine"})
_CONSTITUTION = "constitution"


def _columns() -> dict[str, pl.DataType]:
    """Return the columns of the table ``principle_effects`` but those that others fill."""
    columns = polars_schema(table_schema("principle_effects"))
    return {name: dtype for name, dtype in columns.items() if name not in _OTHERS}


def measure_groups(  # noqa: PLR0913 - the limits of what is told, all by keyword
    ballots: Ballots,
    groups: pl.DataFrame,
    *,
    cluster: ClusterBy = "auto",
    n_bootstraps: int = 2000,
    n_flips: int = 10_000,
    seed: int = 0,
    min_decisive: int = 30,
    min_annotators: int = MIN_ANNOTATORS,
    with_log_odds: bool = True,
) -> pl.DataFrame:
    """Measure each principle on the labels of each group.

    Nothing but the number of labels is told of a group that `group_cells` hides. ``q`` is over all
    principles and groups of the call. ``shrunk`` is drawn to the strength over all labels by
    empirical Bayes, with how much a principle differs between the groups that are shown; it is
    null for kinds, which may share prompts, and where no other group is shown.

    Args:
        ballots: Votes and labels; those that are ties have no part.
        groups: As from `prefdata.constitution.groups.group_labels`.
        cluster: What is drawn as a whole, within each group.
        n_bootstraps: Resamples for the intervals.
        n_flips: Flips of clusters for the tests.
        seed: Of both.
        min_decisive: Fewest decisive votes for which a principle is measured.
        min_annotators: Fewest people in a group that is shown.
        with_log_odds: Whether to fit log-odds, which takes most of the time.

    Returns:
        Columns of the table ``principle_effects`` but ``source``, ``part`` and ``stage``, by way to
        make groups, group and principle.
    """
    measure = partial(
        measure_effects,
        n_bootstraps=n_bootstraps,
        n_flips=n_flips,
        seed=seed,
        min_decisive=min_decisive,
        with_log_odds=with_log_odds,
    )
    found = [pl.DataFrame(schema=_columns())]
    for by in groups.columns:
        cells = group_cells(ballots, groups[by], min_annotators=min_annotators)
        shown = cells.filter(~pl.col("is_suppressed"))["group_value"].to_list()
        drawn = _drawn_together(ballots, groups[by], shown, min_decisive=min_decisive)
        for name, strength in zip(shown, drawn, strict=True):
            part = _of_group(ballots, groups[by], name)
            rows = measure(part, clusters=_clusters(part, cluster))
            found.append(_named(rows, by, name, drawn=strength))
        hidden = cells.filter("is_suppressed").select("group_value", "n_labels")
        found += [_suppressed(ballots, by, *cell) for cell in hidden.iter_rows()]
    whole = pl.concat(found)
    q = adjusted(whole["p"].fill_null(np.nan).to_numpy())
    return whole.with_columns(q=pl.Series(q, dtype=pl.Float64).fill_nan(None))


def group_constitutions(
    ballots: Ballots,
    groups: pl.DataFrame,
    *,
    decide: Callable[[Ballots], Decided],
    min_annotators: int = MIN_ANNOTATORS,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Choose a constitution for each group that may be shown.

    A group with too few labels has no rows among the constitutions, and the verdict of ``decide``
    among the reconstructions, as one has of which nothing holds. Groups that `group_cells` hides
    have rows in neither. What holds must hold after a correction for all groups, of all columns:
    among many groups of noise some beat a coin (Benjamini-Hochberg, at the verdict's own level).

    Args:
        ballots: Votes and labels.
        groups: As from `prefdata.constitution.groups.group_labels`.
        decide: Chooses a constitution on some labels, and says whether it holds, as
            `prefdata.constitution.verdict.decide`.
        min_annotators: Fewest people in a group that is shown.

    Returns:
        Constitutions and reconstructions, as ``decide`` returns them, with ``group_by`` and
        ``group_value`` first.
    """
    which = dict.fromkeys(("group_by", "group_value"), pl.String())
    constitutions = [pl.DataFrame(schema={**which, **CONSTITUTION})]
    reconstructions = [pl.DataFrame(schema={**which, **RECONSTRUCTION})]
    for by in groups.columns:
        cells = group_cells(ballots, groups[by], min_annotators=min_annotators)
        for name in cells.filter(~pl.col("is_suppressed"))["group_value"]:
            found = decide(_of_group(ballots, groups[by], name))
            of = {"group_by": pl.lit(by), "group_value": pl.lit(name)}
            for frames, rows in (
                (constitutions, found.constitution),
                (reconstructions, found.reconstructions),
            ):
                frames.append(rows.with_columns(**of).select(*frames[0].columns))
    return _for_many(pl.concat(constitutions), pl.concat(reconstructions))


def _for_many(
    constitutions: pl.DataFrame, reconstructions: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Let a constitution stand only if it holds for so many groups as were looked at.

    Of twenty groups of noise one beats a coin with p below .05. Groups of which no set of
    principles was found count too, with a p of 1.
    """
    is_verdict = (pl.col("predictor") == _CONSTITUTION) & (pl.col("verdict") != "too-few")
    asked = reconstructions.filter(is_verdict).with_columns(
        tried=pl.when(pl.col("n_principles") > 0).then("p").otherwise(1.0)
    )
    if asked.is_empty():
        return constitutions, reconstructions
    q = pl.Series("q", adjusted(asked["tried"].fill_null(1.0).to_numpy()))
    fallen = asked.with_columns(q).filter((pl.col("verdict") == "holds") & (pl.col("q") >= MAX_P))
    key = ["group_by", "group_value"]
    told = fallen.select(
        *key,
        told=pl.format(
            "{} For one of {} groups that is no more than chance: p adjusted for all is {}.",
            "why",
            pl.lit(asked.height),
            pl.col("q").round(3),
        ),
    )
    is_fallen = (pl.col("predictor") == _CONSTITUTION) & pl.col("told").is_not_null()
    judged = reconstructions.join(told, on=key, how="left", maintain_order="left").with_columns(
        verdict=pl.when(is_fallen).then(pl.lit("nothing-holds")).otherwise("verdict"),
        why=pl.when(is_fallen).then("told").otherwise("why"),
    )
    kept = constitutions.join(fallen, on=key, how="anti", maintain_order="left")
    return kept, judged.drop("told")


def _of_group(ballots: Ballots, values: pl.Series, name: str) -> Ballots:
    """Return the labels of one group."""
    return ballots.of_labels((values == name).fill_null(value=False))


def _named(rows: pl.DataFrame, by: str, name: str, *, drawn: Floats) -> pl.DataFrame:
    """Say whose effects these are."""
    return rows.with_columns(
        group_by=pl.lit(by),
        group_value=pl.lit(name),
        shrunk=pl.Series(drawn, dtype=pl.Float64).fill_nan(None),
    ).select(*_columns())


def _clusters(ballots: Ballots, cluster: ClusterBy) -> Clusters:
    """Return the clusters of a group: prompts where annotators are asked for, and it names none."""
    is_named = ballots.labels["annotator_id"].is_not_null().any()
    return clusters_of(ballots, cluster if is_named else "prompt")


def _drawn_together(
    ballots: Ballots, values: pl.Series, shown: list[str], *, min_decisive: int
) -> Floats:
    """Return the shrunken strengths of the groups that are shown, ``(n_groups, p)``."""
    by, n = str(values.name), len(shown)
    if by == "kind" or n == 0:
        return np.full((n, ballots.principles.height), np.nan)
    group = group_codes(values, shown)
    sums = sums_of(ballots, group, cluster_codes(ballots, by), n_groups=n)
    found = both_ways(ballots, group, by, strengths, n_groups=n)
    is_measured = sums.decisive >= min_decisive
    one_group = np.zeros(len(group), np.int64)
    whole = strengths(sums_of(ballots, one_group, one_group, n_groups=1)).strengths[0]
    return shrunk(np.where(is_measured, found.strengths, np.nan), found.variances, whole)


def _suppressed(ballots: Ballots, by: str, name: str, n_labels: int) -> pl.DataFrame:
    """Return rows that tell no more of a group than how many labels it has."""
    told = {
        "group_by": pl.lit(by),
        "group_value": pl.lit(name),
        "principle_id": pl.col("principle_id"),
        "status": pl.lit("suppressed"),
        "n_labels": pl.lit(n_labels),
    }
    return ballots.principles.select(
        told.get(column, pl.lit(None)).cast(dtype).alias(column)
        for column, dtype in _columns().items()
    )
