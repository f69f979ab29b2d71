"""Flips of clusters give the probabilities that counting gives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prefdata.metrics.sign_flip import sign_flip

__all__: list[str] = []

_sums = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 4)),
    elements=st.integers(-4, 4).map(float),
)


def _by_hand(sums: np.ndarray) -> tuple[list[float], list[float]]:
    """Return both probabilities by the definition, of sums that are not all 0."""
    norms = np.sqrt((sums**2).sum(axis=0))
    flips = np.array(list(itertools.product([1.0, -1.0], repeat=len(sums))))
    every = np.abs(flips @ sums) / norms
    seen = every[0]
    alone = (every >= seen - 1e-9).mean(axis=0)
    order = np.argsort(-seen, kind="stable")
    family, last = np.empty(len(seen)), 0.0
    for rank, at in enumerate(order):
        rest = every[:, order[rank:]].max(axis=1)
        last = max(last, float((rest >= seen[at] - 1e-9).mean()))
        family[at] = last
    return alone.tolist(), family.tolist()


@settings(max_examples=15)
@given(_sums)
def test_few_clusters_are_counted_exactly(sums: np.ndarray) -> None:
    found = sign_flip(sums)
    is_tested = (sums != 0).any(axis=0)
    assert found.is_exact
    assert (found.p[~is_tested] == 1).all()
    if is_tested.any():
        alone, family = _by_hand(sums[:, is_tested])
        assert found.p[is_tested] == pytest.approx(alone)
        assert found.p_family[is_tested] == pytest.approx(family)


def test_a_sample_of_flips_comes_near_to_all_of_them() -> None:
    sums = np.random.default_rng(0).integers(-3, 5, (12, 6)).astype(float)
    every, some = sign_flip(sums), sign_flip(sums, n_flips=4000)
    assert every.is_exact
    assert not some.is_exact
    assert some.p == pytest.approx(every.p, abs=0.03)
    assert some.p_family == pytest.approx(every.p_family, abs=0.03)


def test_p_is_never_zero() -> None:
    found = sign_flip(np.ones((40, 1)), n_flips=999)
    assert found.p.item() == found.p_family.item() == 0.001


@settings(max_examples=20)
@given(_sums, st.integers(0, 10))
def test_the_family_is_never_surer_than_each_alone(sums: np.ndarray, seed: int) -> None:
    found = sign_flip(np.vstack([sums] * 4), n_flips=50, seed=seed)
    assert (found.p_family >= found.p).all()


def test_all_the_other_way_round_is_as_probable() -> None:
    sums = np.random.default_rng(1).normal(0.3, 1, (60, 5))
    found, other = (sign_flip(sign * sums, n_flips=500) for sign in (1, -1))
    assert (found.p == other.p).all()
    assert (found.p_family == other.p_family).all()


def test_a_greater_standard_error_makes_less_of_it() -> None:
    sums = np.random.default_rng(2).normal(0.3, 1, (200, 3))
    own = np.sqrt((sums**2).sum(axis=0))
    found = sign_flip(sums, n_flips=500)
    assert (sign_flip(sums, errors=own / 2, n_flips=500).p == found.p).all()
    assert (sign_flip(sums, errors=own * 2, n_flips=500).p > found.p).all()


def test_null_sums_are_found_as_often_as_they_should_be() -> None:
    # 300 families of 10; heavy tails, and members that rise and fall together.
    rng = np.random.default_rng(3)
    alone, family = [], []
    for seed in range(300):
        common = rng.standard_t(3, (40, 1))
        found = sign_flip(common + rng.standard_t(3, (40, 10)), n_flips=199, seed=seed)
        alone.append((found.p <= 0.05).mean())
        family.append((found.p_family <= 0.05).any())
    assert np.mean(alone) == pytest.approx(0.05, abs=0.02)
    assert np.mean(family) < 0.09


def test_no_clusters_and_no_sums_give_nothing() -> None:
    assert sign_flip(np.zeros((0, 2))).p.tolist() == [1, 1]
    assert sign_flip(np.zeros((5, 0))).p.tolist() == []
    assert sign_flip(np.ones((1, 1))).p.item() == 1
