"""Intervals of ratios of sums, by drawing whole clusters with replacement.

A resample of clusters is a number of times that each is drawn, so the sums of all resamples are
one product of matrices: numbers of draws times sums per cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.floating | np.integer]

__all__ = ["ratio_intervals", "resampled_ratios"]

_TAILS = (0.025, 0.975)
_TWO = 2
# Numbers of draws that are in memory at a time.
_BLOCK = 1 << 20


def ratio_intervals(
    ways: Sequence[tuple[Numbers, Numbers]],
    *,
    errors: NDArray[np.float64] | None = None,
    n_bootstraps: int = 2000,
    seed: int = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return 95 % intervals of p ratios of sums over clusters, from percentiles of resamples.

    Labels may be clustered in two ways at once, by annotator and by prompt. Then each is drawn by
    itself, and what both move a ratio by is added up. The noise of single labels would be counted
    twice so, which is why the sum is brought to the standard error that is given. (To multiply
    the draws of both, the pigeonhole bootstrap of Owen and Eckles, counts that noise three times:
    where nothing but it is there, intervals are wider by sqrt(3).)

    Args:
        ways: For each way of clustering, the sums above and below the line, ``(c, p)`` each.
        errors: ``(p,)``: standard errors by both ways, from
            `prefdata.metrics.cluster_sums.squared_error`; needed for two ways.
        n_bootstraps: Resamples.
        seed: The same seed draws the same clusters.

    Returns:
        Lower and upper ends, ``(p,)``; nan where there are fewer than two clusters, or where
        nothing is below the line.

    References:
        Owen and Eckles (2012), *Bootstrapping data arrays of arbitrary order*, Annals of Applied
        Statistics 6, 895-927.
    """
    above, below = ways[0]
    value = np.full(above.shape[1], np.nan)
    total = below.sum(axis=0)
    np.divide(above.sum(axis=0), total, out=value, where=total > 0)
    if min(len(sums) for sums, _ in ways) < _TWO or not len(value):
        return np.full(len(value), np.nan), np.full(len(value), np.nan)
    draws = np.zeros((n_bootstraps, len(value)))
    for way, (above, below) in enumerate(ways):
        draws += resampled_ratios(above, below, n_bootstraps=n_bootstraps, seed=seed + way) - value
    if len(ways) == _TWO:
        if errors is None:
            message = "two ways of clustering need the standard error of both"
            raise ValueError(message)
        spread = draws.std(axis=0)
        draws *= np.divide(errors, spread, out=np.ones_like(spread), where=spread > 0)
    low, high = np.quantile(draws, _TAILS, axis=0)
    return value + low, value + high


def resampled_ratios(
    above: Numbers, below: Numbers, *, n_bootstraps: int, seed: int
) -> NDArray[np.float64]:
    """Draw as many clusters as there are, again and again, and return the ratios of their sums.

    Args:
        above: ``(c, p)``: sums of each cluster above the line.
        below: ``(c, p)``: and below it.
        n_bootstraps: Resamples.
        seed: The same seed draws the same clusters.

    Returns:
        ``(n_bootstraps, p)``; where nothing is below the line in a resample, the ratio of all.
    """
    p = above.shape[1]
    sums = np.hstack([above, below]).astype(np.float32)
    totals = sums.sum(axis=0, dtype=np.float64)
    drawn = np.vstack(
        [block @ sums for block in _numbers_of_draws(len(above), n_bootstraps, seed)]
    ).astype(np.float64)
    whole = np.divide(totals[:p], totals[p:], out=np.full(p, np.nan), where=totals[p:] > 0)
    ratios = np.broadcast_to(whole, (n_bootstraps, p)).copy()
    np.divide(drawn[:, :p], drawn[:, p:], out=ratios, where=drawn[:, p:] > 0)
    return ratios


def _numbers_of_draws(
    n_clusters: int, n_bootstraps: int, seed: int
) -> Iterator[NDArray[np.float32]]:
    """Yield how often each cluster is drawn, ``(resamples, n_clusters)`` at a time."""
    rng = np.random.default_rng(seed)
    size = max(1, _BLOCK // n_clusters)
    for start in range(0, n_bootstraps, size):
        n = min(size, n_bootstraps - start)
        drawn = rng.integers(0, n_clusters, (n, n_clusters))
        drawn += np.arange(n)[:, None] * n_clusters
        counts = np.bincount(drawn.ravel(), minlength=n * n_clusters)
        yield counts.reshape(n, n_clusters).astype(np.float32)
