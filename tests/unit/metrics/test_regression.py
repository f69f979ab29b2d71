"""Our least squares are scikit-learn's, for many targets at once."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import LinearRegression, RidgeCV

from prefdata.metrics.regression import (
    cross_validated,
    least_norm,
    rank_correlations,
    ridge_loo,
)

__all__: list[str] = []

_ALPHAS = np.geomspace(1e-3, 100, 12)


def _data(n: int, p: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng([n, p, m])
    features = random.standard_normal((n, p)) @ random.standard_normal((p, p)) + 3
    targets = features @ random.standard_normal((p, m)) + 4 * random.standard_normal((n, m))
    return features, targets


@pytest.mark.parametrize(("n", "p"), [(60, 8), (30, 50)])
def test_ridge_is_that_of_scikit_learn(n: int, p: int) -> None:
    features, targets = _data(n, p, 3)
    theirs = RidgeCV(alphas=_ALPHAS, alpha_per_target=True).fit(features, targets)
    ours = ridge_loo(features, targets, _ALPHAS)
    np.testing.assert_allclose(ours.weights, theirs.coef_.T, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.predict(features), theirs.predict(features), rtol=1e-6)


@pytest.mark.parametrize(("n", "p"), [(60, 8), (20, 50)])
def test_least_norm_is_the_linear_regression_of_scikit_learn(n: int, p: int) -> None:
    features, targets = _data(n, p, 2)
    theirs = LinearRegression().fit(features, targets)
    ours = least_norm(features, targets)
    np.testing.assert_allclose(ours.weights, theirs.coef_.T, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.intercepts, theirs.intercept_, rtol=1e-6)


def test_the_covariance_of_ridge_is_what_repetition_shows() -> None:
    random = np.random.default_rng(0)
    features = random.standard_normal((200, 3))
    noise = random.standard_normal((200, 2000))
    weights = ridge_loo(features, features @ np.ones((3, 1)) + noise, np.array([1e-6])).weights
    first = ridge_loo(features, features @ np.ones((3, 1)) + noise[:, :1], np.array([1e-6]))
    assert first.covariance is not None
    np.testing.assert_allclose(first.covariance.diagonal(), weights.var(axis=1), rtol=0.35)


def test_rank_correlations_are_those_of_scipy_with_ties() -> None:
    random = np.random.default_rng(1)
    left = random.integers(0, 5, (30, 4)).astype(float)
    right = left + random.integers(0, 4, (30, 4)).astype(float)
    theirs = [spearmanr(left[:, k], right[:, k]).statistic for k in range(4)]
    assert rank_correlations(left, right) == pytest.approx(theirs)


def test_a_constant_has_no_rank_correlation() -> None:
    assert rank_correlations(np.ones((5, 1)), np.arange(5.0)[:, None]) == [0]


def test_cross_validation_sees_what_can_be_predicted_and_what_cannot() -> None:
    random = np.random.default_rng(2)
    features = random.standard_normal((150, 5))
    signal = features @ np.ones((5, 1)) + 0.1 * random.standard_normal((150, 1))
    noise = random.standard_normal((150, 1))
    fit = partial(ridge_loo, alphas=_ALPHAS)
    targets = np.concatenate([signal, noise], axis=1)
    correlations, errors = cross_validated(fit, features, targets, seed=3)
    assert correlations[0] > 0.95
    assert abs(correlations[1]) < 0.25
    assert errors[0] == pytest.approx(0.1, rel=0.2)
    assert errors[1] == pytest.approx(1, rel=0.2)
