"""Agreement of known annotators: of each with the others, and of each two with one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from prefdata.metrics.agreement import Estimate, resampled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.metrics.dawid_skene import Ratings

__all__ = ["Shares", "agreement_of_annotators", "pairwise_kappa"]

_N_RESAMPLES = 2000
_TAILS = (0.025, 0.975)
# Resamples times numbers of one block: so many are in memory at a time.
_BLOCK = 4_000_000
_ALMOST_ZERO = 1e-12


@dataclass(frozen=True, slots=True)
class Shares:
    """How often each annotator says what the others say; NaN where nobody else judged.

    Arrays of one value for each annotator; intervals cover 95 %.
    """

    n_shared: NDArray[np.int64]
    """Judgments on items that others judged too."""
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def agreement_of_annotators(
    ratings: Ratings,
    is_compared: NDArray[np.bool_],
    *,
    seed: int = 0,
    n_resamples: int = _N_RESAMPLES,
) -> Shares:
    """Compare each judgment with all others on its item, with a bootstrap over items.

    Args:
        ratings: The judgments; an annotator has one on an item at most.
        is_compared: ``(v,)``: judgments that others are compared with; an annotator is never
            compared with themselves.
        seed: Seed of the resamples; annotators with the same counts get the same interval.
        n_resamples: Number of resamples.
    """
    cells = ratings.items * ratings.n_labels + ratings.labels
    like = np.bincount(cells[is_compared], minlength=ratings.n_items * ratings.n_labels)
    all_of = np.bincount(ratings.items[is_compared], minlength=ratings.n_items)
    n_same = like[cells] - is_compared
    n_others = all_of[ratings.items] - is_compared
    is_shared = n_others > 0
    values = np.stack([n_same[is_shared], n_others[is_shared]], axis=1)
    patterns, which = np.unique(values, axis=0, return_inverse=True)
    size = ratings.n_annotators * len(patterns)
    cells = ratings.annotators[is_shared] * len(patterns) + which.ravel()
    counts = np.bincount(cells, minlength=size).reshape(ratings.n_annotators, -1)
    sums = counts @ patterns.astype(np.float64)
    value = _over(sums[:, 0], sums[:, 1])
    low, high = np.full_like(value, np.nan), np.full_like(value, np.nan)
    profiles, owners = np.unique(counts, axis=0, return_inverse=True)
    # A loop over annotators that differ in their counts: most of those with few judgments do not.
    for number, profile in enumerate(profiles):
        times = profile[profile > 0]
        if not len(times):
            continue
        drawn = resampled(patterns[profile > 0], times, seed=seed, n_resamples=n_resamples)
        ends = np.quantile(_over(drawn[:, 0], drawn[:, 1]), _TAILS)
        low[owners.ravel() == number], high[owners.ravel() == number] = ends
    return Shares(counts.sum(axis=1), value, low, high)


def pairwise_kappa(
    ratings: Ratings,
    *,
    min_shared: int = 10,
    seed: int = 0,
    n_resamples: int = _N_RESAMPLES,
) -> Estimate:
    """Return the mean of Cohen's kappa over all two annotators who share enough items.

    Each two weigh by the items that they share, and those who gave one and the same label to all
    of them have no kappa. The interval is of a bootstrap over items, so what two annotators share
    with a third is drawn together.

    Args:
        ratings: The judgments; an annotator has one on an item at most.
        min_shared: Fewest items that two annotators share.
        seed: Seed of the resamples.
        n_resamples: Number of resamples.

    Returns:
        The mean, or None where no two annotators share enough.
    """
    items, cells, n_pairs = _meetings(ratings, min_shared)
    k = ratings.n_labels
    if not n_pairs:
        return Estimate(None, None, None)
    table = np.bincount(cells, minlength=n_pairs * k * k).astype(np.float64)
    value = float(_mean_kappa(table[None], k)[0])
    if np.isnan(value):
        return Estimate(None, None, None)
    known, rows = np.unique(items, return_inverse=True)
    one = np.ones(len(cells))
    of_items = sparse.csr_array((one, (rows, cells)), shape=(len(known), n_pairs * k * k))
    generator = np.random.default_rng(seed)
    step = max(1, _BLOCK // max(of_items.shape))
    means = []
    for start in range(0, n_resamples, step):
        size = (min(step, n_resamples - start), len(known))
        times = np.zeros(size)
        drawn = generator.integers(0, len(known), size=size)
        np.add.at(times, (np.arange(size[0])[:, None], drawn), 1.0)
        means.append(_mean_kappa((of_items.T @ times.T).T, k))
    low, high = np.nanquantile(np.concatenate(means), _TAILS)
    return Estimate(value, float(low), float(high))


def _meetings(
    ratings: Ratings, min_shared: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return item and cell of all meetings of two annotators who meet often, and their number.

    The cell is the number of the two, the label of one, and that of the other.
    """
    order = np.lexsort((ratings.annotators, ratings.items))
    items, who, said = (part[order] for part in (ratings.items, ratings.annotators, ratings.labels))
    found = []
    lag = 1
    # In order of items, two judgments of one item are no further apart than it has judgments.
    while (is_same := items[lag:] == items[:-lag]).any():
        first = np.flatnonzero(is_same)
        found.append(np.stack([first, first + lag]))
        lag += 1
    if not found:
        return items[:0], items[:0], 0
    one, other = np.concatenate(found, axis=1)
    _, which, times = np.unique(
        who[one] * ratings.n_annotators + who[other], return_inverse=True, return_counts=True
    )
    is_often = times >= min_shared
    numbers = np.cumsum(is_often) - 1
    kept = is_often[which]
    cells = (numbers[which] * ratings.n_labels + said[one]) * ratings.n_labels + said[other]
    return items[one][kept], cells[kept], int(is_often.sum())


def _mean_kappa(tables: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Return the mean kappa of each row, which holds one table of k by k after another."""
    square = tables.reshape(len(tables), -1, k, k)
    n = square.sum(axis=(2, 3))
    by_chance = _over((square.sum(axis=3) * square.sum(axis=2)).sum(axis=2), n**2)
    observed = _over(np.trace(square, axis1=2, axis2=3), n)
    kappa = _over(observed - by_chance, 1 - by_chance)
    is_some = ~np.isnan(kappa)
    return _over((np.nan_to_num(kappa) * n).sum(axis=1), (n * is_some).sum(axis=1))


def _over(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    is_some = np.abs(whole) > _ALMOST_ZERO
    found = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=is_some)
    return np.asarray(found)
