"""A number for each tag: ridge regression whose strength follows from leaving rows out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Tags = NDArray[np.bool_]

__all__ = ["TagModel", "fit_tags", "tag_bootstrap"]

_RIDGES = np.geomspace(1e-3, 1e2, 26)
"""As shares of the number of rows."""


@dataclass(frozen=True, slots=True)
class TagModel:
    """What rows gain for each of their tags."""

    intercept: float
    """The value of a row without tags."""
    weights: Floats
    """``(t,)``: what one tag adds."""
    ridge: float
    """As a share of the number of rows; on tags of unit variance."""

    def predict(self, tags: Tags) -> Floats:
        """Return the values of ``(n, t)`` tags."""
        return np.asarray(self.intercept + tags @ self.weights)

    def contributions(self, tags: Tags) -> Floats:
        """Return what each tag contributes, ``(n, t)``; 0 for tags that do not hold."""
        return np.asarray(tags * self.weights)

    def standard_errors(self, tags: Tags, covariance: Floats) -> Floats:
        """Return those of the values of ``(n, t)`` tags.

        Args:
            tags: Of which rows.
            covariance: ``(t + 1, t + 1)``: of the intercept and the weights.
        """
        design = np.column_stack([np.ones(len(tags)), tags])
        variances = ((design @ covariance) * design).sum(axis=1)
        return np.asarray(np.sqrt(np.maximum(variances, 0)))


def fit_tags(tags: Tags, values: Floats, *, ridge: float | None = None) -> TagModel:
    """Fit values of rows to their tags.

    Tags are scaled to unit variance, so that rare tags are not shrunk more than frequent ones,
    and centred, so that the mean is not shrunk. Tags that hold everywhere or nowhere get 0.

    Args:
        tags: ``(n, t)``, with at least one row.
        values: ``(n,)``.
        ridge: As a share of the number of rows. None: of 26 from 0.001 to 100, the one with the
            least squared error when each row is left out, by the closed form of Allen's PRESS;
            where several are as good, the greatest.

    References:
        Allen (1974), *The relationship between variable selection and data augmentation and a
        method for prediction*; Hoerl and Kennard (1970), *Ridge regression*.
    """
    from scipy.linalg import svd

    shares = tags.mean(axis=0)
    width = _width(tags)
    middle = values.mean()
    left, sizes, right = svd((tags - shares) / width, full_matrices=False)
    onto = left.T @ (values - middle)
    if ridge is None:
        ridge = _best_ridge(left, sizes, onto, values - middle)
    weights = right.T @ (sizes / (sizes**2 + ridge * len(tags)) * onto) / width
    return TagModel(float(middle - shares @ weights), weights, float(ridge))


def tag_bootstrap(tags: Tags, values: Floats, draws: Floats, ridge: float) -> Floats:
    """Return the covariance of intercept and weights over draws of the rows.

    Args:
        tags: ``(n, t)``.
        values: ``(n, B)``: of each draw, since values may depend on it too.
        draws: ``(n, B)``: how often each row is in it.
        ridge: As a share of the number of rows.

    Returns:
        ``(t + 1, t + 1)``; zeros for fewer than two draws.
    """
    found = [
        _weighted(tags.astype(np.float64), mine, times, ridge, _width(tags))
        for mine, times in zip(values.T, draws.T, strict=True)
    ]
    size = tags.shape[1] + 1
    return (
        np.cov(np.array(found).T).reshape(size, size) if len(found) > 1 else np.zeros((size, size))
    )


def _width(tags: Tags) -> Floats:
    width = tags.std(axis=0)
    return np.where(width > 0, width, 1.0)


def _best_ridge(left: Floats, sizes: Floats, onto: Floats, values: Floats) -> float:
    """Return the strength whose predictions of rows that were left out are best."""
    n = len(values)
    errors = []
    for share in _RIDGES:
        kept = sizes**2 / (sizes**2 + share * n)
        leverage = 1 / n + (left**2) @ kept
        missed = (values - left @ (kept * onto)) / np.maximum(1 - leverage, 1 / n)
        errors.append((missed**2).sum())
    # From the greatest on, so that of equals that one is found first.
    return float(_RIDGES[::-1][np.argmin(errors[::-1])])


def _weighted(rows: Floats, values: Floats, times: Floats, ridge: float, width: Floats) -> Any:
    """Return intercept and weights of rows that count so many times."""
    from scipy.linalg import solve

    n = max(times.sum(), 1.0)
    shares, middle = times @ rows / n, times @ values / n
    centred = (rows - shares) / width
    scaled = centred * times[:, None]
    gram = scaled.T @ centred + ridge * n * np.eye(len(width))
    weights = solve(gram, scaled.T @ (values - middle), assume_a="pos") / width
    return np.concatenate([[middle - shares @ weights], weights])
