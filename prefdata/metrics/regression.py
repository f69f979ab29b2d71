"""Least squares for several targets at once: ridge that sets its own strength, and least norm.

Many targets share one decomposition, so that what permuted targets give costs almost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Fit", "Linear", "cross_validated", "least_norm", "rank_correlations", "ridge_loo"]

_LEAST_PER_FOLD = 4


@dataclass(frozen=True, slots=True)
class Linear:
    """Linear functions of p features, one for each of m targets."""

    weights: Floats
    """``(p, m)``."""
    intercepts: Floats
    """``(m,)``."""
    covariance: Floats | None = None
    """``(p, p)``: of the weights of the first target, as far as the noise of the targets goes."""

    def predict(self, features: Floats) -> Floats:
        """Return ``(n, m)`` predictions for ``(n, p)`` features."""
        predictions: Floats = features @ self.weights + self.intercepts
        return predictions


class Fit(Protocol):
    """A way to fit linear functions."""

    def __call__(self, features: Floats, targets: Floats, /) -> Linear:
        """Fit ``(n, m)`` targets on ``(n, p)`` features."""
        ...


def ridge_loo(features: Floats, targets: Floats, alphas: Floats) -> Linear:
    """Fit by ridge regression; each target takes the strength with the least leave-one-out error.

    The intercept is not penalised.

    Args:
        features: ``(n, p)``, not standardised here.
        targets: ``(n, m)``.
        alphas: Strengths to choose from, above 0.

    References:
        Golub, Heath and Wahba (1979), *Generalized cross-validation*, for the residuals in closed
        form; the same as scikit-learn's ``RidgeCV(alpha_per_target=True)``.
    """
    n = len(features)
    centre, level = features.mean(axis=0), targets.mean(axis=0)
    u, s, vt = np.linalg.svd(features - centre, full_matrices=False)
    along = u.T @ (targets - level)
    shrinks = s**2 / (s**2 + alphas[:, None])
    errors = np.empty((len(alphas), targets.shape[1]))
    for error, shrink in zip(errors, shrinks, strict=True):
        leverage = 1 / n + u**2 @ shrink
        residuals = targets - level - u @ (shrink[:, None] * along)
        error[:] = ((residuals / (1 - leverage)[:, None]) ** 2).mean(axis=0)
    best = errors.argmin(axis=0)
    inverse = s / (s**2 + alphas[best][:, None])
    weights = vt.T @ (inverse.T * along)
    noise = errors[best[0], 0]
    covariance = (vt.T * (noise / (s**2 + alphas[best[0]]))) @ vt
    return Linear(weights, level - centre @ weights, covariance)


def least_norm(features: Floats, targets: Floats) -> Linear:
    """Fit by least squares; of all best fits, that with the smallest weights.

    The same as scikit-learn's ``LinearRegression``.

    Args:
        features: ``(n, p)``.
        targets: ``(n, m)``.
    """
    centre, level = features.mean(axis=0), targets.mean(axis=0)
    weights = np.linalg.lstsq(features - centre, targets - level, rcond=None)[0]
    return Linear(weights, level - centre @ weights)


def cross_validated(
    fit: Fit, features: Floats, targets: Floats, *, seed: int, n_folds: int = 10
) -> tuple[Floats, Floats]:
    """Measure how well targets that a fit has not seen are predicted.

    Args:
        fit: Fits features to targets.
        features: ``(n, p)``.
        targets: ``(n, m)``.
        seed: Of the folds.
        n_folds: Of how many, or fewer, so that four rows are in each; two at least.

    Returns:
        ``(m,)`` rank correlations, each the mean over the folds, since predictions of different
        folds have different levels; and ``(m,)`` root mean squared errors.
    """
    n = len(features)
    n_folds = max(2, min(n_folds, n // _LEAST_PER_FOLD))
    fold = np.random.default_rng(seed).permutation(n) % n_folds
    correlations, squares = [], np.zeros(targets.shape[1])
    for number in range(n_folds):
        out = fold == number
        predictions = fit(features[~out], targets[~out]).predict(features[out])
        correlations.append(rank_correlations(predictions, targets[out]))
        squares += ((predictions - targets[out]) ** 2).sum(axis=0)
    return np.mean(correlations, axis=0), np.sqrt(squares / n)


def rank_correlations(left: Floats, right: Floats) -> Floats:
    """Return Spearman's rank correlation of each column with its counterpart.

    Args:
        left: ``(n, m)``.
        right: ``(n, m)``.

    Returns:
        ``(m,)``; 0 where one of the two is constant.
    """
    from scipy.stats import rankdata

    ranks = [rankdata(table, axis=0) for table in (left, right)]
    one, other = (table - table.mean(axis=0) for table in ranks)
    lengths = np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))
    return np.where(lengths > 0, (one * other).sum(axis=0) / np.maximum(lengths, 1e-12), 0.0)
