"""What a human label is worth to a reward model, in closed form: no model is trained for it.

To change one label of a head that was fitted moves its weights by ``H⁻¹ d (new - old) / n``, to
first order, and so the loss on comparisons whose truth is known. That is the gain of asking people
about this comparison; a ridge regression on tags says what it would be where nobody was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.metrics.bradley_terry import fit_heads, hessian
from prefdata.metrics.bradley_terry_rows import sigmoid
from prefdata.metrics.calibration import temperatures
from prefdata.protocols.routing import Gains
from prefdata.routing.tag_ridge import fit_tags, tag_bootstrap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.protocols.routing import Comparisons, RoutingData

    Floats = NDArray[np.float64]

__all__ = ["ItemInfluence", "influence_gains", "item_influence"]

_MOST_HUMAN = 0.8
_POOL_ROWS = 20_000
"""Comparisons of the pool that the heads see; more make them slower, and hardly better."""
_FEW = 2
_FOLDS = 10


@dataclass(frozen=True, slots=True)
class ItemInfluence:
    """What the human labels that there are would change, one by one.

    Rows are those of the seed set and then of the evaluation set that have a human label.
    """

    gain: Floats
    """``(n,)``: by how much the log-loss of the reward model on the evaluation set, its scale
    made right, would fall if this one label were people's instead of the AI's; in nats. 0 where
    they agree."""
    tags: NDArray[np.bool_]
    """``(n, t)``."""
    groups: NDArray[np.int64]
    """``(n,)``: those of one prompt have one number, as in `Comparisons`."""
    resampled: Floats
    """``(n, B)``: the gains had the evaluation set been another draw; see ``draws``."""
    draws: Floats
    """``(n, B)``: how often each row is in a draw; prompts are drawn with replacement."""


def influence_gains(
    data: RoutingData,
    *,
    ridge: float = 0.01,
    n_mixes: int = 4,
    n_bootstraps: int = 100,
    seed: int = 0,
) -> Gains:
    """Predict from tags what a human label would gain for a reward model.

    Args:
        data: Seed and evaluation set are learnt from, and what the AI says of the pool.
        ridge: Of the heads.
        n_mixes: See `item_influence`.
        n_bootstraps: Draws of the prompts of both sets for the standard errors.
        seed: Of the mixes and draws.

    Returns:
        Gains in nats of the log-loss on the evaluation set, for one label. What the tags of a
        comparison contribute adds up to its gain less that of a comparison without tags
        (fact ``no_tags``). Other facts: ``n_differing``, comparisons on which people and AI
        differ, from which all is learnt; ``item_rank_correlation``, Spearman's rho of gains that
        were measured and predicted, over these, by ten-fold cross-validation; ``tag_ridge``.
    """
    n_pool, n_tags = data.pool.tags.shape
    found = item_influence(data, ridge=ridge, n_mixes=n_mixes, n_bootstraps=n_bootstraps, seed=seed)
    is_differing = found.gain != 0
    if is_differing.sum() < _FEW:
        return Gains(
            np.zeros(n_pool),
            contributions=np.zeros((n_pool, n_tags)),
            facts={"n_differing": float(is_differing.sum())},
            refusal="There are not two comparisons on which people and the AI differ, and against "
            "which they could be held.",
        )
    model = fit_tags(found.tags, found.gain)
    facts = {
        "n_differing": float(is_differing.sum()),
        "tag_ridge": model.ridge,
        "no_tags": model.intercept,
        "item_rank_correlation": _rank_correlation(found, is_differing, model.ridge, seed),
    }
    covariance = tag_bootstrap(found.tags, found.resampled, found.draws, model.ridge)
    return Gains(
        model.predict(data.pool.tags),
        se=model.standard_errors(data.pool.tags, covariance),
        contributions=model.contributions(data.pool.tags),
        facts=facts,
    )


def item_influence(
    data: RoutingData,
    *,
    ridge: float = 0.01,
    n_mixes: int = 4,
    n_bootstraps: int = 0,
    seed: int = 0,
) -> ItemInfluence:
    """Measure what each human label of the seed and evaluation set would gain for a reward model.

    Heads are fitted to the labels of the AI on the pool and the seed set, after some of those of
    the seed set, 0 to 80 % of them, were replaced by people's; the gains of the mixes are
    averaged. For a head with weights w and Hessian H, and m evaluation differences d_j with
    labels y_j (the mean of the votes), ``g = 1/m Σ_j (p_j - y_j) d_j / T`` is the gradient of the
    loss, where p_j is the sigmoid of ``d_j·w / T`` and T the temperature that makes the loss
    least: it stays the best to first order, so its own change does not count. The gain of one
    label is ``-d·H⁻¹g (human - AI) / n``.

    Comparisons of the evaluation set tell as much as those of the seed set, and more surely,
    since people were asked more often. Their own prompts are left out of the gradient that they
    are held against: else a label would seem to gain because it predicts itself. In our worlds
    this, the pool in the heads, and means of votes instead of majorities raise what the router
    recovers on average from .64 to .81 (labels) and from .80 to 1.03 (reward model).

    Args:
        data: Of the pool, at most 20,000 comparisons are used.
        ridge: Of the heads.
        n_mixes: How many mixes.
        n_bootstraps: Draws of prompts.
        seed: Of the mixes and draws.

    References:
        Koh and Liang (2017), *Understanding black-box predictions via influence functions*,
        arXiv:1703.04730, equation 2, for a label instead of a row; that a human label is worth
        what it changes on the evaluation set is from Miranda et al. (2024), *Hybrid preferences*,
        arXiv:2410.19133.
    """
    seeds, evaluation = (_voted(part) for part in (data.seed, data.evaluation))
    random = np.random.default_rng(seed % (1 << 32))
    labels = [_labels(part) for part in (seeds, evaluation)]
    groups = np.concatenate([seeds.groups, evaluation.groups])
    draws = _draws(groups, n_bootstraps, random)
    rows, mixes = _mixes(seeds, labels[0], data.pool, n_mixes, random)
    n = len(seeds) + len(evaluation)
    total = np.zeros((n, n_bootstraps + 1))
    # The first column is the sample itself; the others are draws.
    times = np.column_stack([np.ones(n), draws])
    if len(evaluation):
        items = np.concatenate([seeds.difference, evaluation.difference]).astype(np.float64)
        heads = fit_heads(rows, mixes, ridge=ridge)
        for column in range(n_mixes):
            weights = heads.weights[:, column]
            moves = np.linalg.solve(hessian(rows, weights, ridge), items.T).T / len(rows)
            total += _falls(moves, items, weights, labels[1], groups, times)
    change = np.concatenate(labels) - np.concatenate([seeds.ai, evaluation.ai])
    gains = total / n_mixes * change[:, None]
    return ItemInfluence(
        gains[:, 0],
        np.concatenate([seeds.tags, evaluation.tags]),
        groups,
        gains[:, 1:],
        draws,
    )


def _voted(comparisons: Comparisons) -> Comparisons:
    """Return those with a human label."""
    return comparisons.take((~np.isnan(comparisons.humans)).any(axis=1))


def _labels(comparisons: Comparisons) -> Floats:
    """Return the mean of the votes."""
    n_votes = np.maximum((~np.isnan(comparisons.humans)).sum(axis=1), 1)
    return np.asarray(np.nansum(comparisons.humans, axis=1, dtype=np.float64) / n_votes)


def _mixes(
    seeds: Comparisons, humans: Floats, pool: Comparisons, n: int, random: np.random.Generator
) -> tuple[NDArray[np.floating[Any]], Floats]:
    """Return rows to fit heads to, and their labels in n mixes."""
    shares = np.linspace(0, _MOST_HUMAN, n)
    is_human = random.random((len(seeds), n)) < shares
    some = np.arange(len(pool))
    if len(pool) > _POOL_ROWS:
        some = np.sort(random.choice(len(pool), _POOL_ROWS, replace=False))
    of_pool = np.repeat(pool.ai[some, None], n, axis=1)
    of_seeds = np.where(is_human, humans[:, None], seeds.ai[:, None])
    rows = np.concatenate([seeds.difference, pool.difference[some]])
    return rows, np.concatenate([of_seeds, of_pool])


def _draws(groups: NDArray[np.int64], n: int, random: np.random.Generator) -> Floats:
    """Return how often each row is in each of n draws of groups with replacement."""
    names, at = np.unique(groups, return_inverse=True)
    share = np.full(len(names), 1 / max(len(names), 1))
    counts = random.multinomial(len(names), share, size=n) if len(names) else np.zeros((n, 0))
    return np.asarray(counts.T[at], dtype=np.float64)


def _falls(
    moves: Floats,
    items: Floats,
    weights: Floats,
    labels: Floats,
    groups: NDArray[np.int64],
    times: Floats,
) -> Floats:
    """Return the fall of the loss for one more label of 1, ``(n, B + 1)``: sample, then draws.

    Args:
        moves: ``(n, p)``: what such a label adds to the weights.
        items: ``(n, p)``: seed set, then evaluation set.
        weights: ``(p,)``.
        labels: ``(m,)``: of the evaluation set.
        groups: ``(n,)``.
        times: ``(n, B + 1)``: how often each row counts.
    """
    m = len(labels)
    judged, often = items[-m:], times[-m:]
    scores = judged @ weights
    scale = 1 / temperatures(scores, labels)[0]
    pulls = scale * (sigmoid(scores * scale) - labels)[:, None] * judged
    names, at = np.unique(groups, return_inverse=True)
    of_group = np.zeros((len(names), items.shape[1]))
    np.add.at(of_group, at[-m:], pulls)
    # A draw takes all of a prompt equally often, so what is left out is its sum times that.
    own = (moves * of_group[at]).sum(axis=1)
    falls = -(moves @ (pulls.T @ often) - own[:, None] * times)
    n_others = often.sum(axis=0) - _own_count(at, m, len(names))[:, None] * times
    return np.asarray(falls / np.maximum(n_others, 1))


def _own_count(at: NDArray[np.intp], m: int, n_groups: int) -> Floats:
    """Return for each row how many rows of the evaluation set have its prompt."""
    return np.bincount(at[-m:], minlength=n_groups)[at].astype(np.float64)


def _rank_correlation(
    found: ItemInfluence, is_differing: NDArray[np.bool_], ridge: float, seed: int
) -> float:
    """Return Spearman's rho of measured gains and those predicted without their prompts."""
    from scipy.stats import spearmanr

    names, at = np.unique(found.groups, return_inverse=True)
    fold = np.random.default_rng(seed % (1 << 32)).permutation(len(names))[at] % _FOLDS
    predicted = np.zeros(len(found.gain))
    for number in range(_FOLDS):
        mine = fold == number
        if mine.any() and not mine.all():
            model = fit_tags(found.tags[~mine], found.gain[~mine], ridge=ridge)
            predicted[mine] = model.predict(found.tags[mine])
    predicted, measured = predicted[is_differing], found.gain[is_differing]
    if np.ptp(predicted) == 0 or np.ptp(measured) == 0:
        return 0.0
    return float(spearmanr(predicted, measured).statistic)
