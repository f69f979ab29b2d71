"""Position bias is what the place adds, whichever response is better."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.metrics.position_bias import FIRST, SECOND, TIE, position_bias

if TYPE_CHECKING:
    import random

__all__: list[str] = []

_TWO_VERDICTS = list(product((FIRST, SECOND, TIE), repeat=2))
_judged = st.lists(st.sampled_from(_TWO_VERDICTS), min_size=1, max_size=40)


def _flat(judged: list[tuple[float, float]]) -> tuple[list[str], list[float]]:
    pairs = [f"p{i}" for i, _ in enumerate(judged) for _ in range(2)]
    return pairs, [verdict for both in judged for verdict in both]


def test_known_answers_give_known_numbers() -> None:
    # 6 pairs agree, 1 is tied twice, 2 take the first twice, 1 takes it once and ties once.
    judged = [(1, 0)] * 4 + [(0, 1)] * 2 + [(0.5, 0.5)] + [(1, 1)] * 2 + [(0.5, 1)]
    found = position_bias(*_flat(judged))
    assert (found.n_verdicts, found.n_decided, found.n_pairs) == (20, 17, 10)
    assert found.first_share == pytest.approx(11 / 17)
    assert found.consistent_share == 0.7
    assert found.bias == pytest.approx((2 / 2 + 1 / 4) / 10)
    # Wilson (1927) of 7 in 10.
    assert found.consistent_interval == pytest.approx((0.39678, 0.89220), abs=1e-5)
    # By hand: n + 2 = 12, sum 1.25, squares 2/4 + 1/16 + 1/4.
    centre, variance = 1.25 / 12, 0.8125 / 12 - (1.25 / 12) ** 2
    half = 1.959963985 * math.sqrt(variance / 12)
    assert found.interval == pytest.approx((centre - half, centre + half))


def test_without_ties_the_interval_is_that_of_agresti_and_min() -> None:
    # McNemar's table of n = 100 with 20 and 5 discordant pairs; the bias is half the difference.
    judged = [(1, 1)] * 20 + [(0, 0)] * 5 + [(1, 0)] * 40 + [(0, 1)] * 35
    found = position_bias(*_flat([(float(a), float(b)) for a, b in judged]))
    b, c, n = 20.5, 5.5, 102
    half = 1.959963985 * math.sqrt((b + c) - (b - c) ** 2 / n) / n
    assert found.bias == pytest.approx(0.075)
    assert found.interval == pytest.approx(((b - c) / n / 2 - half / 2, (b - c) / n / 2 + half / 2))


def test_a_judge_that_never_contradicts_itself_may_still_be_biased_a_little() -> None:
    found = position_bias(*_flat([(1.0, 0.0)] * 50))
    assert found.bias == 0
    assert found.interval is not None
    low, high = found.interval
    assert low == pytest.approx(-high)
    assert 0 < high < 0.05


def test_nothing_is_said_of_no_verdicts() -> None:
    found = position_bias([], [])
    assert (found.n_verdicts, found.n_pairs) == (0, 0)
    assert (found.bias, found.interval, found.consistent_interval) == (None, None, None)
    assert (found.first_share, found.consistent_share) == (None, None)


def test_ties_alone_have_no_share_of_the_first() -> None:
    found = position_bias(*_flat([(TIE, TIE)] * 3))
    assert found.first_share is None
    assert (found.consistent_share, found.bias) == (1.0, 0.0)


def test_a_pair_that_was_read_once_only_is_left_out_of_those_read_twice() -> None:
    found = position_bias(["a", "a", "b"], [FIRST, SECOND, FIRST])
    assert (found.n_verdicts, found.n_pairs, found.bias) == (3, 1, 0.0)


def test_verdicts_in_one_order_are_used_where_there_are_no_others() -> None:
    found = position_bias(["a", "b", "c", "d"], [FIRST, FIRST, FIRST, SECOND])
    assert (found.n_pairs, found.consistent_share, found.bias) == (0, None, 0.25)


@pytest.mark.parametrize(("pairs", "verdicts"), [("aaa", [1, 0, 1]), ("ab", [1, 0.7])])
def test_what_is_no_verdict_in_two_orders_is_refused(pairs: str, verdicts: list[float]) -> None:
    with pytest.raises(ValueError, match="one verdict for each of its two orders"):
        position_bias(list(pairs), verdicts)


@given(_judged, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(
    judged: list[tuple[float, float]], chance: random.Random
) -> None:
    pairs, verdicts = _flat(judged)
    rows = list(zip(pairs, verdicts, strict=True))
    chance.shuffle(rows)
    assert position_bias([p for p, _ in rows], [v for _, v in rows]) == position_bias(
        pairs, verdicts
    )


@given(_judged)
def test_a_judge_who_reads_the_other_way_round_has_the_opposite_bias(
    judged: list[tuple[float, float]],
) -> None:
    found = position_bias(*_flat(judged))
    other = position_bias(*_flat([(1 - a, 1 - b) for a, b in judged]))
    assert found.bias is not None
    assert other.bias == pytest.approx(-found.bias)
    assert found.interval is not None
    assert other.interval == pytest.approx((-found.interval[1], -found.interval[0]))
    assert other.consistent_share == found.consistent_share


@given(_judged)
def test_the_estimate_lies_in_its_interval(judged: list[tuple[float, float]]) -> None:
    found = position_bias(*_flat(judged))
    assert found.bias is not None
    assert found.interval is not None
    low, high = found.interval
    assert -0.5 <= low <= high <= 0.5
    # The added pairs draw the centre towards 0, never past the estimate's own side.
    assert low <= found.bias + 1e-12 or low <= 0
    assert high >= found.bias - 1e-12 or high >= 0


@pytest.mark.parametrize("planted", [0.0, 0.1, -0.3])
@pytest.mark.parametrize("n", [30, 200])
def test_the_interval_covers_a_planted_bias_about_95_times_in_100(planted: float, n: int) -> None:
    chance = np.random.default_rng(5)
    # Each pair has a better response, seen by the judge in most cases; else the place decides.
    n_trials, share_by_place = 250, 0.7
    p_first = 0.5 + planted / share_by_place
    covered = 0
    for _ in range(n_trials):
        by_place = chance.random((n, 2)) < share_by_place
        first = chance.random((n, 2)) < p_first
        is_better_first = np.array([True, False])
        verdicts = np.where(by_place, first, is_better_first).astype(float)
        found = position_bias(
            np.repeat(np.arange(n), 2).astype(str).tolist(), verdicts.ravel().tolist()
        )
        assert found.interval is not None
        covered += found.interval[0] <= planted <= found.interval[1]
    assert covered / n_trials >= 0.91
