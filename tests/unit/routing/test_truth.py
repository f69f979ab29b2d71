"""Votes against the majority of the others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.protocols import Comparisons
from prefdata.routing.truth import LeftOut, error_kappa, left_out, majority

__all__: list[str] = []

NAN = float("nan")


def comparisons(humans: list[list[float]], ai: list[float]) -> Comparisons:
    n = len(ai)
    nothing = np.zeros((n, 0))
    return Comparisons(
        nothing, nothing.astype(bool), nothing, np.array(ai), np.array(humans), np.arange(n)
    )


def test_three_equal_votes_are_each_right_against_the_other_two() -> None:
    votes = left_out(comparisons([[1, 1, 1]], [0]))
    assert (votes.n[0], votes.human[0], votes.ai[0], votes.n_tied) == (3, 3, 0, 0)


def test_of_two_against_one_only_the_third_vote_can_be_tested_and_it_is_wrong() -> None:
    votes = left_out(comparisons([[1, 1, 0]], [1]))
    assert (votes.n[0], votes.human[0], votes.ai[0], votes.n_tied) == (1, 0, 1, 2)


def test_a_tie_is_half_right_for_people_and_for_the_ai() -> None:
    votes = left_out(comparisons([[1, 1, 0.5]], [0.5]))
    assert (votes.n[0], votes.human[0], votes.ai[0], votes.both[0]) == (1, 0.5, 0.5, 0.25)


def test_the_truth_needs_more_than_half_of_the_others() -> None:
    # Without the first: a, tie, b. Without a tie: a, a, b.
    votes = left_out(comparisons([[1, 1, 0.5, 0]], [1]))
    assert (votes.n[0], votes.n_tied) == (2, 2)
    assert votes.human[0] == pytest.approx(0.5)  # the tie; b is wrong against a, a and a tie


def test_two_votes_say_nothing_of_each_other() -> None:
    votes = left_out(comparisons([[1, 1, NAN], [0, NAN, NAN]], [1, 1]))
    assert votes.n.tolist() == [0, 0]
    assert votes.n_tied == 0


def test_each_vote_counts_once_so_that_people_are_not_made_worse_than_they_are() -> None:
    random = np.random.default_rng(0)
    humans = (random.random((20_000, 3)) < 0.8).astype(float)  # a is true
    votes = left_out(comparisons(humans.tolist(), [1.0] * 20_000))
    right = 0.8 * 0.64 + 0.2 * 0.04  # the truth errs too: two of two are wrong
    assert votes.human.sum() / votes.n.sum() == pytest.approx(right / 0.68, abs=0.01)


@given(st.lists(st.sampled_from([0, 0.5, 1, NAN]), min_size=5, max_size=5), st.floats(0, 1))
def test_swapping_a_and_b_changes_nothing(humans: list[float], ai: float) -> None:
    one = left_out(comparisons([humans], [ai]))
    other = left_out(comparisons([[1 - vote for vote in humans]], [1 - ai]))
    assert one.n.tolist() == other.n.tolist()
    assert one.human.tolist() == other.human.tolist()
    # 1 - ai may round to a half.
    if ai in {0, 0.5, 1}:
        assert one.ai.tolist() == other.ai.tolist()


def test_the_majority_is_of_all_votes_and_unknown_where_there_is_none() -> None:
    humans = np.array([[1, 1, 0], [0, 0, NAN], [1, 0, 0.5], [1, 0.5, NAN], [NAN, NAN, NAN]])
    assert majority(humans).tolist() == pytest.approx([1, 0, NAN, NAN, NAN], nan_ok=True)


def sums(human: float, ai: float, both: float, n: float = 100) -> LeftOut:
    return LeftOut(np.array([n]), np.array([human]), np.array([ai]), np.array([both]), 0)


def test_errors_that_are_independent_have_a_kappa_of_zero() -> None:
    assert error_kappa(sums(80, 50, 40)) == pytest.approx(0)


def test_errors_that_are_the_same_have_a_kappa_of_one() -> None:
    assert error_kappa(sums(80, 80, 80)) == pytest.approx(1)


def test_kappa_by_hand() -> None:
    # Both right 70, both wrong 10, people alone 10, the AI alone 10: (.8 - .68) / .32.
    assert error_kappa(sums(80, 80, 70)) == pytest.approx(0.375)


@pytest.mark.parametrize("votes", [sums(100, 80, 80), sums(80, 0, 0), sums(0, 0, 0, n=0)])
def test_who_never_errs_or_always_has_no_kappa(votes: LeftOut) -> None:
    assert error_kappa(votes) is None
