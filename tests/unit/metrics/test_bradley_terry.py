"""Heads that are fitted at once are those that are fitted one by one, by others too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from prefdata.metrics import bradley_terry
from prefdata.metrics.bradley_terry import fit_heads, hessian

Floats = NDArray[np.float64]


def _mixes(n: int, p: int, n_heads: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Draw comparisons, and mixes of the labels of a noisy and of a biased annotator."""
    random = np.random.default_rng(seed)
    rows = random.standard_normal((n, p)) @ (np.eye(p) + 0.2 * random.standard_normal((p, p)))
    rows /= rows.std(axis=0)
    margin = rows @ random.standard_normal(p) / np.sqrt(p)
    noisy = (random.random(n) < 1 / (1 + np.exp(-3 * margin))).astype(float)
    biased = (margin + rows[:, 0] > 0).astype(float)
    is_noisy = random.random((n, n_heads)) < np.linspace(0, 1, n_heads)
    return rows, np.where(is_noisy, noisy[:, None], biased[:, None])


def _relative_error(found: Floats, wanted: Floats) -> float:
    return float((np.abs(found - wanted).max(axis=0) / np.abs(wanted).max(axis=0)).max())


def _slopes(rows: Floats, labels: Floats, weights: Floats, ridge: float) -> Floats:
    """Return the gradient of the loss by its formula."""
    chances = 1 / (1 + np.exp(-rows @ weights))
    return rows.T @ (chances - labels) / len(rows) + ridge * weights


def test_heads_are_those_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    rows, labels = _mixes(800, 32, 20)
    heads = fit_heads(rows, labels)
    one_by_one = [
        LogisticRegression(C=1 / (0.01 * 800), fit_intercept=False, tol=1e-8, max_iter=1000)
        .fit(rows, labels[:, column])
        .coef_[0]
        for column in range(20)
    ]
    assert heads.is_converged.all()
    assert heads.weights.shape == (32, 20)
    assert _relative_error(heads.weights, np.stack(one_by_one, axis=1)) <= 1e-3


def test_large_problems_that_begin_in_single_precision_end_as_exact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, labels = _mixes(600, 24, 12)
    exact = fit_heads(rows, labels, tolerance=1e-10)
    monkeypatch.setattr(bradley_terry, "_ROUGH_PRODUCTS", 0)
    rough = fit_heads(rows.astype(np.float32), labels, tolerance=1e-4)
    assert rough.is_converged.all()
    assert rough.n_iterations < exact.n_iterations + 5
    assert _relative_error(rough.weights, exact.weights) < 1e-4


def test_single_precision_counts_only_where_double_says_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, labels = _mixes(600, 24, 12)
    rows[:, 0] += 3e4  # its sums lose what the labels say
    monkeypatch.setattr(bradley_terry, "_ROUGH_PRODUCTS", 0)
    rough = fit_heads(rows, labels)
    exact = fit_heads(rows, labels, tolerance=1e-10)
    assert _relative_error(rough.weights, exact.weights) < 1e-3


