"""How many of the true nearest neighbours a search finds, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Recall", "recall_at_k", "wilson_interval"]

_Z95 = 1.959963984540054  # the 0.975 quantile of the normal distribution


@dataclass(frozen=True, slots=True)
class Recall:
    """A share of true neighbours that were found, with its 95 % interval."""

    value: float
    lower: float
    upper: float
    k: int
    n_queries: int


def recall_at_k(found: NDArray[np.float32], exact: NDArray[np.float32]) -> Recall:
    """Return the mean share of the k best that a search found.

    A row counts as found when it scores at least as much as the true k-th: of rows that tie,
    any is right.

    Args:
        found: ``(q, k)`` scores of what the search returned, computed as those of ``exact``
            are; -inf where it returned fewer.
        exact: ``(q, k)`` scores of the true neighbours, falling; -inf beyond the last row.

    Returns:
        The recall. The neighbours of one query are found or missed together, so the interval is
        Wilson's for as many independent trials as explain the spread between queries, at least
        one and at most k for each query.

    Raises:
        ValueError: If there is no query, or the shapes differ.

    References:
        Aumüller, Bernhardsson, Faithfull (2020), *ANN-Benchmarks*, section 2 (the threshold).
        Kish (1965), *Survey Sampling*, section 5.4 (the design effect).
    """
    if found.shape != exact.shape or not exact.size:
        message = f"the shapes {found.shape} and {exact.shape} are empty or differ"
        raise ValueError(message)
    n_true = np.isfinite(exact).sum(axis=1)
    if not n_true.all():
        message = "a query has no true neighbour"
        raise ValueError(message)
    n_queries, k = exact.shape
    # Beyond the last row the k-th score is -inf; the least true one is the bar then.
    least = exact[np.arange(n_queries), n_true - 1]
    hits = np.minimum((np.isfinite(found) & (found >= least[:, None])).sum(axis=1), n_true)
    shares = hits / n_true
    value = float(shares.mean())
    n_slots = float(n_true.sum())
    spread = float(shares.var()) / n_queries
    # Where every query is alike, all found or none, nothing says that they are more than one each.
    n_trials = value * (1 - value) / spread if spread > 0 else float(n_queries)
    lower, upper = wilson_interval(value, min(max(n_trials, n_queries), n_slots))
    return Recall(value=value, lower=lower, upper=upper, k=k, n_queries=n_queries)


def wilson_interval(share: float, n_trials: float, *, z: float = _Z95) -> tuple[float, float]:
    """Return the score interval of a share of successes.

    Args:
        share: Successes over trials, ``0..1``.
        n_trials: Independent trials; need not be whole.
        z: Quantile of the normal distribution; the default gives 95 %.

    Raises:
        ValueError: If there are no trials, or the share is none.

    References:
        Wilson (1927), *Probable inference, the law of succession, and statistical inference*.
    """
    if n_trials <= 0 or not 0 <= share <= 1:
        message = f"a share of {share} in {n_trials} trials has no interval"
        raise ValueError(message)
    scale = 1 + z * z / n_trials
    centre = (share + z * z / (2 * n_trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n_trials + (z / (2 * n_trials)) ** 2)
    # The bounds hold the share itself; rounding must not say otherwise.
    return min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share)
