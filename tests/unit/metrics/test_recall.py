"""Recall counts what was found, and its interval how many queries said so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.metrics.recall import recall_at_k, wilson_interval


def _scores(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_the_interval_is_wilsons() -> None:
    # 8 of 10: Newcombe (1998), table I, method 3 gives these for its kind.
    lower, upper = wilson_interval(0.8, 10)
    assert lower == pytest.approx(0.4901625, abs=1e-6)
    assert upper == pytest.approx(0.9433178, abs=1e-6)


@given(st.floats(0, 1), st.floats(0.5, 1e6))
def test_the_interval_holds_the_share_and_stays_a_share(share: float, n_trials: float) -> None:
    lower, upper = wilson_interval(share, n_trials)
    assert 0 <= lower <= share <= upper <= 1


@pytest.mark.parametrize(("share", "n_trials"), [(0.5, 0), (1.1, 10), (-0.1, 10)])
def test_no_trials_and_no_share_have_no_interval(share: float, n_trials: float) -> None:
    with pytest.raises(ValueError, match="no interval"):
        wilson_interval(share, n_trials)


def test_recall_is_the_mean_share_that_was_found() -> None:
    exact = _scores((0.9, 0.8), (0.7, 0.6))
    found = _scores((0.9, 0.5), (0.7, 0.6))
    recall = recall_at_k(found, exact)
    assert (recall.value, recall.k, recall.n_queries) == (0.75, 2, 2)
    assert recall.lower < 0.75 < recall.upper


def test_of_rows_that_tie_any_is_right() -> None:
    exact = _scores((0.9, 0.8, 0.8))
    assert recall_at_k(exact.copy(), exact).value == 1


def test_fewer_rows_than_k_can_still_all_be_found() -> None:
    exact = _scores((0.9, 0.8, -np.inf))
    assert recall_at_k(exact, exact).value == 1
    assert recall_at_k(_scores((0.9, -np.inf, -np.inf)), exact).value == 0.5


def test_queries_that_fail_as_a_whole_widen_the_interval() -> None:
    exact = np.ones((100, 10), dtype=np.float32)
    spread, whole = exact.copy(), exact.copy()
    spread[:50, 4:] = 0
    spread[50:, 6:] = 0
    whole[50:] = 0
    narrow, wide = recall_at_k(spread, exact), recall_at_k(whole, exact)
    assert narrow.value == wide.value == 0.5
    assert wide.upper - wide.lower > narrow.upper - narrow.lower


def test_all_found_is_as_sure_as_there_are_queries() -> None:
    exact = np.ones((100, 10), dtype=np.float32)
    recall = recall_at_k(exact, exact)
    assert (recall.lower, recall.upper) == pytest.approx(wilson_interval(1.0, 100))


@pytest.mark.parametrize(
    ("found", "exact"),
    [
        (np.ones((1, 2)), np.ones((1, 3))),
        (np.ones((0, 2)), np.ones((0, 2))),
        (np.ones((1, 2)), np.full((1, 2), -np.inf)),
    ],
)
def test_nothing_to_find_is_an_error(found: np.ndarray, exact: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"empty or differ|no true"):
        recall_at_k(found.astype(np.float32), exact.astype(np.float32))
