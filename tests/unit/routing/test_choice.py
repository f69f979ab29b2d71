"""Limits of the user hold, or the error says which knob to turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from prefdata.core.errors import UserError
from prefdata.routing.choice import ArmCapacity, Limits, VoteQuota, choose_arms

if TYPE_CHECKING:
    from prefdata.routing.arms import Arm

__all__: list[str] = []

_ARMS: tuple[Arm, ...] = ("ai", "human", "human-3")
_VALUES = np.array([[0.0, 3.0, 4.0], [0.0, 2.0, 3.0], [0.0, 1.0, 9.0], [0.0, 1.0, 1.5]])
_COSTS = np.array([[0.0, 1.0, 3.0]] * 4)
_POOL = pl.DataFrame(
    {"language": ["en", "de", None, "de"], "tags": [["x"], ["x", "y"], [], ["y"]]},
    schema_overrides={"tags": pl.List(pl.String)},
)


def _votes(limits: Limits, budget: float = 99) -> list[int]:
    chosen = choose_arms(_VALUES, _COSTS, budget, _ARMS, _POOL, limits)
    return [(0, 1, 3)[arm] for arm in chosen.arms]


def test_without_limits_the_most_gainful_is_bought() -> None:
    assert _votes(Limits()) == [3, 3, 3, 3]
    assert _votes(Limits(), 4) == [1, 0, 3, 0]


def test_quotas_are_by_tag_or_language_or_both() -> None:
    most = Limits(quotas=(VoteQuota(language="de", most=1), VoteQuota(tag="x", most=3)))
    assert _votes(most) == [3, 0, 3, 1]
    least = Limits(quotas=(VoteQuota(tag="y", language="de", least=4),))
    assert sum(_votes(least, 4)[i] for i in (1, 3)) == 4
    assert sum(_votes(Limits(quotas=(VoteQuota(most=2),)))) == 2


def test_an_arm_gives_no_more_votes_than_it_can() -> None:
    limits = Limits(capacities=(ArmCapacity(arms=("human-3",), most=5),))
    assert _votes(limits) == [1, 1, 3, 1]
    chosen = choose_arms(_VALUES, _COSTS, 99, _ARMS, _POOL, limits)
    assert chosen.gap is not None
    assert chosen.gap <= 1e-4


def test_limits_that_cannot_hold_are_an_error() -> None:
    with pytest.raises(UserError, match="no choice keeps") as raised:
        _votes(Limits(quotas=(VoteQuota(tag="y", least=5),)), budget=2)
    assert "least" in str(raised.value.fix)


def test_an_empty_pool_needs_nothing() -> None:
    empty = np.empty((0, 3))
    limits = Limits(quotas=(VoteQuota(most=1),))
    assert len(choose_arms(empty, empty, 0, _ARMS, _POOL.clear(), limits).arms) == 0
