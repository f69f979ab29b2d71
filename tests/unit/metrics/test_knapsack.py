"""The greedy choice is as good as the linear bound, and never spends more than there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linprog
from scipy.sparse import csr_array, identity, kron

from prefdata.metrics.knapsack import Capacity, NoChoiceError, Quota, exact, greedy

__all__: list[str] = []

_VOTES = np.array([0, 1, 3])


def _items(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return accuracies and prices of the AI, of one person and of three."""
    rng = np.random.default_rng(seed)
    ai, human = rng.uniform(0.5, 0.98, n), rng.uniform(0.55, 0.97, n)
    price = 0.05 + 0.3 * rng.lognormal(6, 0.7, n) / 1000
    gains = np.stack([ai, human, human**2 * (3 - 2 * human)], axis=1)
    return gains, np.stack([0 * price, price, 3 * price], axis=1)


def _total(values: np.ndarray, chosen: np.ndarray) -> float:
    return float(values[np.arange(len(values)), chosen].sum())


@pytest.mark.parametrize("share", [0.1, 0.5, 1.5])
def test_the_greedy_gain_is_within_a_ten_thousandth_of_the_linear_bound(share: float) -> None:
    gains, costs = _items(1500)
    budget = share * costs[:, 1].sum()
    n, n_arms = gains.shape
    bound = -linprog(
        -gains.ravel(),
        A_ub=csr_array(costs.ravel()[None]),
        b_ub=[budget],
        A_eq=kron(identity(n), np.ones((1, n_arms)), format="csr"),
        b_eq=np.ones(n),
        bounds=(0, 1),
    ).fun
    chosen = greedy(gains, costs, budget)
    assert bound * (1 - 1e-4) <= _total(gains, chosen) <= bound * (1 + 1e-9)
    assert 0.999 * budget < _total(costs, chosen) <= budget


@given(
    hnp.arrays(
        np.int64, st.tuples(st.integers(1, 5), st.integers(1, 4)), elements=st.integers(0, 9)
    ),
    st.data(),
)
@settings(max_examples=60, deadline=None)
def test_no_choice_costs_more_than_there_is_nor_gains_less_than_one_item_below_the_best(
    costs: np.ndarray, data: st.DataObject
) -> None:
    gains = data.draw(hnp.arrays(np.int64, costs.shape, elements=st.integers(-5, 20)))
    least = int(costs.min(axis=1).sum())
    budget = data.draw(st.integers(least, least + 30))
    chosen = greedy(gains, costs, budget)
    assert _total(costs, chosen) <= budget
    n, n_arms = costs.shape
    best = max(
        _total(gains, np.array(choice))
        for choice in itertools.product(range(n_arms), repeat=n)
        if _total(costs, np.array(choice)) <= budget
    )
    spread = (gains.max(axis=1) - gains.min(axis=1)).max()
    assert best - spread <= _total(gains, chosen) <= best


def test_what_is_left_buys_a_cheaper_step_that_fits() -> None:
    gains = np.array([[0.0, 9.0], [0.0, 8.0], [0.0, 1.0]])
    costs = np.array([[0.0, 3.0], [0.0, 4.0], [0.0, 2.0]])
    assert greedy(gains, costs, 5).tolist() == [1, 0, 1]


def test_nothing_is_bought_that_gains_nothing() -> None:
    gains = np.array([[0.5, 0.4], [0.5, 0.5]])
    assert greedy(gains, np.array([[0.0, 1.0], [0.0, 1.0]]), 9).tolist() == [0, 0]


def test_an_arm_that_cannot_be_taken_is_not() -> None:
    gains = np.array([[0.0, 1.0, -np.inf], [-np.inf, 1.0, 2.0]])
    costs = np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    assert greedy(gains, costs, 2).tolist() == [1, 1]
    assert exact(gains, costs, 2, votes=_VOTES).chosen.tolist() in ([1, 1], [0, 2])


def test_quotas_and_capacities_hold() -> None:
    gains, costs = _items(200)
    rows = np.arange(200) < 60
    found = exact(
        gains,
        costs,
        float(costs[:, 1].sum()),
        votes=_VOTES,
        quotas=[Quota(rows, least=20, most=25), Quota(~rows, most=40)],
        capacities=[Capacity(np.array([False, False, True]), 9)],
    )
    votes = _VOTES[found.chosen]
    assert found.is_optimal
    assert found.gap <= 1e-4
    assert 20 <= votes[rows].sum() <= 25
    assert votes[~rows].sum() <= 40
    assert votes[found.chosen == 2].sum() <= 9


def test_without_limits_the_solver_agrees_with_the_greedy_choice() -> None:
    gains, costs = _items(300)
    budget = 0.3 * costs[:, 1].sum()
    solved = _total(gains, exact(gains, costs, budget, votes=_VOTES, gap=1e-6).chosen)
    assert _total(gains, greedy(gains, costs, budget)) == pytest.approx(solved, rel=1e-4)


def test_what_cannot_be_is_refused() -> None:
    gains, costs = _items(5)
    with pytest.raises(NoChoiceError, match="no choice keeps"):
        exact(gains, costs, 1, votes=_VOTES, quotas=[Quota(np.ones(5, bool), least=90)])
    with pytest.raises(ValueError, match="the cheapest arms cost"):
        greedy(gains, costs + 1, 2)
    with pytest.raises(ValueError, match="must both be"):
        greedy(gains, costs[:, :2], 2)
    with pytest.raises(ValueError, match="no arm"):
        greedy(np.full((1, 2), -np.inf), np.zeros((1, 2)), 2)
    with pytest.raises(ValueError, match="negative"):
        greedy(gains, -costs, 2)
