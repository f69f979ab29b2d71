"""What several annotators of unlike reliability come to: majority, Dawid and Skene, one coin.

Judgments are sparse: three arrays that say which item, which annotator and which label, so the
time is that of the judgments, however many annotators there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Consensus", "Ratings", "dawid_skene", "majority", "reliability"]

_LEAST = 1e-10
_TOLERANCE = 1e-5
_MAX_ITERATIONS = 100


@dataclass(frozen=True, slots=True)
class Ratings:
    """Labels that annotators gave to items, as arrays of v judgments.

    Raises:
        ValueError: If the arrays are not of one length, or hold what is out of range.
    """

    items: NDArray[np.int64]
    """``(v,)``: which item, from 0."""
    annotators: NDArray[np.int64]
    """``(v,)``: who, from 0."""
    labels: NDArray[np.int64]
    """``(v,)``: which label, from 0."""
    n_items: int
    n_annotators: int
    n_labels: int

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        limits = (self.n_items, self.n_annotators, self.n_labels)
        arrays = (self.items, self.annotators, self.labels)
        for array, limit in zip(arrays, limits, strict=True):
            if array.shape != self.items.shape or ((array < 0) | (array >= limit)).any():
                message = "items, annotators and labels are numbers from 0, one of each a judgment"
                raise ValueError(message)

    def by_item(self, weights: NDArray[Any] | None = None) -> NDArray[np.float64]:
        """Add up judgments, or a weight of each, by item."""
        return np.bincount(self.items, weights, minlength=self.n_items).astype(np.float64)

    def by_annotator(self, weights: NDArray[Any] | None = None) -> NDArray[np.float64]:
        """Add up judgments, or a weight of each, by annotator."""
        return np.bincount(self.annotators, weights, minlength=self.n_annotators).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Consensus:
    """What the labels of items are, and how annotators come to theirs."""

    posterior: NDArray[np.float64]
    """``(n_items, n_labels)``: probability of each label; rows of NaN where nobody judged."""
    prior: NDArray[np.float64]
    """``(n_labels,)``: how frequent each label is."""
    confusions: NDArray[np.float64]
    """``(n_annotators, n_labels, n_labels)``: of the label that is right (second), the probability
    that the annotator gives another (third)."""
    n_iterations: int
    is_converged: bool


def majority(ratings: Ratings) -> NDArray[np.float64]:
    """Return the share of each label in the judgments of each item; NaN where there are none."""
    cells = ratings.items * ratings.n_labels + ratings.labels
    counts = np.bincount(cells, minlength=ratings.n_items * ratings.n_labels)
    shares = counts.reshape(ratings.n_items, ratings.n_labels).astype(np.float64)
    totals = shares.sum(axis=1, keepdims=True)
    found = np.divide(shares, totals, out=np.full_like(shares, np.nan), where=totals > 0)
    return np.asarray(found)


def dawid_skene(
    ratings: Ratings,
    *,
    one_coin_below: float = 0,
    pseudo_judgments: float = 0,
    max_iterations: int = _MAX_ITERATIONS,
    tolerance: float = _TOLERANCE,
) -> Consensus:
    """Weigh annotators by how they agree with all others, by expectation maximisation.

    Each annotator has a table of confusions: how often each label is given where each is right.
    An annotator of few judgments has too little for a table; one coin says how often they are
    right at all, and what is wrong is spread evenly over the other labels.

    It starts from shares of votes. Labels that nobody gave stay out, for a class that nothing
    speaks for could grow out of rounding.

    Args:
        ratings: The judgments.
        one_coin_below: Annotators with fewer judgments than this have a coin: 0 for none of them
            (Dawid and Skene), infinity for all.
        pseudo_judgments: So many judgments as right as the mean of all are added to those of an
            annotator with a coin. With none, who made three is perfect or useless, and the result
            worse than a majority.
        max_iterations: Most rounds.
        tolerance: It stops when a round raises the lower bound of the likelihood, per judgment,
            by less than this.

    References:
        Dawid and Skene (1979), *Maximum likelihood estimation of observer error-rates using the
        EM algorithm*. The order of steps, the least probability of 1e-10 and the bound are those
        of crowd-kit (arXiv:2109.08584), so that both stop in the same round.
    """
    used = np.unique(ratings.labels)
    known = np.unique(ratings.items)
    if not len(used):
        return _nothing(ratings)
    inner = Ratings(
        np.searchsorted(known, ratings.items),
        ratings.annotators,
        np.searchsorted(used, ratings.labels),
        len(known),
        ratings.n_annotators,
        len(used),
    )
    has_coin = inner.by_annotator() < one_coin_below
    posterior = majority(inner)
    prior = posterior.mean(axis=0)
    confusions = _confusions(inner, posterior, has_coin, pseudo_judgments)
    bound, n_iterations, is_converged = -np.inf, 0, False
    while n_iterations < max_iterations and not is_converged:
        posterior = _posterior(inner, prior, confusions)
        prior = posterior.mean(axis=0)
        confusions = _confusions(inner, posterior, has_coin, pseudo_judgments)
        before, bound = bound, _bound(inner, posterior, prior, confusions)
        n_iterations += 1
        is_converged = bool(bound - before < tolerance)
    return _spread(
        ratings, (known, used), Consensus(posterior, prior, confusions, n_iterations, is_converged)
    )


def reliability(
    ratings: Ratings, posterior: NDArray[np.float64], is_used: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return how probable the labels of each annotator are under a consensus, on average.

    Args:
        ratings: The judgments.
        posterior: ``(n_items, n_labels)``; rows of NaN are left out.
        is_used: ``(v,)``: which judgments count.

    Returns:
        ``(n_annotators,)``; NaN where no judgment counts.
    """
    right = posterior[ratings.items, ratings.labels]
    counts = is_used & ~np.isnan(right)
    total = ratings.by_annotator(np.where(counts, right, 0.0))
    n = ratings.by_annotator(counts.astype(np.float64))
    return np.divide(total, n, out=np.full_like(total, np.nan), where=n > 0)


