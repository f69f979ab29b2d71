"""Estimates of groups drawn to a common one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.metrics.shrinkage import between_variance, shrunk

__all__: list[str] = []

_ESTIMATES = np.array([[0.1], [0.3], [0.5]])


def test_three_groups_by_hand() -> None:
    # Q = 8 on 2; weights 100 each: tau² = (8 - 2) / (300 - 100) = .03.
    variances = np.full((3, 1), 0.01)
    assert between_variance(_ESTIMATES, variances)[0] == pytest.approx(0.03)
    # .03 / (.03 + .01) of the distance from .2 is kept.
    found = shrunk(_ESTIMATES, variances, np.array([0.2]))
    assert found[:, 0] == pytest.approx([0.125, 0.275, 0.425])


def test_what_differs_no_more_than_chance_lets_it_becomes_the_common_value() -> None:
    variances = np.full((3, 1), 1.0)
    assert between_variance(_ESTIMATES, variances)[0] == 0
    assert shrunk(_ESTIMATES, variances, np.array([0.2]))[:, 0] == pytest.approx([0.2] * 3)


def test_a_group_of_which_little_is_known_is_drawn_further() -> None:
    estimates = np.array([[-0.4], [0.4], [0.4]])
    found = shrunk(estimates, np.array([[0.001], [0.001], [0.05]]), np.array([0.0]))
    assert 0 < found[2, 0] < found[1, 0] < 0.4


def test_without_another_group_nothing_can_be_said() -> None:
    found = shrunk(np.array([[0.4], [np.nan]]), np.full((2, 1), 0.01), np.array([0.0]))
    assert np.isnan(found).all()
    assert np.isnan(between_variance(np.array([[0.4]]), np.array([[0.1]]))).all()


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_each_lies_between_its_own_estimate_and_the_common_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    estimates, variances = rng.normal(size=(5, 2)), rng.uniform(0.01, 1, (5, 2))
    common = estimates.mean(axis=0)
    found = shrunk(estimates, variances, common)
    assert (np.abs(found - common) <= np.abs(estimates - common) + 1e-12).all()
    assert ((found - common) * (estimates - common) >= 0).all()
