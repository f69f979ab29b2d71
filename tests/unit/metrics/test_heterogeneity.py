"""Tests of whether groups differ, by hand and against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from prefdata.metrics.heterogeneity import cochran_q, difference_p, expansion, usable

__all__: list[str] = []


def test_three_groups_with_equal_variances_by_hand() -> None:
    # Weights 100 each, mean .3: Q = 100 (.04 + 0 + .04) = 8, and chi-squared on 2 is exp(-Q / 2).
    found = cochran_q(np.array([[0.1], [0.3], [0.5]]), np.full((3, 1), 0.01))
    assert found.statistic[0] == pytest.approx(8)
    assert found.p[0] == pytest.approx(math.exp(-4))
    assert found.pooled[0] == pytest.approx(0.3)
    assert found.n_groups[0] == 3


def test_two_groups_with_unequal_variances_by_hand() -> None:
    # Weights 100 and 25, pooled .08; Q is the square of the difference over its variance.
    found = cochran_q(np.array([[0.0], [0.4]]), np.array([[0.01], [0.04]]))
    assert found.pooled[0] == pytest.approx(0.08)
    assert found.statistic[0] == pytest.approx(0.16 / 0.05)
    assert found.p[0] == pytest.approx(math.erfc(math.sqrt(3.2 / 2)))


def test_with_degrees_of_freedom_it_is_the_anova_of_welch() -> None:
    rng = np.random.default_rng(1)
    samples = [rng.normal(0.2 * size, size, 4 + 2 * size) for size in (1, 2, 3)]
    found = cochran_q(
        np.array([[sample.mean()] for sample in samples]),
        np.array([[sample.var(ddof=1) / len(sample)] for sample in samples]),
        degrees=np.array([[len(sample) - 1.0] for sample in samples]),
    )
    expected = stats.f_oneway(*samples, equal_var=False)
    assert found.p[0] == pytest.approx(expected.pvalue)


def test_with_very_many_degrees_of_freedom_it_is_chi_squared() -> None:
    estimates, variances = np.array([[0.1], [0.3], [0.5]]), np.full((3, 1), 0.01)
    found = cochran_q(estimates, variances, degrees=np.full((3, 1), np.inf))
    assert found.p[0] == pytest.approx(math.exp(-4))


def test_groups_that_are_not_known_or_do_not_vary_are_left_out() -> None:
    estimates = np.array([[0.1, 0.1], [np.nan, 0.2], [0.5, 0.9]])
    variances = np.array([[0.01, 0.01], [0.01, np.nan], [0.01, 0.0]])
    found = cochran_q(estimates, variances)
    assert found.n_groups.tolist() == [2, 1]
    assert found.statistic[0] == pytest.approx(0.16 / 0.02)
    assert np.isnan([found.statistic[1], found.p[1], found.pooled[1]]).all()
    assert usable(estimates, variances).sum() == 3


def test_no_groups_and_no_quantities_are_no_error() -> None:
    assert np.isnan(cochran_q(np.empty((0, 2)), np.empty((0, 2))).p).all()
    assert cochran_q(np.empty((3, 0)), np.empty((3, 0))).p.shape == (0,)


@settings(max_examples=20)
@given(st.permutations(range(4)), st.integers(0, 100))
def test_the_order_of_groups_does_not_matter(order: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    estimates, variances = rng.normal(size=(4, 3)), rng.uniform(0.1, 1, (4, 3))
    degrees = rng.uniform(3, 30, (4, 3))
    once = cochran_q(estimates, variances, degrees=degrees)
    again = cochran_q(estimates[order], variances[order], degrees=degrees[order])
    assert again.p == pytest.approx(once.p)
    assert ((once.p >= 0) & (once.p <= 1)).all()


def test_p_of_a_difference_is_that_of_the_t_test_of_welch() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(0, 1, 12), rng.normal(1, 3, 7)
    va, vb = a.var(ddof=1) / 12, b.var(ddof=1) / 7
    degrees = (va + vb) ** 2 / (va**2 / 11 + vb**2 / 6)
    found = difference_p(np.array([a.mean() - b.mean()]), np.array([va + vb]), np.array([degrees]))
    assert found[0] == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue)
    assert np.isnan(difference_p(np.zeros(1), np.zeros(1), np.ones(1))[0])


def test_an_interval_of_few_clusters_is_expanded() -> None:
    wider = expansion(np.array([5.0, 1e9]))
    assert wider[0] == pytest.approx(2.5706 / 1.9600, abs=1e-4)
    assert wider[1] == pytest.approx(1)
