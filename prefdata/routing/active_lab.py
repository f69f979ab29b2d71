"""ActiveLab: asks about what model and annotators together are least sure of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from prefdata.core.errors import MissingExtraError
from prefdata.metrics.bradley_terry import fit_heads
from prefdata.protocols.routing import Gains
from prefdata.routing.margins import folds
from prefdata.routing.truth import majority

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from prefdata.protocols.routing import RoutingData

__all__ = ["active_lab_gains"]


def active_lab_gains(
    data: RoutingData, *, ridge: float = 0.01, n_folds: int = 5, seed: int = 0
) -> Gains:
    """Rank comparisons by the ActiveLab score of cleanlab, the least sure first.

    The AI is one annotator, and each column of human votes another; the classifier is a reward
    head that is fitted to the majority of all of them, and cross-fitted by prompt. The score
    knows that annotators differ in quality, but not that the AI may be biased somewhere: where AI
    and head are both sure and both wrong, nobody is asked.

    Args:
        data: All labels are learnt from, those of the AI on the pool too.
        ridge: Of the heads.
        n_folds: Folds by prompt in which heads are fitted.
        seed: Of the folds.

    Returns:
        Gains as 1 less the score, so from 0 to 1.

    Raises:
        MissingExtraError: If cleanlab is not installed.

    References:
        Goh and Mueller (2023), *ActiveLab: Active Learning with Re-Labeling by Multiple
        Annotators*, arXiv:2301.11856.
    """
    scores_of = _load()
    votes = _votes(data)
    chances = _chances(data, votes, ridge=ridge, n_folds=n_folds, seed=seed)
    # cleanlab measures annotators against the more frequent class, so which response is called a
    # would matter; a projection of the difference turns all comparisons the same way, however.
    is_turned = _is_turned(data, seed)
    votes = np.where(is_turned[:, None], 1 - votes, votes)
    chances = np.where(is_turned, 1 - chances, chances)
    classes = np.column_stack([1 - chances, chances])
    # Ties of the AI are no vote for a class, and cleanlab wants rows without a vote apart.
    has_vote = ~np.isnan(votes).all(axis=1)
    score = np.empty(len(votes))
    score[has_vote], score[~has_vote] = scores_of(
        votes[has_vote], classes[has_vote], classes[~has_vote]
    )
    return Gains(1 - score[: len(data.pool)])


def _load() -> Callable[..., Any]:
    try:
        from cleanlab.multiannotator import get_active_learning_scores
    except ModuleNotFoundError as error:
        raise MissingExtraError("ActiveLab", extra="crowd") from error
    return get_active_learning_scores  # type: ignore[no-any-return]


def _votes(data: RoutingData) -> NDArray[np.float64]:
    """Return 1 for a and 0 for b, the pool first; the AI is the first column, NaN no vote."""
    width = max(part.humans.shape[1] for part in (data.evaluation, data.seed))
    rows = []
    # What people say of the pool is not for routers.
    for part, humans in (
        (data.pool, data.pool.humans[:, :0]),
        (data.evaluation, data.evaluation.humans),
        (data.seed, data.seed.humans),
    ):
        people = np.full((len(part), width), np.nan)
        people[:, : humans.shape[1]] = humans
        rows.append(np.column_stack([part.ai, people]))
    labels = np.concatenate(rows)
    sides = np.where(labels == 0.5, np.nan, labels > 0.5)  # noqa: PLR2004
    return np.where(np.isnan(labels), np.nan, sides)


def _is_turned(data: RoutingData, seed: int) -> NDArray[np.bool_]:
    """Return whether a comparison shows the other side of a plane that is drawn by chance."""
    parts = (data.pool, data.evaluation, data.seed)
    rows = np.concatenate([part.difference for part in parts])
    normal = np.random.default_rng([seed % (1 << 32), 1]).standard_normal(rows.shape[1])
    return np.asarray(rows @ normal < 0)


def _chances(
    data: RoutingData, votes: NDArray[np.float64], *, ridge: float, n_folds: int, seed: int
) -> NDArray[np.float64]:
    """Return the chance of a under a head that has not seen the prompt."""
    parts = (data.pool, data.evaluation, data.seed)
    rows = np.concatenate([part.difference for part in parts])
    at = folds(np.concatenate([part.groups for part in parts]), n_folds, seed)
    truth = majority(votes)
    is_known = ~np.isnan(truth)
    chances = np.full(len(rows), 0.5)
    for fold in range(int(at.max()) + 1):
        learnt, mine = is_known & (at != fold), at == fold
        if learnt.any():
            head = fit_heads(rows[learnt], truth[learnt], ridge=ridge)
            chances[mine] = expit(head.scores(rows[mine])[:, 0])
    return chances
