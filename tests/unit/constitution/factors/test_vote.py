"""Votes: which of two has more, when that is a tie, and when it cannot be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from prefdata.constitution.ballots import NOT_APPLICABLE, vote_matrix
from prefdata.constitution.factors.catalogue import load_catalogue
from prefdata.constitution.factors.vote import vote_lists, votes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__: list[str] = []

_CATALOGUE = load_catalogue()
_N = len(_CATALOGUE.factors)
_VALUES = arrays.arrays(
    np.float32,
    (2, 3, _N),
    elements=st.sampled_from([0.0, 1.0, 2.0, 0.5, 0.05, 11.0, 10.0, -3.0, float("nan")]),
)


def vote(name: str, a: float, b: float) -> int:
    """Vote by one factor on two values."""
    values = np.zeros((2, 1, _N), np.float32)
    column = _CATALOGUE.names.index(name)
    values[:, 0, column] = a, b
    return int(votes_of(values[0], values[1], _CATALOGUE)[0, column])


def test_more_is_one_and_less_is_minus_one() -> None:
    assert (vote("apology", 2, 1), vote("apology", 0, 1)) == (1, -1)


def test_counts_do_not_apply_where_there_are_none_and_flags_are_a_tie() -> None:
    assert vote("apology", 0, 0) == NOT_APPLICABLE
    assert vote("hedging", 0, 0) == NOT_APPLICABLE
    assert vote("ends_question", 0, 0) == 0
    assert vote("sentiment", 0, 0) == 0
    assert vote("apology", 1, 1) == 0


def test_a_difference_within_the_dead_zone_of_the_larger_is_a_tie() -> None:
    assert (vote("length", 100, 90.5), vote("length", 100, 89)) == (0, 1)
    assert (vote("word_len", 5, 4.86), vote("word_len", 4.8, 5)) == (0, -1)


def test_what_cannot_be_told_of_one_does_not_apply() -> None:
    assert vote("readability_grade", float("nan"), 3) == NOT_APPLICABLE


def test_negative_values_are_compared_by_size_too() -> None:
    assert (vote("readability_grade", -3, 2), vote("readability_grade", -3, -2.9)) == (-1, 0)


@settings(max_examples=15)
@given(_VALUES)
def test_swapping_the_two_swaps_the_sign_and_nothing_else(values: NDArray[np.float32]) -> None:
    votes = votes_of(values[0], values[1], _CATALOGUE)
    swapped = votes_of(values[1], values[0], _CATALOGUE)
    assert set(np.unique(votes)) <= {NOT_APPLICABLE, -1, 0, 1}
    np.testing.assert_array_equal(
        swapped, np.where(votes == NOT_APPLICABLE, NOT_APPLICABLE, -votes)
    )


@settings(max_examples=10)
@given(_VALUES)
def test_lists_of_the_table_give_the_votes_back(values: NDArray[np.float32]) -> None:
    votes = votes_of(values[0], values[1], _CATALOGUE)
    lists = vote_lists(votes)
    np.testing.assert_array_equal(vote_matrix(lists, _N, "factors"), votes)
    n_null = sum(value is None for row in lists.to_list() for value in row)
    assert n_null == (votes == NOT_APPLICABLE).sum()


def test_there_may_be_nothing_to_vote_on() -> None:
    nothing = np.empty((0, _N), np.float32)
    assert votes_of(nothing, nothing, _CATALOGUE).shape == (0, _N)
    assert vote_lists(np.empty((0, _N), np.int8)).is_empty()
