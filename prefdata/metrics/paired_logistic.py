"""Logistic regressions of choices between two responses on votes, the same whichever is called a.

A row says what speaks for a and what for b, as 1 and -1; the label leans to a (1) or to b (-1).
There is no intercept, so exchanging a and b changes the sign of a row and of its label, and nothing
else: each row stands for itself and for its mirror image, and a place alone earns nothing.

Rows may be many and columns few, so what is fitted often looks at products of columns alone: around
no effect at all, the loss is a quadratic with the Gram matrix of the votes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

__all__ = [
    "COIN",
    "fit_paired",
    "gradient",
    "lasso_order",
    "paired_auc",
    "paired_hits",
    "paired_losses",
    "ridge_paired",
]

COIN = float(np.log(2))
"""Log-loss of a coin, in nats."""

_MAX_STEPS = 50
_LONGEST = 5.0
_TOLERANCE = 1e-7
_ROUNDS = 30
# Makes columns that repeat each other differ.
_TRACE = 1e-6
# Chances are at most 1/2 from the middle, where they spread most: p (1 - p) <= 1/4.
_QUARTER = 0.25
_HALF = 0.5


def fit_paired(
    votes: Floats,
    lean: Floats,
    *,
    weights: Floats | None = None,
    penalty: float = 1.0,
    start: Floats | None = None,
) -> NDArray[np.float64]:
    """Fit log-odds of votes by Newton steps, with a ridge penalty.

    The loss is the sum of the cross-entropies, each times its weight, and half the penalty times
    the square of the log-odds: as scikit-learn's without an intercept, with ``C = 1 / penalty``.

    Args:
        votes: ``(n, k)``: 1 where a column speaks for a, -1 for b, 0 for neither; any number does.
        lean: ``(n,)``, from -1 (b is preferred) to 1 (a is); in between, a share of votes.
        weights: ``(n,)``, not negative; 1 each by default.
        penalty: Above 0: then the fit is unique, and finite where no label disagrees.
        start: ``(k,)``, where to begin.

    Returns:
        ``(k,)`` log-odds that a vote adds; 0 where there are no rows.
    """
    table = np.asarray(votes, np.float64)
    targets, rows = _targets(lean, weights)
    odds = np.zeros(table.shape[1]) if start is None else np.array(start, np.float64)
    ridge = penalty * np.eye(len(odds))
    for _ in range(_MAX_STEPS):
        chances = expit(table @ odds)
        slope = table.T @ (rows * (chances - targets)) + penalty * odds
        bend = table.T @ (table * (rows * chances * (1 - chances))[:, None]) + ridge
        step = np.linalg.solve(bend, slope)
        size = float(np.abs(step).max(initial=0.0))
        # Far from the minimum a full step may overshoot, where chances are near 0 or 1.
        odds = odds - step / max(1.0, size / _LONGEST)
        if size < _TOLERANCE:
            break
    return odds


def ridge_paired(
    votes: Floats,
    lean: Floats,
    *,
    weights: Floats | None = None,
    penalties: Floats,
    gram: Floats | None = None,
) -> NDArray[np.float64]:
    """Fit log-odds of many columns for several penalties.

    Each step goes down the quadratic with the Gram matrix, which is never above the loss, so no
    step is too long and the columns are multiplied with each other once (Boehning and Lindsay
    1988). Where effects are small, as those of principles are, a few steps do.

    Args:
        votes: ``(n, p)``.
        lean: ``(n,)``, as in `fit_paired`.
        weights: ``(n,)``.
        penalties: ``(k,)``, above 0.
        gram: ``(p, p)``, the products of the columns, weighted; computed by default.

    Returns:
        ``(k, p)`` log-odds.
    """
    table = np.asarray(votes, np.float32)
    products = _gram(table, weights) if gram is None else np.asarray(gram, np.float64)
    values, vectors = np.linalg.eigh(_QUARTER * products)
    found = np.zeros((len(penalties), table.shape[1]))
    odds = np.zeros(table.shape[1])
    # From the strongest penalty on, each fit begins where the last one ended.
    for place in np.argsort(-np.asarray(penalties)):
        penalty = float(penalties[place])
        inverse = 1 / (np.maximum(values, 0.0) + penalty)
        for _ in range(_ROUNDS):
            slope = gradient(table, lean, odds, weights=weights) + penalty * odds
            step = vectors @ (inverse * (vectors.T @ slope))
            odds = odds - step
            if np.abs(step).max(initial=0.0) < _TOLERANCE * 100:
                break
        found[place] = odds
    return found


def gradient(
    votes: Floats, lean: Floats, odds: Floats, *, weights: Floats | None = None
) -> NDArray[np.float64]:
    """Return the slope of the sum of cross-entropies by each of ``p`` log-odds.

    Args:
        votes: ``(n, p)``; of float32, and in the order of columns, it is read at the speed of the
            memory.
        lean: ``(n,)``, as in `fit_paired`.
        odds: ``(p,)``.
        weights: ``(n,)``.
    """
    targets, rows = _targets(lean, weights)
    scores = votes @ np.asarray(odds, votes.dtype)
    slope = votes.T @ (rows * (expit(scores) - targets)).astype(votes.dtype)
    return np.asarray(slope, np.float64)


def lasso_order(gram: Floats, pull: Floats, *, most: int) -> list[int]:
    """Return columns in the order in which they enter the L1 path, where the loss is a quadratic.

    Around no effect the loss is a quadratic of the products of columns, whose path is exact and
    has a corner where a column enters or leaves; the order hardly depends on the rest of the loss.
    Columns are brought to one size, so one that is often 0 is at no loss.

    Args:
        gram: ``(p, p)``: products of the columns.
        pull: ``(p,)``: sums of label times column.
        most: Corners after which the path ends.

    References:
        Efron, Hastie, Johnstone and Tibshirani (2004), *Least angle regression*, Annals of
        Statistics 32, 407-499.
    """
    import warnings

    from sklearn.linear_model import lars_path_gram

    places = np.flatnonzero(np.diag(gram) > 0)
    if not len(places) or most < 1:
        return []
    sizes = np.sqrt(np.diag(gram)[places].astype(np.float64))
    unit = gram[np.ix_(places, places)] / np.outer(sizes, sizes) + _TRACE * np.eye(len(places))
    with warnings.catch_warnings():
        # It says so where columns repeat each other, and leaves the later ones out.
        warnings.simplefilter("ignore")
        _, _, odds = lars_path_gram(
            np.asarray(pull, np.float64)[places] / sizes,
            unit,
            n_samples=1,
            max_iter=most,
            method="lasso",
        )
    is_in = odds != 0
    entry = np.where(is_in.any(axis=1), is_in.argmax(axis=1), is_in.shape[1])
    order = np.argsort(entry, kind="stable")
    return [int(place) for place in places[order[entry[order] < is_in.shape[1]]]]


def paired_losses(scores: Floats, lean: Floats) -> NDArray[np.float64]:
    """Return the cross-entropy of each label under its score, in nats; `COIN` where that is 0.

    Args:
        scores: Log-odds that a is preferred, ``(n,)`` or ``(n, k)``.
        lean: ``(n,)``, as in `fit_paired`.
    """
    table = np.asarray(scores, np.float64)
    sides = np.asarray(lean, np.float64).reshape(-1, *[1] * (table.ndim - 1))
    return np.asarray(np.logaddexp(0, table) - _HALF * (1 + sides) * table)


def paired_hits(scores: Floats, lean: Floats) -> NDArray[np.float64]:
    """Return 1 for each label that its score foretells, 0 where it is wrong, else one half.

    Args:
        scores: ``(n,)``; 0 says nothing.
        lean: ``(n,)``; 0 prefers neither.
    """
    return np.asarray(_HALF + _HALF * np.sign(scores) * np.sign(lean))


def paired_auc(scores: Floats, lean: Floats) -> float:
    """Return the area under the curve, with each label both ways round.

    It is the probability that a score turned to its choice is above that of a mirror image drawn
    by chance, so that 1/2 is a coin whatever the share of a among the choices.

    Args:
        scores: ``(n,)``.
        lean: ``(n,)``, by sign; labels of 0 have no part.

    Returns:
        The area; nan without labels.
    """
    turned = np.asarray(scores, np.float64) * np.sign(lean)
    turned = turned[np.asarray(lean) != 0]
    if not len(turned):
        return float("nan")
    mirrored = np.sort(-turned)
    below = np.searchsorted(mirrored, turned, side="left")
    upto = np.searchsorted(mirrored, turned, side="right")
    return float((below + upto).mean() / (2 * len(turned)))


def _targets(
    lean: Floats, weights: Floats | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    targets = _HALF * (1 + np.asarray(lean, np.float64))
    rows = np.ones(len(targets)) if weights is None else np.asarray(weights, np.float64)
    return targets, rows


def _gram(table: NDArray[np.float32], weights: Floats | None) -> NDArray[np.float64]:
    scaled = table if weights is None else table * np.asarray(weights, np.float32)[:, None]
    return np.asarray(table.T @ scaled, np.float64)
