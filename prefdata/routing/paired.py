"""Whether people or the AI are right, learnt from the same comparisons: the paired router."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from prefdata.protocols.routing import Gains
from prefdata.routing.logistic import Logistic, fit_logistic
from prefdata.routing.margins import human_margins, mixed_margins
from prefdata.routing.truth import error_kappa, left_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.protocols.routing import Comparisons, RoutingData

    Floats = NDArray[np.float64]

__all__ = ["paired_gains"]

_NO_WIDTH = 1e-9


@dataclass(frozen=True, slots=True)
class _Scale:
    """How columns are brought to one scale: that of the evaluation set."""

    middle: Floats
    width: Floats
    is_gappy: NDArray[np.bool_]

    def apply(self, columns: Floats) -> Floats:
        """Return columns around 0, gaps at 0, and which were gaps where there may be any."""
        gaps = np.isnan(columns)
        scaled = np.where(gaps, 0.0, (columns - self.middle) / self.width)
        return np.concatenate([scaled, gaps[:, self.is_gappy]], axis=1)


def paired_gains(
    data: RoutingData,
    *,
    use_model: bool = True,
    c: float = 0.1,
    ridge: float = 0.01,
    n_folds: int = 5,
    seed: int = 0,
) -> Gains:
    """Estimate for each comparison how likely a person, and the AI, are to be right.

    On the evaluation set each vote is tested against the majority of the others, and so is the
    AI: the same truth for both. Two logistic regressions on tags, on what is known of the verdict
    of the AI, and on what two reward heads say, predict who is right; the gain is the difference.
    One head is fitted to labels of people alone, the other to all labels.

    It assumes that people and the AI err independently, given what the regressions see;
    ``error_kappa`` of the facts says how far they err on the same, though what is hard for both
    and errors of the truth raise it too. Comparisons on which people agree count more, so
    people look a little better than they are; use the order of the gains and a budget, not their
    sign.

    Args:
        data: The evaluation set is learnt from; with ``use_model``, the seed set and the labels
            of the AI on the pool too.
        use_model: Whether to ask reward heads: how sure they are, how much they agree with the
            AI, and how much they contradict it.
        c: Inverse strength of the penalty, as in scikit-learn.
        ridge: Of the reward heads.
        n_folds: Folds by prompt in which heads are fitted, so that none says what it was told.
        seed: Of the folds.

    Returns:
        Gains as differences of probabilities; standard errors that a bootstrap over prompts of
        one Newton step each converges to, with the head as it is; what each tag contributes,
        which is the gain less what it would be without the tag.
    """
    votes = left_out(data.evaluation)
    kappa = error_kappa(votes)
    facts = {} if kappa is None else {"error_kappa": kappa}
    facts["n_votes"] = float(votes.n.sum())
    facts["n_tied_votes"] = float(votes.n_tied)
    if not votes.n.sum():
        return Gains(
            np.zeros(len(data.pool)),
            facts=facts,
            refusal="No comparison has three human labels of which a majority agrees.",
        )
    learnt, asked = _features(data, use_model=use_model, ridge=ridge, n_folds=n_folds, seed=seed)
    weights, groups = votes.n, data.evaluation.groups
    tested = np.maximum(votes.n, 1)
    human, ai = (
        fit_logistic(learnt, sums / tested, weights=weights, groups=groups, c=c)
        for sums in (votes.human, votes.ai)
    )
    accuracy = human.chances(asked), ai.chances(asked)
    n_tags = data.pool.tags.shape[1]
    return Gains(
        accuracy[0] - accuracy[1],
        se=_standard_errors(human, ai, asked),
        contributions=_contributions(human, asked, n_tags) - _contributions(ai, asked, n_tags),
        accuracy=accuracy,
        facts=facts,
    )


def _features(
    data: RoutingData, *, use_model: bool, ridge: float, n_folds: int, seed: int
) -> tuple[Floats, Floats]:
    """Return the features of the evaluation set and of the pool: tags first, then the rest."""
    fits = (human_margins, mixed_margins) if use_model else ()
    margins = [fit(data, ridge=ridge, n_folds=n_folds, seed=seed) for fit in fits]
    learnt = _others(data.evaluation, [margin.evaluation for margin in margins])
    asked = _others(data.pool, [margin.pool for margin in margins])
    scale = _scale(learnt)
    return (
        np.concatenate([data.evaluation.tags, scale.apply(learnt)], axis=1, dtype=np.float64),
        np.concatenate([data.pool.tags, scale.apply(asked)], axis=1, dtype=np.float64),
    )


def _others(comparisons: Comparisons, margins: list[Floats]) -> Floats:
    """Return what is known but for tags; the same after swapping a and b."""
    columns: list[Floats] = []
    for margin in margins:
        agreement = margin * (2 * comparisons.ai - 1)
        columns += [np.abs(margin), agreement, np.minimum(agreement, 0)]
    return np.column_stack([*columns, comparisons.signals.astype(np.float64)])


def _scale(columns: Floats) -> _Scale:
    is_known = ~np.isnan(columns)
    n = np.maximum(is_known.sum(axis=0), 1)
    middle = np.nansum(columns, axis=0) / n
    width = np.sqrt(np.nansum((columns - middle) ** 2, axis=0) / n)
    # What is one number but for rounding has no width to speak of.
    is_wide = width > _NO_WIDTH * np.maximum(np.abs(middle), 1)
    is_gappy = np.asarray(~is_known.all(axis=0))
    return _Scale(middle, np.where(is_wide, width, 1.0), is_gappy)


def _standard_errors(human: Logistic, ai: Logistic, features: Floats) -> Floats:
    """Return the standard error of the difference of two chances, by the delta method."""
    design = np.column_stack([np.ones(len(features)), features])
    variance = np.zeros(len(features))
    parts = []
    for model, sign in ((human, 1.0), (ai, -1.0)):
        chances = model.chances(features)
        parts.append((sign * chances * (1 - chances), model.influence))
    for slope, influence in parts:
        for other_slope, other in parts:
            form = ((design @ (influence.T @ other)) * design).sum(axis=1)
            variance += slope * other_slope * form
    return np.sqrt(np.maximum(variance, 0))


def _contributions(model: Logistic, features: Floats, n_tags: int) -> Floats:
    """Return what the chance would lose without each tag that holds."""
    log_odds = model.log_odds(features)[:, None]
    without = log_odds - features[:, :n_tags] * model.weights[:n_tags]
    return np.asarray(expit(log_odds) - expit(without))
