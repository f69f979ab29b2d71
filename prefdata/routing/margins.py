"""What a reward head of people says of comparisons whose labels it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.metrics.bradley_terry import fit_heads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.protocols.routing import Comparisons, RoutingData

__all__ = ["Margins", "folds", "human_margins"]


@dataclass(frozen=True, slots=True)
class Margins:
    """Scores of a less those of b, in log-odds, under a reward head of people."""

    evaluation: NDArray[np.float64]
    """``(n_evaluation,)``: each under the head that was fitted without its prompt."""
    pool: NDArray[np.float64]
    """``(n_pool,)``: under the mean of these heads."""


def human_margins(
    data: RoutingData, *, ridge: float = 0.01, n_folds: int = 5, seed: int = 0
) -> Margins:
    """Fit a reward head to all labels of people, and cross-fit it on the evaluation set.

    Whoever learns from the votes of a comparison and from the margin of a head that has seen
    them, learns that the head is right. So the evaluation set is cut into folds by prompt, and
    each fold gets its margins from a head of the others and of the seed set.

    Args:
        data: Its evaluation and seed sets are learnt from.
        ridge: Of the heads.
        n_folds: How often a head is fitted; fewer where there are fewer prompts.
        seed: Of the folds.
    """
    evaluation, seeds = data.evaluation, data.seed
    at = folds(evaluation.groups, n_folds, seed)
    labels, votes = _mean_labels(evaluation)
    seed_labels, seed_votes = _mean_labels(seeds)
    margins = np.zeros(len(evaluation))
    means = []
    for fold in range(int(at.max()) + 1):
        mine = at == fold
        # A prompt of this fold may have a comparison in the seed set too.
        is_foreign = ~np.isin(seeds.groups, evaluation.groups[mine])
        rows = [evaluation.difference[~mine], seeds.difference[is_foreign]]
        weights = np.concatenate([votes[~mine], seed_votes[is_foreign]])
        if not weights.sum():
            continue
        head = fit_heads(
            np.concatenate(rows),
            np.concatenate([labels[~mine], seed_labels[is_foreign]]),
            weights=weights,
            ridge=ridge,
        )
        margins[mine] = head.scores(evaluation.difference[mine])[:, 0]
        means.append(head.weights[:, 0])
    if not means:
        return Margins(margins, np.zeros(len(data.pool)))
    pool = np.asarray(data.pool.difference, np.float64) @ np.mean(means, axis=0)
    return Margins(margins, pool)


def folds(groups: NDArray[np.int64], n_folds: int, seed: int) -> NDArray[np.int64]:
    """Deal groups into folds of about one size, whatever the order of the rows.

    Returns:
        ``(n,)`` numbers of folds from 0; no more folds than groups.
    """
    names, at = np.unique(groups, return_inverse=True)
    dealt = np.random.default_rng(seed).permutation(len(names)) % max(min(n_folds, len(names)), 1)
    return np.asarray(dealt[at], dtype=np.int64)


def _mean_labels(
    comparisons: Comparisons,
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Return the mean label of people, and how many there are; a half where there is none."""
    votes = (~np.isnan(comparisons.humans)).sum(axis=1).astype(np.float64)
    sums = np.nansum(comparisons.humans, axis=1)
    return np.where(votes > 0, sums / np.maximum(votes, 1), 0.5), votes
