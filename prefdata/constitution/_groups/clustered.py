"""What makes labels of a group depend on each other: who gave them, and what they are about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from prefdata.constitution._groups.sides import Against, Estimates
from prefdata.constitution._groups.sums import codes, sums_of
from prefdata.constitution.clusters import clusters_of
from prefdata.constitution.groups import is_of_people

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from prefdata.constitution.ballots import Ballots

    Ints = NDArray[np.int64]

__all__ = ["both_ways", "cluster_codes"]

_FEWEST = 10
"""Fewest annotators who stand for others."""

_Measured = TypeVar("_Measured", Estimates, Against)


def cluster_codes(ballots: Ballots, by: str) -> Ints:
    """Number what is drawn as a whole, for each label.

    Annotators for columns of annotators; prompts, by how they open, for columns of prompts and
    for kinds of annotators.

    Args:
        ballots: Labels.
        by: The column that makes the groups.
    """
    return codes(ballots.labels["annotator_id"]) if is_of_people(by) else _prompt_codes(ballots)


def both_ways(
    ballots: Ballots,
    group: Ints,
    by: str,
    measure: Callable[..., _Measured],
    *,
    n_groups: int,
) -> _Measured:
    """Measure groups by their clusters, and widen errors by what leans together otherwise.

    Where annotators are the clusters, others who judged the same prompts may still lean with them;
    where prompts are, the labels of one annotator may, if ten or more are named: fewer are taken
    as they are. As of two-way clusters, variances by the other way less those by both at once are
    added, where that is above 0; degrees of freedom are then those of the way with fewer.

    Args:
        ballots: Votes and labels.
        group: ``(n_labels,)``, -1 where a label is of none.
        by: The column that makes the groups.
        measure: `strengths` or `against_rest`: estimates variances from sums over whatever stands
            for clusters.
        n_groups: How many groups there are.

    References:
        Cameron, Gelbach and Miller (2011), *Robust inference with multiway clustering*, Journal of
        Business & Economic Statistics 29, 238-249.
    """
    first = cluster_codes(ballots, by)
    found = measure(sums_of(ballots, group, first, n_groups=n_groups))
    other = _other_codes(ballots, by)
    if other is None:
        return found
    _, both = np.unique(other * (int(first.max(initial=0)) + 2) + first, return_inverse=True)
    is_used = group >= 0
    if len(np.unique(other[is_used])) == len(np.unique(both[is_used])):
        return found
    # A way with one cluster on a side has nothing to add there.
    alone, crossed = (
        measure(sums_of(ballots, group, cluster, n_groups=n_groups), alone=1.0)
        for cluster in (other, both)
    )
    added = np.maximum(np.nan_to_num(alone.variances - crossed.variances), 0.0)
    fewer = np.minimum(found.degrees, alone.degrees)
    return replace(
        found,
        variances=found.variances + added,
        degrees=np.where(added > 0, fewer, found.degrees),
    )


def _prompt_codes(ballots: Ballots) -> Ints:
    return clusters_of(ballots, "prompt").codes[0].astype(np.int64)


def _other_codes(ballots: Ballots, by: str) -> Ints | None:
    """Return the clusters that are not those of `cluster_codes`, None where they tell nothing."""
    if is_of_people(by):
        return _prompt_codes(ballots)
    if ballots.labels["annotator_id"].drop_nulls().n_unique() < _FEWEST:
        return None
    return clusters_of(ballots, "annotator").codes[0].astype(np.int64)
