"""Logistic regressions on few features, with what another sample would have changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Logistic", "fit_logistic"]

_MAX_STEPS = 50
_TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class Logistic:
    """A fitted logistic regression."""

    intercept: float
    """Log-odds where all features are 0."""
    weights: NDArray[np.float64]
    """``(p,)``: log-odds for one unit of each feature."""
    influence: NDArray[np.float64]
    """``(g, p + 1)``: what the intercept and the weights would change, to first order, if a group
    of rows counted twice. Their outer products sum up to the covariance of the weights, which is
    what a bootstrap over groups of one Newton step each converges to."""

    def log_odds(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-odds of ``(n, p)`` features."""
        return self.intercept + features @ self.weights

    def chances(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of ``(n, p)`` features."""
        return np.asarray(expit(self.log_odds(features)))


def fit_logistic(
    features: NDArray[np.float64],
    targets: NDArray[np.float64],
    *,
    weights: NDArray[np.float64],
    groups: NDArray[np.int64],
    c: float = 0.1,
) -> Logistic:
    """Fit by Newton steps; the weights are penalised, the intercept is not.

    The loss is that of scikit-learn: half the square of the weights, and ``c`` times the sum of
    the log-losses. Unlike there, targets may be shares.

    Args:
        features: ``(n, p)``.
        targets: ``(n,)``: share of successes, 0 to 1.
        weights: ``(n,)``: number of trials of each row.
        groups: ``(n,)``: rows of one group are resampled together.
        c: Inverse strength of the penalty.

    Returns:
        The fit; the intercept alone, near the mean, where all targets are alike.

    Raises:
        ValueError: If there are no trials.
    """
    n, p = features.shape
    if weights.sum() <= 0:
        message = "a logistic regression needs at least one trial"
        raise ValueError(message)
    design = np.column_stack([np.ones(n), features])
    penalty = np.full(p + 1, 1 / c)
    # A trace of a penalty keeps the intercept finite where all trials succeed.
    penalty[0] = 1e-3
    coefficients = np.zeros(p + 1)
    for _ in range(_MAX_STEPS):
        chances = expit(design @ coefficients)
        gradient = design.T @ (weights * (chances - targets)) + penalty * coefficients
        step = np.linalg.solve(_curvature(design, weights, chances, penalty), gradient)
        # Far from the minimum a full step may overshoot, where chances are near 0 or 1.
        coefficients = coefficients - step / max(1.0, np.abs(step).max() / 5)
        if np.abs(step).max() < _TOLERANCE:
            break
    chances = expit(design @ coefficients)
    _, at = np.unique(groups, return_inverse=True)
    residuals = design * (weights * (targets - chances))[:, None]
    sums = np.zeros((int(at.max()) + 1, p + 1))
    np.add.at(sums, at, residuals)
    influence = np.linalg.solve(_curvature(design, weights, chances, penalty), sums.T).T
    return Logistic(
        float(coefficients[0]), coefficients[1:], np.asarray(influence, dtype=np.float64)
    )


def _curvature(
    design: NDArray[np.float64],
    weights: NDArray[np.float64],
    chances: NDArray[np.float64],
    penalty: NDArray[np.float64],
) -> NDArray[np.float64]:
    spread = weights * chances * (1 - chances)
    hessian: NDArray[np.float64] = design.T @ (design * spread[:, None]) + np.diag(penalty)
    return hessian
