"""Temperatures take the scale out of a head, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from prefdata.metrics import calibration
from prefdata.metrics.calibration import accuracies, log_losses, temperatures

Floats = NDArray[np.float64]


def _drawn(seed: int, n: int = 400, n_heads: int = 5) -> tuple[Floats, Floats]:
    """Draw scores in log-odds that are true in the first column, and labels."""
    random = np.random.default_rng(seed)
    true = random.standard_normal(n) * 2
    labels = (random.random(n) < 1 / (1 + np.exp(-true))).astype(float)
    noise = random.standard_normal((n, n_heads)) * np.linspace(0, 3, n_heads)
    return true[:, None] + noise, labels


def _loss(scores: Floats, labels: Floats) -> float:
    return float(np.mean(np.log1p(np.exp(scores)) - labels * scores))


@given(st.integers(0, 1000), st.floats(0.01, 100))
@settings(max_examples=20, deadline=None)
def test_the_scale_of_scores_does_not_count(seed: int, scale: float) -> None:
    scores, labels = _drawn(seed)
    found = temperatures(scores * scale, labels)
    assert np.allclose(found, scale * temperatures(scores, labels), rtol=1e-6)
    assert np.allclose(log_losses(scores * scale, labels), log_losses(scores, labels), rtol=1e-9)


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_no_temperature_is_better(seed: int) -> None:
    scores, labels = _drawn(seed)
    found, best = temperatures(scores, labels), log_losses(scores, labels)
    for factor in (0.5, 0.99, 1.01, 2.0):
        assert (log_losses(scores, labels, found * factor) >= best).all()
    by_hand = [_loss(scores[:, k] / found[k], labels) for k in range(scores.shape[1])]
    assert np.allclose(best, by_hand)


def test_true_odds_need_no_temperature() -> None:
    scores, labels = _drawn(0, n=40_000)
    found = temperatures(scores, labels)
    assert found[0] == pytest.approx(1, abs=0.03)
    assert (np.diff(found) > 0).all()


def test_heads_that_know_nothing_or_all_have_bounds() -> None:
    labels = np.array([0.0, 1.0] * 50)
    sure = 2 * labels - 1
    scores = np.column_stack([sure, -sure, np.zeros(100), sure * 1e-6, sure * 1e6])
    found = temperatures(scores, labels)
    assert (found > 0).all()
    assert found[0] < 0.1
    assert found[1] > 1e3
    assert found[2] == 1
    losses = log_losses(scores, labels)
    assert np.allclose(losses, [0, np.log(2), np.log(2), 0, 0], atol=1e-3)


def test_soft_labels_have_cross_entropy_as_their_loss() -> None:
    chances = np.array([0.2, 0.5, 0.7])
    odds = np.log(chances / (1 - chances))
    entropy = -np.mean(chances * np.log(chances) + (1 - chances) * np.log(1 - chances))
    assert temperatures(odds, chances) == pytest.approx([1])
    assert log_losses(odds, chances, np.ones(1)) == pytest.approx([entropy])
    assert log_losses(odds, chances) == pytest.approx([entropy])


def test_ties_and_scores_of_zero_are_half_right() -> None:
    scores = np.array([[1.0, -1.0, 0.0]] * 4)
    labels = np.array([1.0, 0.9, 0.5, 0.0])
    assert accuracies(scores, labels).tolist() == [0.625, 0.375, 0.5]


def test_blocks_of_heads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scores, labels = _drawn(1)
    whole = temperatures(scores, labels), log_losses(scores, labels), accuracies(scores, labels)
    given_ = log_losses(scores, labels, np.arange(1.0, 6.0))
    monkeypatch.setattr(calibration, "_NUMBERS_AT_ONCE", 1)
    parts = temperatures(scores, labels), log_losses(scores, labels), accuracies(scores, labels)
    assert all(np.allclose(a, b) for a, b in zip(whole, parts, strict=True))
    assert np.allclose(given_, log_losses(scores, labels, np.arange(1.0, 6.0)))


def test_no_heads_give_no_numbers() -> None:
    assert accuracies(np.empty((3, 0)), np.ones(3)).shape == (0,)
    assert log_losses(np.empty((3, 0)), np.ones(3)).shape == (0,)


@pytest.mark.parametrize("labels", [np.ones(2), np.array([0.0, 2.0, 1.0]), np.full(3, np.nan)])
def test_labels_that_do_not_fit_are_refused(labels: Floats) -> None:
    with pytest.raises(ValueError, match="labels"):
        temperatures(np.ones((3, 2)), labels)
