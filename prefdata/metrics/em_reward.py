"""Labels by annotators and a reward head together, each weighed by how reliable it proves.

Dawid and Skene's model with one coin for each annotator knows of an item its votes only. Here a
linear reward on vectors of the responses has a say too: it is what the votes on all other items
make probable for this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.metrics.bradley_terry import fit_heads, sigmoid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.metrics.dawid_skene import Ratings

__all__ = ["RewardConsensus", "cross_fitted", "em_reward"]

_START = 0.75
_CLOSE = 1e-3
_EDGE = 1e-6
_PSEUDO_JUDGMENTS = 4.0
_TIE = 1
_TOLERANCE = 1e-3
_ALMOST_NO_RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class RewardConsensus:
    """What votes and reward come to."""

    p_a: NDArray[np.float64]
    """``(n,)``: probability that a is preferred."""
    reward: NDArray[np.float64]
    """``(n,)``: the same by the reward alone, which did not see the votes on this item."""
    reliability: NDArray[np.float64]
    """Of each annotator, the probability of a right vote; NaN for those who only found ties."""
    n_loops: int


def em_reward(
    difference: NDArray[np.floating[Any]],
    ratings: Ratings,
    folds: NDArray[np.integer],
    *,
    n_loops: int = 8,
    ridge: float = 0.01,
    device: str = "cpu",
) -> RewardConsensus:
    """Estimate labels, the reliability of annotators and a reward in turn.

    A vote of annotator k is right with probability η_k. With p the probability of the reward, an
    item's odds of a are p / (1 - p), times η / (1 - η) for each vote for a, divided by it for each
    for b. Then η_k is the mean probability that the votes of k are right, and the reward is fitted
    to the probabilities, as soft labels. A tie speaks for neither, and is no vote here.

    The reward of an item is that of a fold that does not hold it: one that has seen the votes of
    an item would confirm them. Few votes of an annotator are pulled to the mean of all, so that
    nobody is perfect after two.

    Args:
        difference: ``(n, p)``: vector of a less that of b, columns of about unit variance.
        ratings: Votes with the labels 0 for b, 1 for a tie, 2 for a.
        folds: ``(n,)`` numbers of folds; items of one prompt are in one.
        n_loops: Most rounds; it stops when no reliability moves by more than 0.001.
        ridge: Of the reward.
        device: Where the reward is fitted.

    References:
        Cao et al. (2025), arXiv:2509.24159: reliabilities of annotators estimated with the reward
        model; for a linear reward that is Dawid and Skene's coin with the reward as its prior.
    """
    is_vote = ratings.labels != _TIE
    sides = np.where(is_vote, ratings.labels - 1.0, 0.0)
    n_votes = ratings.by_annotator(is_vote.astype(np.float64))
    has_votes = ratings.by_item(is_vote.astype(np.float64)) > 0
    skill = np.full(ratings.n_annotators, _START)
    reward = np.full(ratings.n_items, 0.5)
    p_a = _posterior(ratings, sides, skill, reward)
    done = 0
    for _ in range(n_loops if has_votes.any() else 0):
        reward = cross_fitted(difference, p_a, folds, weights=has_votes, ridge=ridge, device=device)
        p_a = _posterior(ratings, sides, skill, reward)
        right = np.where(sides > 0, p_a[ratings.items], 1 - p_a[ratings.items]) * is_vote
        mean = right.sum() / is_vote.sum()
        before = skill
        skill = (ratings.by_annotator(right) + _PSEUDO_JUDGMENTS * mean) / (
            n_votes + _PSEUDO_JUDGMENTS
        )
        done += 1
        if np.abs(skill - before).max() < _CLOSE:
            break
    p_a = _posterior(ratings, sides, skill, reward)
    return RewardConsensus(p_a, reward, np.where(n_votes > 0, skill, np.nan), done)


def cross_fitted(
    difference: NDArray[np.floating[Any]],
    labels: NDArray[np.floating[Any]],
    folds: NDArray[np.integer],
    *,
    weights: NDArray[Any] | None = None,
    ridge: float = 0.01,
    device: str = "cpu",
) -> NDArray[np.float64]:
    """Return the probability of a under a head that was fitted without the item's fold.

    A ridge, and soft labels, make heads timid, or bold; so all scores are scaled by the one number
    that makes the labels, which no head has seen, most probable.

    Args:
        difference: ``(n, p)``: vector of a less that of b.
        labels: ``(n,)``: 1 for a, 0 for b, or between.
        folds: ``(n,)`` numbers of folds.
        weights: ``(n,)``: of the items in the fit; equal when None.
        ridge: Of the heads.
        device: Where they are fitted.

    Returns:
        ``(n,)``; 0.5 where the other folds have nothing to learn from.
    """
    mass = np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64)
    names = np.unique(folds)
    masks = mass[:, None] * (folds[:, None] != names)
    is_some = masks.sum(axis=0) > 0
    found = np.zeros(len(labels))
    if not is_some.any():
        return found + 0.5
    soft = np.repeat(np.asarray(labels, np.float64)[:, None], int(is_some.sum()), axis=1)
    heads = fit_heads(
        difference,
        soft,
        weights=masks[:, is_some],
        ridge=ridge,
        tolerance=_TOLERANCE,
        device=device,
    )
    scores = heads.scores(difference)
    for column, name in enumerate(names[is_some]):
        mine = folds == name
        found[mine] = scores[mine, column]
    scale = fit_heads(found[:, None], labels, weights=mass, ridge=_ALMOST_NO_RIDGE).weights[0, 0]
    return np.asarray(sigmoid(max(scale, 0.0) * found))


def _posterior(
    ratings: Ratings,
    sides: NDArray[np.float64],
    skill: NDArray[np.float64],
    reward: NDArray[np.float64],
) -> NDArray[np.float64]:
    votes = ratings.by_item(sides * _log_odds(skill)[ratings.annotators])
    return np.asarray(sigmoid(_log_odds(reward) + votes))


def _log_odds(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(shares, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside / (1 - inside)))
