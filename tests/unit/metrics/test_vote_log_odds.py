"""Log-odds of many principles are those of as many single models."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from prefdata.metrics.cluster_sums import Partition
from prefdata.metrics.vote_log_odds import log_odds, log_odds_beside

__all__: list[str] = []


def _alone(n: int) -> tuple[Partition]:
    return (Partition(np.arange(n), n),)


def _labels(
    n: int, p: int, effect: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    length = rng.normal(0, 3, n)
    signed = np.sign(rng.normal(0, 1, (n, p)) + 0.2 * length[:, None])
    signed[rng.random((n, p)) < 0.3] = 0
    chance = expit(effect * signed[:, 0] + 0.2 * length)
    y = np.where(rng.random(n) < chance, 1.0, -1.0)
    return signed.astype(np.float32), y, length


def test_alone_they_are_the_logarithm_of_two_counts() -> None:
    found = log_odds(np.array([10.0, 30.0, -30.0]), np.array([30, 30, 30]))
    assert found == pytest.approx([np.log(20.5 / 10.5), np.log(30.5 / 0.5), -np.log(61)])


def test_each_model_is_the_one_that_a_search_finds() -> None:
    signed, y, length = _labels(200, 3, 0.8)
    found = log_odds_beside(signed, y, length, ways=_alone(200))
    x = length / np.sqrt((length**2).mean())
    for at in range(3):

        def loss(b: np.ndarray, v: np.ndarray = signed[:, at]) -> float:
            fit = np.logaddexp(0, -y * (b[0] * v + b[1] * x)).sum()
            prior = 0.5 * (np.logaddexp(0, b) + np.logaddexp(0, -b)).sum()
            return float(fit + prior)

        best = minimize(loss, np.zeros(2), tol=1e-10).x
        assert found.votes[at] == pytest.approx(best[0], abs=1e-4)
        assert found.other[at] == pytest.approx(best[1], abs=1e-4)


def test_without_a_difference_beside_them_they_are_those_alone() -> None:
    signed, y, _ = _labels(300, 4, 0.5)
    found = log_odds_beside(signed, y, np.zeros(300), ways=_alone(300))
    lean = signed.T.astype(float) @ y
    assert found.votes == pytest.approx(log_odds(lean, (signed != 0).sum(axis=0)), abs=1e-5)
    assert found.other == pytest.approx(np.zeros(4), abs=1e-6)


def test_what_length_explains_is_not_put_down_to_a_principle() -> None:
    signed, y, length = _labels(4000, 2, 0.0)
    lean = signed.T.astype(float) @ y
    alone = log_odds(lean, (signed != 0).sum(axis=0))
    found = log_odds_beside(signed, y, length, ways=_alone(4000))
    assert (alone > 0.2).all()
    assert (np.abs(found.votes) < 3 * found.error).all()


def test_errors_are_as_far_as_estimates_scatter() -> None:
    n_clusters, each = 60, 8
    clusters = (Partition(np.repeat(np.arange(n_clusters), each), n_clusters),)
    rng = np.random.default_rng(1)
    found, errors, naive = [], [], []
    n = n_clusters * each
    for _ in range(60):
        signed, length = rng.choice([1.0, -1.0], (n, 1)).astype(np.float32), rng.normal(0, 1, n)
        taste = rng.normal(0.3, 1.0, n_clusters)[clusters[0].codes]
        y = np.where(rng.random(n) < expit(taste * signed[:, 0] + 0.5 * length), 1.0, -1.0)
        fit = log_odds_beside(signed, y, length, ways=clusters)
        found.append(fit.votes.item())
        errors.append(fit.error.item())
        naive.append(log_odds_beside(signed, y, length, ways=_alone(n)).error.item())
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.2)
    assert np.mean(naive) < 0.85 * np.mean(errors)


def test_labels_that_all_agree_give_a_number() -> None:
    y = np.where(np.arange(40) % 2, 1.0, -1.0)
    found = log_odds_beside(y[:, None].astype(np.float32), y, 50 * y, ways=_alone(40))
    assert np.isfinite([found.votes, found.other, found.error]).all()
    assert 1 < found.votes.item() < 6


def test_labels_that_do_not_count_have_no_part() -> None:
    signed, y, length = _labels(200, 2, 0.6)
    is_counted = np.ones_like(signed, dtype=bool)
    is_counted[150:, 1] = False
    signed[150:, 1] = 0
    found = log_odds_beside(signed, y, length, ways=_alone(200), is_counted=is_counted)
    # Lengths are divided by their spread over all labels, which the prior is on.
    spread = np.sqrt((length**2).mean() / (length[:150] ** 2).mean())
    part = log_odds_beside(signed[:150, 1:], y[:150], length[:150], ways=_alone(150))
    assert found.votes[1] == pytest.approx(part.votes.item(), abs=1e-3)
    assert found.other[1] == pytest.approx(part.other.item() * spread, abs=1e-2)
    whole = log_odds_beside(signed[:, :1], y, length, ways=_alone(200))
    assert found.votes[0] == pytest.approx(whole.votes.item(), abs=1e-6)


def test_swapping_a_and_b_changes_nothing() -> None:
    signed, y, length = _labels(100, 3, 0.4)
    swap = np.where(np.arange(100) % 3 == 0, -1.0, 1.0)
    found = log_odds_beside(signed, y, length, ways=_alone(100))
    other = log_odds_beside(
        (signed * swap[:, None]).astype(np.float32), y * swap, length * swap, ways=_alone(100)
    )
    assert found.votes == pytest.approx(other.votes, abs=1e-6)
    assert found.error == pytest.approx(other.error, abs=1e-5)


def test_one_cluster_has_no_error() -> None:
    signed, y, length = _labels(50, 2, 0.4)
    found = log_odds_beside(signed, y, length, ways=(Partition(np.zeros(50, np.intp), 1),))
    assert np.isfinite(found.votes).all()
    assert np.isnan(found.error).all()
