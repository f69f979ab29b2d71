"""Where groups reward different things: contrasts of strengths, with intervals and tests."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from prefdata.constitution._groups.clustered import both_ways, cluster_codes
from prefdata.constitution._groups.resampling import difference_intervals
from prefdata.constitution._groups.sides import (
    against_rest,
    reweighted_differences,
    strengths,
)
from prefdata.constitution._groups.strata import strata_of
from prefdata.constitution._groups.sums import group_codes, sums_of
from prefdata.constitution.groups import MIN_ANNOTATORS, group_cells
from prefdata.metrics.heterogeneity import cochran_q, difference_p, expansion
from prefdata.metrics.multiplicity import adjusted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from prefdata.constitution._groups.sides import Against
    from prefdata.constitution.ballots import Ballots

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["ANY", "CONTRAST", "KINDS", "REST", "measure_contrasts"]

REST = "rest"
"""The reference of a group that is held against all other groups that are shown."""
ANY = "all"
"""Group and reference of the test of any difference between groups."""
KINDS = ("human", "group", "model", "rule")
"""Kinds of annotators, in the order in which one is held against another."""

CONTRAST: Mapping[str, pl.DataType] = {
    "principle_id": pl.String(),
    "group_by": pl.String(),
    "group_value": pl.String(),
    "reference": pl.String(),
    "status": pl.String(),
    "n_labels": pl.Int64(),
    "n_reference": pl.Int64(),
    "strength": pl.Float64(),
    "reference_strength": pl.Float64(),
    "difference": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "p": pl.Float64(),
    "q": pl.Float64(),
    "reweighted": pl.Float64(),
    "statistic": pl.Float64(),
}
"""Columns of the table ``principle_contrasts`` but ``source`` and ``stage``."""

_FIGURES = [name for name, dtype in CONTRAST.items() if dtype == pl.Float64()]
_TWO = 2


def measure_contrasts(
    ballots: Ballots,
    groups: pl.DataFrame,
    *,
    n_bootstraps: int = 2000,
    seed: int = 0,
    min_decisive: int = 30,
    min_annotators: int = MIN_ANNOTATORS,
) -> pl.DataFrame:
    """Hold the strength of each principle in each group against that in the other groups.

    A group is compared with all other groups that are shown together (`REST`), or with the other
    one where two are shown; where one is, there is nothing to compare. Kinds of annotators are
    compared two at a time, on the comparisons that both labelled: people with models, on the same
    pairs. Nothing of a group that `group_cells` hides, and nothing of labels without a group, is
    in any figure but the number of its labels.

    Annotators are the clusters of columns of annotators; prompts, by their opening, are those of
    kinds and of columns of prompts, and are drawn with what both sides said of them. What labels
    of the other way of clustering add is added: of several annotators of one prompt, or of one
    annotator of several prompts. Intervals are percentiles of a bootstrap
    over clusters, expanded for clusters being few; ``p`` is two-sided, by Student's t on the
    standard error that is robust to clusters, with Satterthwaite's degrees of freedom. Last for
    each principle comes a test whether the groups differ at all, Cochran's Q with Welch's
    correction for variances that few clusters tell; it is left out for kinds, which share prompts
    and so are not independent. ``q`` is over all principles and groups of the call, for contrasts
    and for tests of any difference apart, since these say the same again.

    Args:
        ballots: Votes and labels; those that are ties have no part.
        groups: As from `prefdata.constitution.groups.group_labels`.
        n_bootstraps: How often clusters are drawn for the intervals.
        seed: Of these draws.
        min_decisive: Fewest decisive votes of a principle on either side; with fewer, or with
            one cluster on a side, there is no interval and no test.
        min_annotators: Fewest people in a group that is shown.

    Returns:
        Columns of `CONTRAST`, by way to make groups, group and principle.
    """
    asked = _Asked(n_bootstraps, seed, min_decisive)
    found = [pl.DataFrame(schema=dict(CONTRAST))]
    # Graded labels are no whole numbers, and more threads may add up in another order.
    with threadpool_limits(1):
        for by in groups.columns:
            cells = group_cells(ballots, groups[by], min_annotators=min_annotators)
            found.extend(_contrasts(ballots, groups[by], cells, asked))
    return _with_q(pl.concat(found))


def _with_q(rows: pl.DataFrame) -> pl.DataFrame:
    """Correct for how many tests there are, those of any difference apart."""
    is_any = (rows["reference"] == ANY).to_numpy()
    p = rows["p"].fill_null(np.nan).to_numpy()
    q = np.full(len(p), np.nan)
    for part in (is_any, ~is_any):
        q[part] = adjusted(p[part])
    return rows.with_columns(q=pl.Series(q, dtype=pl.Float64).fill_nan(None))


@dataclass(frozen=True, slots=True)
class _Asked:
    n_bootstraps: int
    seed: int
    min_decisive: int


def _contrasts(
    ballots: Ballots, values: pl.Series, cells: pl.DataFrame, asked: _Asked
) -> list[pl.DataFrame]:
    """Return the contrasts of one way to make groups, and the test of any difference."""
    by = values.name
    shown = cells.filter(~pl.col("is_suppressed"))["group_value"].to_list()
    hidden = [
        _frame(ballots, by, [value], REST, {"n_labels": np.full((1, 1), n), "status": "suppressed"})
        for value, n in cells.filter("is_suppressed").select("group_value", "n_labels").iter_rows()
    ]
    if by == "kind":
        pairs = combinations(sorted(shown, key=_rank_of_kind), _TWO)
        return [_against(ballots, values, pair, asked) for pair in pairs]
    if len(shown) < _TWO:
        return hidden
    return [
        *hidden,
        _against(ballots, values, shown, asked),
        _any(ballots, values, shown, asked),
    ]


def _rank_of_kind(kind: str) -> tuple[int, str]:
    return (KINDS.index(kind) if kind in KINDS else len(KINDS), kind)


def _against(
    ballots: Ballots, values: pl.Series, names: Sequence[str], asked: _Asked
) -> pl.DataFrame:
    """Hold each group against the others, or the first of two against the second."""
    by = values.name
    is_pair = len(names) == _TWO
    group = group_codes(values, names)
    strata = strata_of(ballots, by)
    if by == "kind":
        # On what both labelled, each comparison is a stratum of its own.
        strata = ballots.labels["at"].to_numpy().astype(np.int64)
        group = _on_both(group, strata, ballots.labels["y"].to_numpy())
    n = len(names)
    sums = sums_of(ballots, group, cluster_codes(ballots, by), n_groups=n)
    found = both_ways(ballots, group, by, against_rest, n_groups=n)
    ends = difference_intervals(sums, n_bootstraps=asked.n_bootstraps, seed=asked.seed)
    wider = _wider(found)
    low, high = (found.differences + wider * (end - found.differences) for end in ends)
    others = sums.decisive.sum(axis=0) - sums.decisive
    is_enough = np.minimum(sums.decisive, others) >= asked.min_decisive
    # A side of one cluster has no error.
    is_measured = is_enough & np.isfinite(found.variances)
    told = {
        "low": np.maximum(low, -2.0),
        "high": np.minimum(high, 2.0),
        "p": difference_p(found.differences, found.variances, found.degrees),
        "reweighted": reweighted_differences(sums_of(ballots, group, strata, n_groups=n)),
    }
    told = {name: np.where(is_measured, figure, np.nan) for name, figure in told.items()}
    told |= {
        "n_labels": found.n_labels[:, None],
        "n_reference": found.n_rest[:, None],
        "strength": found.group.strengths,
        "reference_strength": found.rest.strengths,
        "difference": found.differences,
        "status": np.where(is_measured, "measured", "not-measurable"),
    }
    n_told = 1 if is_pair else n
    told = {name: figure[:n_told] for name, figure in told.items()}
    return _frame(ballots, by, names[:n_told], names[1] if is_pair else REST, told)


def _any(ballots: Ballots, values: pl.Series, names: Sequence[str], asked: _Asked) -> pl.DataFrame:
    """Test whether the groups differ at all."""
    by = values.name
    group = group_codes(values, names)
    n = len(names)
    sums = sums_of(ballots, group, cluster_codes(ballots, by), n_groups=n)
    found = both_ways(ballots, group, by, strengths, n_groups=n)
    known = np.where(sums.decisive >= asked.min_decisive, found.strengths, np.nan)
    test = cochran_q(known, found.variances, degrees=found.degrees)
    n_labels = np.full((1, 1), sums.n_labels.sum())
    told = {
        "p": test.p[None],
        "statistic": test.statistic[None],
        "n_labels": n_labels,
        "n_reference": n_labels,
        "status": np.where(np.isfinite(test.p), "measured", "not-measurable")[None],
    }
    return _frame(ballots, by, [ANY], ANY, told)


def _frame(
    ballots: Ballots,
    by: str,
    names: Sequence[str],
    reference: str,
    told: Mapping[str, NDArray[np.generic] | str],
) -> pl.DataFrame:
    """Put figures, ``(n_groups, n_principles)`` or what stretches to it, in rows."""
    ids = ballots.principles["principle_id"].to_list()
    shape = (len(names), len(ids))
    empty: dict[str, Any] = {
        name: 0 if dtype == pl.Int64() else np.nan for name, dtype in CONTRAST.items()
    }
    texts: dict[str, Any] = {
        "principle_id": np.array([ids]),
        "group_by": by,
        "reference": reference,
    }
    texts["group_value"] = np.array(names)[:, None]
    columns = {
        name: np.broadcast_to(value, shape).ravel()
        for name, value in {**empty, **texts, **told}.items()
    }
    return pl.DataFrame(
        [
            pl.Series(name, columns[name].tolist() if dtype == pl.String() else columns[name]).cast(
                dtype
            )
            for name, dtype in CONTRAST.items()
        ]
    ).with_columns(pl.col(_FIGURES).fill_nan(None))


def _wider(found: Against) -> Floats:
    """Return how much wider intervals are than the draws, which see no more than clusters.

    They miss what leans together otherwise, and how unsure few clusters are.
    """
    drawn = found.uncorrected
    missed = np.divide(found.variances, drawn, out=np.ones_like(drawn), where=drawn > 0)
    return np.sqrt(missed) * expansion(found.degrees)


def _on_both(group: Ints, at: Ints, y: Floats) -> Ints:
    """Leave out labels of comparisons that only one of two groups labelled."""
    n = int(at.max(initial=-1)) + 1
    is_on = np.ones(n, bool)
    for one in (0, 1):
        is_on &= np.bincount(at[(group == one) & (y != 0)], minlength=n) > 0
    return np.where(is_on[at], group, -1)
