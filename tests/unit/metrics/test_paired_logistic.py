"""Logistic regressions that are the same whichever response is called a."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from prefdata.metrics.paired_logistic import (
    COIN,
    fit_paired,
    gradient,
    lasso_order,
    paired_auc,
    paired_hits,
    paired_losses,
    ridge_paired,
)

__all__: list[str] = []


def _draw(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    votes = rng.integers(-1, 2, (n, 4)).astype(np.float64)
    odds = votes @ np.array([1.0, -0.5, 0.0, 0.2])
    return votes, np.where(rng.random(n) < 1 / (1 + np.exp(-odds)), 1.0, -1.0)


def test_the_fit_is_that_of_scikit_learn() -> None:
    votes, lean = _draw(1)
    weights = np.random.default_rng(2).random(len(lean))
    theirs = LogisticRegression(C=1 / 3, fit_intercept=False, tol=1e-10, max_iter=500)
    theirs.fit(votes, lean, sample_weight=weights)
    ours = fit_paired(votes, lean, weights=weights, penalty=3.0)
    assert np.allclose(ours, theirs.coef_[0], atol=1e-5)
    several = ridge_paired(votes, lean, weights=weights, penalties=np.array([3.0, 30.0]))
    assert np.allclose(several[0], ours, atol=1e-3)
    assert np.abs(several[1]).sum() < np.abs(several[0]).sum()


@settings(max_examples=20)
@given(st.integers(0, 99), st.lists(st.booleans(), min_size=40, max_size=40))
def test_exchanging_a_and_b_changes_nothing(seed: int, swaps: list[bool]) -> None:
    votes, lean = _draw(seed, 40)
    turn = np.where(swaps, -1.0, 1.0)
    ours = fit_paired(votes, lean, penalty=1.0)
    assert np.allclose(ours, fit_paired(votes * turn[:, None], lean * turn, penalty=1.0))
    scores = votes @ ours
    assert paired_auc(scores, lean) == pytest.approx(paired_auc(scores * turn, lean * turn))
    assert np.allclose(paired_losses(scores, lean), paired_losses(scores * turn, lean * turn))


def test_a_share_of_votes_is_as_many_labels_each_way() -> None:
    votes = np.array([[1.0], [1.0], [1.0], [1.0]])
    one = fit_paired(votes[:1], np.array([0.5]), weights=np.array([4.0]))
    assert np.allclose(one, fit_paired(votes, np.array([1.0, 1.0, 1.0, -1.0])))


def test_the_slope_is_0_at_the_fit() -> None:
    votes, lean = _draw(3)
    odds = fit_paired(votes, lean, penalty=2.0)
    assert np.allclose(gradient(votes, lean, odds) + 2.0 * odds, 0, atol=1e-6)


def test_nothing_to_learn_from_is_no_effect() -> None:
    assert np.array_equal(fit_paired(np.empty((0, 2)), np.empty(0)), [0, 0])


def test_columns_enter_by_what_they_explain_beside_the_others() -> None:
    votes, lean = _draw(4, 2000)
    # Mostly what the first column says, so it has a strength of its own, and nothing to add.
    echo = np.where(np.arange(len(lean)) % 3 == 0, votes[:, 2], votes[:, 0])
    columns = np.column_stack([votes, echo])
    assert lasso_order(columns.T @ columns, columns.T @ lean, most=10)[:2] == [0, 1]
    assert np.argsort(-np.abs(columns.T @ lean))[1] == 4
    assert lasso_order(np.zeros((2, 2)), np.zeros(2), most=5) == []
    assert lasso_order(votes.T @ votes, votes.T @ lean, most=0) == []


def test_marks_of_a_coin() -> None:
    lean = np.array([1.0, -1.0, 1.0])
    assert np.allclose(paired_losses(np.zeros(3), lean), COIN)
    assert paired_hits(np.array([2.0, 2.0, 0.0]), lean).tolist() == [1.0, 0.0, 0.5]
    assert paired_auc(np.zeros(3), lean) == 0.5
    assert np.isnan(paired_auc(np.zeros(1), np.zeros(1)))


def test_the_area_counts_each_label_both_ways_round() -> None:
    # Turned to the choice: 2, -1; mirrored -2, 1. Of four comparisons, 2 > -2, 2 > 1, -1 > -2.
    assert paired_auc(np.array([2.0, 1.0]), np.array([1.0, -1.0])) == 0.75
