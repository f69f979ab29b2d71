"""Prices and accuracies of arms, by hand; and that worth never reverses a router's order."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.protocols import Comparisons, Gains
from prefdata.routing.arms import (
    Arm,
    Costs,
    People,
    Rate,
    accuracies,
    arm_values,
    people,
    prices,
    words,
)

__all__: list[str] = []

_ALL: tuple[Arm, ...] = ("ai", "human", "human-3", "expert", "ai-human")
_FOUND = People(0.8, 0.7, 0.9)


def _evaluation(humans: list[list[float]], ai: list[float]) -> Comparisons:
    n = len(ai)
    return Comparisons(
        np.zeros((n, 1)),
        np.zeros((n, 0), bool),
        np.zeros((n, 0)),
        np.array(ai),
        np.array(humans),
        np.arange(n),
    )


def test_a_price_is_a_fixed_part_and_one_by_the_word() -> None:
    costs = Costs(human=Rate(fixed=0.1, per_1000_words=1), expert=Rate(fixed=2), ai=Rate(fixed=9))
    found = prices(np.array([0.0, 500.0]), costs, _ALL)
    assert found.tolist() == [[0, 0.1, 0.3, 2, 0.1], [0, 0.6, 1.8, 2, 0.6]]


def test_a_number_is_a_fixed_price() -> None:
    assert Costs.model_validate({"human": 0.15}).human == Rate(fixed=0.15)


def test_words_are_counted_where_there_are_no_spaces() -> None:
    frame = pl.DataFrame({"a": ["two words", "汉字漢字 x", None], "b": ["", "one", "more"]})
    found = frame.select(words(pl.col("a"), pl.col("b"))).to_series()
    assert found.to_list() == [2.0, 4.0, 1.0]


def test_accuracies_follow_from_those_of_one_person_and_of_the_ai() -> None:
    found = accuracies(np.array([0.8, 0.6]), np.array([0.7, 0.9]), _ALL)
    assert found == pytest.approx(
        np.array([[0.7, 0.8, 0.896, 0.8, 0.8], [0.9, 0.6, 0.648, 0.6, 0.9]])
    )


@given(st.floats(0.51, 0.97), st.floats(0.51, 0.99))
def test_three_are_better_than_one_and_nobody_is_worse_with_the_ai(a: float, q: float) -> None:
    ai, one, three, expert, both = accuracies(
        np.array([a]), np.array([q]), _ALL, expert_over_human=0.5
    )[0]
    assert three > one
    assert expert > one
    assert both >= max(ai, one)


def test_people_are_compared_with_the_majority_of_the_others() -> None:
    evaluation = _evaluation([[1, 1, 1], [1, 1, 0], [0, 0, np.nan]], [1, 0, 0])
    is_expert = np.array([[True, False, False], [False, False, True], [True, True, True]])
    found = people(evaluation, is_expert)
    # Four votes have others who agree: three on the first, and the last of the second.
    assert found == People(3 / 4, 3 / 4, 1 / 2)
    nobody = people(evaluation.take(np.array([2])), is_expert[2:])
    assert nobody.expert is None


def test_the_difference_of_accuracies_is_its_own_worth() -> None:
    rng = np.random.default_rng(0)
    a, q = rng.uniform(0.6, 0.9, 50), rng.uniform(0.5, 0.6, 50)
    gains = Gains(a - q, accuracy=(a, q))
    order = gains.chosen(50)
    found = arm_values(gains, order, np.full(50, 0.1), _ALL, _FOUND, expert=None)
    assert found[:, 1] == pytest.approx(a - q, abs=2e-6)
    assert (found[:, 0] == 0).all()


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_worth_follows_the_routers_order_at_one_price(seed: int, has_accuracy: bool) -> None:
    rng = np.random.default_rng(seed)
    accuracy = (rng.uniform(0.5, 1, 30), rng.uniform(0.5, 1, 30)) if has_accuracy else None
    gains = Gains(rng.normal(size=30), accuracy=accuracy)
    order = gains.chosen(30)
    found = arm_values(gains, order, np.full(30, 0.2), ("ai", "human"), _FOUND, expert=None)
    assert (np.diff(found[order, 1]) < 0).all()
    assert (found[:, 1] > 0).all()


def test_without_accuracies_the_order_holds_at_any_price() -> None:
    rng = np.random.default_rng(1)
    price = rng.uniform(0.1, 9, 40)
    gains = Gains(rng.normal(size=40))
    order = gains.chosen(40)
    found = arm_values(gains, order, price, _ALL, _FOUND, expert=0.95)
    assert (np.diff((found[:, 1] / price)[order]) < 0).all()
    assert (found[:, 3] > found[:, 2]).all()  # An expert of 0.95 is better than three of 0.8.
    unknown = arm_values(gains, order, price, _ALL, People(0.8, 0.7, None), expert=None)
    assert unknown[:, 3] == pytest.approx(unknown[:, 1])
