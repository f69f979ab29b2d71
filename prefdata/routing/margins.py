"""What reward heads say of comparisons whose labels they have not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.metrics.bradley_terry import fit_heads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.protocols.routing import Comparisons, RoutingData

__all__ = ["Margins", "folds", "human_margins", "mean_labels", "mixed_margins"]

_PEOPLE = 4.0
"""How often a label of a person counts among those of the AI, as at first in RLTHF."""
_POOL_ROWS = 4000
"""Comparisons of the pool that heads learn from; more make them slower, and hardly better."""


@dataclass(frozen=True, slots=True)
class Margins:
    """Scores of a less those of b, in log-odds, under reward heads."""

    evaluation: NDArray[np.float64]
    """``(n_evaluation,)``: each under a head that was fitted without its prompt."""
    pool: NDArray[np.float64]
    """``(n_pool,)``: the same; of heads that know no label of the pool, under their mean."""


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
    labels, votes = mean_labels(evaluation)
    seed_labels, seed_votes = mean_labels(seeds)
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


def mixed_margins(
    data: RoutingData, *, ridge: float = 0.01, n_folds: int = 5, seed: int = 0
) -> Margins:
    """Fit reward heads to all labels, of people and of the AI, and cross-fit them everywhere.

    Such a head learns the bias of the AI too, but from many more labels: where vectors are long
    and people few, it knows better than `human_margins` what is hard. The pool is cut into folds
    as well, since a head agrees with what it was told.

    Args:
        data: Of the pool, at most about 4,000 comparisons are learnt from.
        ridge: Of the heads.
        n_folds: How often a head is fitted.
        seed: Of the folds.
    """
    pool = data.pool
    parts = (data.evaluation, data.seed, pool)
    people = [mean_labels(part) for part in parts[:2]]
    n_parts = -(-len(pool) // _POOL_ROWS) or 1
    is_learnt = folds(pool.groups, n_parts, seed + 1) == 0
    difference = np.concatenate([part.difference for part in parts])
    labels = np.concatenate([*(label for label, _ in people), pool.ai])
    weights = np.concatenate([*(_PEOPLE * votes for _, votes in people), is_learnt])
    at = folds(np.concatenate([part.groups for part in parts]), n_folds, seed)
    margins = np.zeros(len(at))
    for fold in range(int(at.max()) + 1):
        mine = at == fold
        used = ~mine & (weights > 0)
        if used.any():
            head = fit_heads(difference[used], labels[used], weights=weights[used], ridge=ridge)
            margins[mine] = head.scores(difference[mine])[:, 0]
    return Margins(margins[: len(data.evaluation)], margins[len(margins) - len(pool) :])


def folds(groups: NDArray[np.int64], n_folds: int, seed: int) -> NDArray[np.int64]:
    """Deal groups into folds of about one size, whatever the order of the rows.

    Returns:
        ``(n,)`` numbers of folds from 0; no more folds than groups.
    """
    names, at = np.unique(groups, return_inverse=True)
    dealt = np.random.default_rng(seed).permutation(len(names)) % max(min(n_folds, len(names)), 1)
    return np.asarray(dealt[at], dtype=np.int64)


def mean_labels(
    comparisons: Comparisons,
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Return the mean label of people, and how many there are; a half where there is none."""
    votes = (~np.isnan(comparisons.humans)).sum(axis=1).astype(np.float64)
    sums = np.nansum(comparisons.humans, axis=1)
    return np.where(votes > 0, sums / np.maximum(votes, 1), 0.5), votes
