"""What a router sees and says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from prefdata.protocols import Comparisons, Gains, Params, RouterContext, RoutingData, router

__all__: list[str] = []


def _comparisons(n: int = 3, **given: Any) -> Comparisons:
    arrays: dict[str, Any] = {
        "difference": np.zeros((n, 2)),
        "tags": np.zeros((n, 4), bool),
        "signals": np.zeros((n, 1)),
        "ai": np.full(n, 0.5),
        "humans": np.full((n, 3), np.nan),
        "groups": np.arange(n),
    }
    return Comparisons(**{**arrays, **given})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"difference": np.zeros((2, 2))}, "one row for each"),
        ({"tags": np.zeros(3, bool)}, "one row for each"),
        ({"groups": np.arange(2)}, "one row for each"),
        ({"ai": np.array([0.0, 1.0, 2.0])}, "between 0"),
        ({"humans": np.full((3, 1), -1.0)}, "between 0"),
        ({"ai": np.array([0.0, 1.0, np.nan])}, "needs a label of the AI"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        _comparisons(**given)


def test_rows_are_taken_by_index_or_mask() -> None:
    found = _comparisons(ai=np.array([0.0, 0.5, 1.0]))
    assert len(found) == 3
    assert found.take(np.array([2, 0])).ai.tolist() == [1.0, 0.0]
    assert found.take(np.array([False, True, False])).ai.tolist() == [0.5]


def test_the_highest_gains_are_chosen_first() -> None:
    gains = Gains(np.array([0.1, 0.3, 0.3, -1.0]))
    assert gains.chosen(3).tolist() == [1, 2, 0]
    assert gains.chosen(9).tolist() == [1, 2, 0, 3]


def test_a_router_may_choose_a_whole_mix() -> None:
    gains = Gains(np.zeros(4), choose=lambda budget: np.arange(budget)[::-1])
    assert gains.chosen(2).tolist() == [1, 0]


def test_a_router_is_named_like_its_function() -> None:
    class Mine(Params):
        power: int = 1

    @router(version=2, params=Mine)
    def by_chance(data: RoutingData, params: Mine, context: RouterContext) -> Gains:
        """Gain nothing."""
        return Gains(np.full(len(data.pool), float(params.power)))

    assert (by_chance.name, by_chance.version, by_chance.params) == ("by-chance", 2, Mine)
    assert by_chance.summary == "Gain nothing."
    rows = _comparisons()
    data = RoutingData(rows, rows, rows, ("a", "b", "c", "d"))
    assert by_chance.fit(data, Mine(power=3), RouterContext()).gain.tolist() == [3.0] * 3
