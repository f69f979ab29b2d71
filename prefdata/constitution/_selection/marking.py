"""How well scores foretell labels, with what another draw of clusters would have given."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prefdata.metrics.cluster_bootstrap import ratio_intervals
from prefdata.metrics.cluster_sums import cluster_sums, crossed, folded, squared_error
from prefdata.metrics.paired_logistic import paired_auc, paired_hits, paired_losses
from prefdata.metrics.sign_flip import sign_flip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.metrics.cluster_sums import Partition

    Floats = NDArray[np.float64]

__all__ = ["Mark", "errors_of", "marks", "share_intervals"]

_HALF = 0.5
_TWO_WAYS = 2


class Mark(NamedTuple):
    """How well a predictor does on labels that it has not seen."""

    accuracy: float
    low: float
    high: float
    log_loss: float
    auc: float
    p: float
    """One-sided, that it does no better than a coin."""
    n_clusters: int


def marks(
    scores: Floats,
    lean: Floats,
    *,
    clusters: Sequence[Partition],
    n_bootstraps: int,
    n_flips: int,
    seed: int,
) -> list[Mark]:
    """Mark the scores of several predictors, by the same draws.

    Args:
        scores: ``(n, k)`` log-odds that a is preferred.
        lean: ``(n,)``, as in `prefdata.metrics.paired_logistic.fit_paired`; none is 0.
        clusters: One partition of the labels, or two.
        n_bootstraps: Draws of clusters for the intervals.
        n_flips: Draws of signs of clusters for the tests.
        seed: Of all draws.

    Returns:
        ``k`` marks; without labels they are those of a coin.
    """
    if not len(lean):
        nothing = Mark(_HALF, 0.0, 1.0, float("nan"), float("nan"), 1.0, 0)
        return [nothing] * scores.shape[1]
    hits = paired_hits(scores, lean[:, None])
    losses = paired_losses(scores, lean).mean(axis=0)
    low, high = share_intervals(
        hits, np.ones_like(hits), clusters=clusters, n_bootstraps=n_bootstraps, seed=seed
    )
    p = _one_sided(hits - _HALF, clusters, n_flips, seed)
    return [
        Mark(
            accuracy=float(hits[:, at].mean()),
            low=float(low[at]),
            high=float(high[at]),
            log_loss=float(losses[at]),
            auc=paired_auc(scores[:, at], lean),
            p=float(p[at]),
            n_clusters=min(each.n_clusters for each in clusters),
        )
        for at in range(scores.shape[1])
    ]


def share_intervals(
    above: Floats,
    below: Floats,
    *,
    clusters: Sequence[Partition],
    n_bootstraps: int,
    seed: int,
) -> tuple[Floats, Floats]:
    """Return 95 % intervals of sums over sums, by the bootstrap over clusters.

    Args:
        above: ``(n, k)``.
        below: ``(n, k)``: 1 for rows that count, else 0.
        clusters: One partition of the rows, or two.
        n_bootstraps: Draws of clusters.
        seed: Of all draws.

    Returns:
        Their lower and upper ends, ``(k,)`` each; nan where there is nothing to draw from.
    """
    total = np.maximum(below.sum(axis=0), 1e-12)
    rest = above - below * (above.sum(axis=0) / total)
    few = [folded(each, seed=seed) for each in clusters]
    return ratio_intervals(
        [(cluster_sums(above, each), cluster_sums(below, each)) for each in few],
        errors=errors_of(rest, clusters) / total,
        n_bootstraps=n_bootstraps,
        seed=seed,
    )


def errors_of(values: Floats, clusters: Sequence[Partition]) -> Floats:
    """Return standard errors of totals of ``(n, k)`` values whose mean is 0, over clusters."""
    sums = [cluster_sums(values, each) for each in clusters]
    if len(clusters) == _TWO_WAYS:
        sums.append(cluster_sums(values, crossed(*clusters)))
    return np.asarray(np.sqrt(squared_error(sums)))


def _one_sided(values: Floats, clusters: Sequence[Partition], n_flips: int, seed: int) -> Floats:
    """Return how likely so great totals are where clusters are flipped by coins."""
    errors = errors_of(values, clusters)
    total = values.sum(axis=0)
    p = np.zeros(values.shape[1])
    for each in clusters:
        sums = cluster_sums(values, folded(each, seed=seed))
        found = sign_flip(sums, errors=errors, n_flips=n_flips, seed=seed).p
        # What is 0 in every cluster says nothing.
        p = np.maximum(p, np.where(np.isnan(found), 1.0, found))
    return np.where(total > 0, p / 2, 1 - p / 2)