def test_numbers_that_single_precision_cannot_square_are_fitted_in_double(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, labels = _mixes(100, 4, 3)
    rows[:, 0] *= 1e20
    monkeypatch.setattr(bradley_terry, "_ROUGH_PRODUCTS", 0)
    heads = fit_heads(rows, labels)
    slopes = _slopes(rows / [1e20, 1, 1, 1], labels, heads.weights * [[1e20], [1], [1], [1]], 0)
    assert heads.is_converged.all()
    assert np.abs(slopes[1:] + 0.01 * heads.weights[1:]).max() < 1e-4


@given(st.integers(0, 1000), st.sampled_from([1e-4, 0.01, 1.0]))
@settings(max_examples=15, deadline=None)
def test_swapping_all_responses_keeps_the_head(seed: int, ridge: float) -> None:
    rows, labels = _mixes(60, 5, 3, seed)
    one = fit_heads(rows, labels, ridge=ridge)
    other = fit_heads(-rows, 1 - labels, ridge=ridge)
    assert np.allclose(one.weights, other.weights, rtol=1e-9, atol=1e-12)
    assert np.allclose(one.scores(-rows), -one.scores(rows))
    opposed = fit_heads(rows, 1 - labels, ridge=ridge)
    assert np.allclose(opposed.weights, -one.weights, rtol=1e-6, atol=1e-9)


@given(st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_a_weight_counts_as_that_many_rows(seed: int) -> None:
    rows, labels = _mixes(50, 4, 3, seed)
    times = np.random.default_rng(seed).integers(0, 4, 50)
    times[0] = 1
    weighted = fit_heads(rows, labels, weights=times, tolerance=1e-8)
    repeated = fit_heads(rows.repeat(times, axis=0), labels.repeat(times, axis=0), tolerance=1e-8)
    assert _relative_error(weighted.weights, repeated.weights) < 1e-6


def test_weights_may_differ_between_heads() -> None:
    rows, labels = _mixes(80, 4, 3)
    times = np.random.default_rng(1).integers(0, 3, (80, 3))
    times[:10, 0] = 0
    together = fit_heads(rows, labels, weights=times, tolerance=1e-8)
    for head in range(3):
        alone = fit_heads(rows, labels[:, head], weights=times[:, head], tolerance=1e-8)
        assert _relative_error(together.weights[:, [head]], alone.weights) < 1e-6


@given(st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_a_soft_label_is_a_mixture_of_hard_ones(seed: int) -> None:
    rows, _ = _mixes(40, 4, 2, seed)
    soft = np.random.default_rng(seed).integers(0, 5, 40) / 4
    found = fit_heads(rows, soft, tolerance=1e-8)
    both = np.concatenate([rows, rows])
    hard = np.concatenate([np.ones(40), np.zeros(40)])
    wanted = fit_heads(both, hard, weights=np.concatenate([soft, 1 - soft]), tolerance=1e-8)
    assert np.allclose(found.weights, wanted.weights, rtol=1e-6, atol=1e-9)


def test_ties_alone_prefer_nothing() -> None:
    rows, _ = _mixes(40, 4, 2)
    heads = fit_heads(rows, np.full(40, 0.5))
    assert heads.is_converged.all()
    assert np.abs(heads.weights).max() < 1e-12


@pytest.mark.parametrize("ridge", [1e-6, 1e-3, 1.0])
def test_heads_converge_whose_labels_have_nothing_in_common(ridge: float) -> None:
    random = np.random.default_rng(0)
    rows = random.standard_normal((300, 12))
    separable = (rows @ random.standard_normal(12) > 0).astype(float)
    others = [separable, 1 - separable, np.full(300, 0.5), (rows[:, 0] > 0).astype(float)]
    labels = np.column_stack([*others, random.integers(0, 2, 300)])
    heads = fit_heads(rows, labels, ridge=ridge)
    assert heads.is_converged.all()
    exact = fit_heads(rows, labels, ridge=ridge, tolerance=1e-10, max_iterations=0)
    assert np.abs(_slopes(rows, labels, exact.weights, ridge)).max() < 1e-12
    size = np.maximum(np.abs(exact.weights).max(axis=0), 1e-9)
    assert (np.abs(heads.weights - exact.weights).max(axis=0) / size).max() < 1e-3


def test_heads_that_no_step_can_bring_there_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, labels = _mixes(100, 6, 4)
    monkeypatch.setattr(bradley_terry, "_NEWTON_ROUNDS", 1)
    heads = fit_heads(rows, labels, max_iterations=0)
    assert not heads.is_converged.any()


def test_more_columns_than_rows_are_no_obstacle() -> None:
    rows, labels = _mixes(30, 60, 5)
    heads = fit_heads(rows, labels, tolerance=1e-8)
    assert heads.is_converged.all()
    assert np.abs(_slopes(rows, labels, heads.weights, 0.01)).max() < 1e-9


def test_a_ridge_too_small_for_rounding_still_gives_an_answer() -> None:
    rows = np.tile(np.array([[1e8, 1e8], [1.0, 1.0]]), (10, 1))
    heads = fit_heads(rows, np.tile([1.0, 0.0], 10), ridge=1e-12)
    assert np.isfinite(heads.weights).all()


def test_the_hessian_is_the_change_of_the_gradient() -> None:
    rows, labels = _mixes(200, 5, 2)
    weights = fit_heads(rows, labels).weights[:, 0]
    found = hessian(rows, weights, 0.01)
    step = 1e-5 * np.eye(5)
    slopes = [
        (
            _slopes(rows, labels[:, 0], weights + move, 0.01)
            - _slopes(rows, labels[:, 0], weights - move, 0.01)
        )
        / 2e-5
        for move in step
    ]
    assert np.allclose(found, slopes, atol=1e-8)
    twice = hessian(rows, weights, 0.01, row_weights=np.full(200, 2.0))
    assert np.allclose(found, twice)


@pytest.mark.parametrize(
    ("rows", "labels", "settings_", "said"),
    [
        (np.ones((3, 2)), np.ones(2), {}, "do not fit"),
        (np.ones((0, 2)), np.ones(0), {}, "need a comparison"),
        (np.ones((2, 2)), np.array([0.0, 1.5]), {}, "between 0"),
        (np.ones((2, 2)), np.array([0.0, np.nan]), {}, "between 0"),
        (np.array([[1.0], [np.nan]]), np.ones(2), {}, "finite"),
        (np.ones((2, 2)), np.ones(2), {"ridge": 0.0}, "ridge"),
        (np.ones((2, 2)), np.ones(2), {"weights": [1.0, -1.0]}, "at least 0"),
        (np.ones((2, 2)), np.ones(2), {"weights": [0.0, 0.0]}, "positive sum"),
        (np.ones((2, 2)), np.ones(2), {"weights": [1.0]}, "do not fit"),
    ],
)
def test_what_makes_no_sense_is_refused(
    rows: Floats, labels: Floats, settings_: dict[str, float], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        fit_heads(rows, labels, **settings_)  # type: ignore[arg-type]