def _confusions(
    ratings: Ratings,
    posterior: NDArray[np.float64],
    has_coin: NDArray[np.bool_],
    pseudo_judgments: float,
) -> NDArray[np.float64]:
    """Return ``(annotators, right, given)`` from what the labels seem to be."""
    k = ratings.n_labels
    cells = ratings.annotators * k + ratings.labels
    size = ratings.n_annotators * k
    given = np.bincount(cells, minlength=size).reshape(-1, 1, k)
    weights = posterior[ratings.items]
    counts = [np.bincount(cells, weights[:, j], minlength=size).reshape(-1, k) for j in range(k)]
    table = np.maximum(np.stack(counts, axis=1), _LEAST)
    # A label that an annotator never gave has no row, so it takes no share of the others.
    table = np.where(given > 0, table, 0.0)
    totals = table.sum(axis=2, keepdims=True)
    table = np.divide(table, totals, out=np.full_like(table, 1 / k), where=totals > 0)
    if has_coin.any():
        table[has_coin] = _coins(ratings, weights, pseudo_judgments)[has_coin]
    return np.asarray(table)


def _coins(
    ratings: Ratings, weights: NDArray[np.float64], pseudo_judgments: float
) -> NDArray[np.float64]:
    k = ratings.n_labels
    is_right = np.take_along_axis(weights, ratings.labels[:, None], 1)[:, 0]
    right = ratings.by_annotator(is_right) + pseudo_judgments * is_right.mean()
    skill = right / np.maximum(ratings.by_annotator() + pseudo_judgments, _LEAST)
    skill = np.clip(skill, _LEAST, 1 - _LEAST)[:, None, None]
    same = np.eye(k)
    return np.asarray(skill * same + (1 - skill) / max(k - 1, 1) * (1 - same))


def _log_odds(ratings: Ratings, confusions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``(v, k)``: log of the probability of each judgment, were each label the right one."""
    return np.log(confusions[ratings.annotators, :, ratings.labels])


def _posterior(
    ratings: Ratings, prior: NDArray[np.float64], confusions: NDArray[np.float64]
) -> NDArray[np.float64]:
    odds = _log_odds(ratings, confusions)
    sums = np.stack([ratings.by_item(odds[:, j]) for j in range(ratings.n_labels)], axis=1)
    sums += np.log(np.maximum(prior, _LEAST))
    odds = np.exp(sums - sums.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _bound(
    ratings: Ratings,
    posterior: NDArray[np.float64],
    prior: NDArray[np.float64],
    confusions: NDArray[np.float64],
) -> float:
    """Return the lower bound of the likelihood, per judgment; the prior counts in each judgment."""
    joint = _log_odds(ratings, confusions) + np.log(np.maximum(prior, _LEAST))
    clipped = np.maximum(posterior, _LEAST)
    entropy = -(np.log(clipped) * clipped).sum()
    return float(((posterior[ratings.items] * joint).sum() + entropy) / len(ratings.items))


def _nothing(ratings: Ratings) -> Consensus:
    k = ratings.n_labels
    return Consensus(
        np.full((ratings.n_items, k), np.nan),
        np.full(k, 1 / k),
        np.full((ratings.n_annotators, k, k), 1 / k),
        0,
        is_converged=True,
    )


def _spread(
    ratings: Ratings, places: tuple[NDArray[np.int64], NDArray[np.int64]], found: Consensus
) -> Consensus:
    """Put what was found of the items and labels that occur in its place among all."""
    items, labels = places
    k = ratings.n_labels
    posterior = np.full((ratings.n_items, k), np.nan)
    posterior[items] = 0.0
    posterior[items[:, None], labels] = found.posterior
    prior = np.zeros(k)
    prior[labels] = found.prior
    confusions = np.tile(np.eye(k), (ratings.n_annotators, 1, 1))
    confusions[:, labels[:, None], labels] = found.confusions
    return Consensus(posterior, prior, confusions, found.n_iterations, found.is_converged)
