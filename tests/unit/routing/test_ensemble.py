"""Several routers as one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from prefdata.protocols import Gains
from prefdata.routing.ensemble import combine, rank_shares

__all__: list[str] = []


def test_a_rank_is_the_share_that_gains_less_and_ties_share_theirs() -> None:
    assert rank_shares(np.array([3.0, 1.0, 2.0, 2.0])) == pytest.approx([0.875, 0.125, 0.5, 0.5])


def test_gains_that_differ_by_rounding_are_ties() -> None:
    assert rank_shares(np.array([0.3, 0.1 + 0.2, 0.0])).tolist()[:2] == pytest.approx([2 / 3] * 2)


@given(npst.arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e6, 1e6)))
def test_ranks_have_a_mean_of_a_half_whatever_the_ties(gain: np.ndarray) -> None:
    assert rank_shares(gain).mean() == pytest.approx(0.5)


def test_it_is_the_mean_of_ranks_so_units_do_not_matter() -> None:
    one, other = np.array([0.0, 1.0, 2.0]), np.array([500.0, 100.0, 300.0])
    gain = combine([Gains(one), Gains(other)]).gain
    assert gain == pytest.approx((rank_shares(one) + rank_shares(other)) / 2)
    assert gain == pytest.approx(combine([Gains(one * 1e-9), Gains(other + 7)]).gain)


def test_it_has_standard_errors_in_ranks_only_if_all_parts_have_them() -> None:
    gain = np.arange(100.0)
    sure = Gains(gain, se=np.full(100, 5.0))
    combined = combine([sure, sure])
    assert combined.se is not None
    # Five places of a hundred, and two independent parts.
    assert combined.se[50] == pytest.approx(0.05 / np.sqrt(2))
    assert combine([sure, Gains(gain)]).se is None


def test_contributions_are_scaled_by_the_spread_of_their_gains() -> None:
    gain = np.array([0.0, 2.0])
    part = Gains(gain, contributions=np.array([[0.0], [2.0]]))
    large = Gains(gain * 100, contributions=np.array([[0.0], [200.0]]))
    combined = combine([part, large, Gains(gain)])
    assert combined.contributions is not None
    assert combined.contributions[:, 0] == pytest.approx([0, 2])


def test_accuracies_and_facts_come_from_the_first_that_has_them() -> None:
    accuracy = np.array([0.9]), np.array([0.8])
    parts = [Gains(np.zeros(1), facts={"a": 1.0}), Gains(np.ones(1), accuracy=accuracy)]
    parts.append(Gains(np.zeros(1), facts={"a": 2.0, "b": 3.0}))
    combined = combine(parts)
    assert combined.accuracy == accuracy
    assert combined.facts == {"a": 1.0, "b": 3.0}


def test_a_router_that_refuses_takes_no_part() -> None:
    good, bad = Gains(np.array([1.0, 2.0])), Gains(np.array([2.0, 1.0]), refusal="Nothing learnt.")
    combined = combine([bad, good])
    assert combined.refusal is None
    assert combined.chosen(1).tolist() == [1]
    assert combine([bad, bad]).refusal == "Nothing learnt. Nothing learnt."


def test_an_ensemble_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        combine([])
