"""The logistic regressions of the paired router."""

from __future__ import annotations

import numpy as np
import pytest

from prefdata.routing.logistic import fit_logistic

__all__: list[str] = []


def sample(n: int = 300, p: int = 4) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    features = random.standard_normal((n, p))
    chances = 1 / (1 + np.exp(-features @ np.arange(p) - 1))
    return features, (random.random(n) < chances).astype(float)


def test_it_is_the_regression_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    features, targets = sample()
    ours = fit_logistic(features, targets, weights=np.ones(300), groups=np.arange(300), c=0.1)
    theirs = LogisticRegression(C=0.1, tol=1e-10, max_iter=1000).fit(features, targets)
    assert ours.weights == pytest.approx(theirs.coef_[0], abs=1e-3)
    assert ours.intercept == pytest.approx(theirs.intercept_[0], abs=1e-3)
    assert ours.chances(features) == pytest.approx(theirs.predict_proba(features)[:, 1], abs=1e-3)


def test_a_share_counts_as_both_outcomes_each_for_its_part() -> None:
    features, targets = sample()
    shares = np.full(300, 0.25)
    split = fit_logistic(
        np.concatenate([features, features]),
        np.concatenate([np.ones(300), np.zeros(300)]),
        weights=np.concatenate([targets + shares, 3 * shares]),
        groups=np.arange(600),
    )
    whole = fit_logistic(
        features,
        (targets + shares) / (targets + 1),
        weights=targets + 1,
        groups=np.arange(300),
    )
    assert split.weights == pytest.approx(whole.weights)


def test_the_influence_of_a_group_is_what_counting_it_twice_changes() -> None:
    features, targets = sample()
    groups = np.arange(300) // 3
    once = fit_logistic(features, targets, weights=np.ones(300), groups=groups, c=1)
    twice = fit_logistic(features, targets, weights=1 + (groups == 7) * 0.01, groups=groups, c=1)
    change = np.r_[twice.intercept - once.intercept, twice.weights - once.weights] / 0.01
    assert once.influence[7] == pytest.approx(change, abs=1e-4)


def test_standard_errors_are_those_of_refits_on_resampled_groups() -> None:
    features, targets = sample(400, 3)
    groups = np.arange(400) // 2
    fit = fit_logistic(features, targets, weights=np.ones(400), groups=groups, c=1)
    random = np.random.default_rng(5)
    refits = []
    for _ in range(200):
        counts = np.bincount(random.integers(200, size=200), minlength=200)[groups]
        refit = fit_logistic(
            features, targets, weights=np.asarray(counts, np.float64), groups=groups, c=1
        )
        refits.append(refit.weights)
    errors = np.sqrt((fit.influence**2).sum(axis=0))[1:]
    assert np.std(refits, axis=0) == pytest.approx(errors, rel=0.25)


def test_it_stays_finite_where_all_succeed() -> None:
    fit = fit_logistic(np.ones((5, 1)), np.ones(5), weights=np.ones(5), groups=np.arange(5))
    assert 0.9 < fit.chances(np.ones((1, 1)))[0] < 1


def test_without_trials_there_is_nothing_to_fit() -> None:
    with pytest.raises(ValueError, match="at least one trial"):
        fit_logistic(np.ones((2, 1)), np.ones(2), weights=np.zeros(2), groups=np.arange(2))
