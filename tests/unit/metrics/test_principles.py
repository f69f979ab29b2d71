"""Counts and measures of principles are those that hand and definition give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prefdata.constitution import ballots
from prefdata.metrics.principles import FAILED, INCONSISTENT, NOT_APPLICABLE, signed_votes, tally

__all__: list[str] = []

_codes = st.sampled_from([1, -1, 0, INCONSISTENT, FAILED, NOT_APPLICABLE])


@st.composite
def _labelled(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n, p = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    votes = draw(hnp.arrays(np.int8, (n, p), elements=_codes))
    y = draw(hnp.arrays(float, n, elements=st.sampled_from([1.0, -1.0, 0.0, 1 / 3, -0.5])))
    return votes, y


def test_known_labels_give_known_measures() -> None:
    # 4 agree, 2 disagree, 2 neither, 1 of them as the model said both; 1 not applicable, 1 failed;
    # and a label that is a tie, which does not count.
    votes = np.array([1, 1, -1, -1, 1, -1, 0, INCONSISTENT, NOT_APPLICABLE, FAILED, 1], np.int8)
    y = np.array([1, 1, -1, -1, -1, 1, 1, -1, 1, 1, 0], float)
    found = tally(votes[:, None], y)
    assert found.n_labels == 10
    assert [
        each.item() for each in (found.agree, found.disagree, found.tie, found.inconsistent)
    ] == [4, 2, 2, 1]
    assert (found.not_applicable.item(), found.failed.item()) == (1, 1)
    assert (found.decisive.item(), found.counted.item()) == (6, 9)
    assert found.relevance.item() == pytest.approx(6 / 9)
    assert found.accuracy.item() == pytest.approx(4 / 6)
    assert found.kappa.item() == pytest.approx(1 / 3)
    assert found.strength.item() == pytest.approx(2 / 9)


def test_the_shorter_wins_rule_of_the_reference_has_its_strength() -> None:
    # 500 pairs of harmless-base: agree 273, disagree 220, tie 7.
    votes = np.array([1] * 493 + [0] * 7, np.int8)[:, None]
    y = np.array([1.0] * 273 + [-1.0] * 220 + [1.0] * 7)
    found = tally(votes, y)
    assert found.strength.item() == pytest.approx(0.106)
    assert found.relevance.item() == pytest.approx(0.986)


def test_a_graded_label_agrees_by_its_share_of_votes() -> None:
    # 2 of 3 votes for a, then all for b; the principle is for a, then for a.
    found = tally(np.array([[1], [1]], np.int8), np.array([1 / 3, -1.0]))
    assert found.accuracy.item() == pytest.approx((2 / 3 + 0) / 2)
    assert found.strength.item() == pytest.approx((1 / 3 - 1) / 2)
    assert (found.agree.item(), found.disagree.item()) == (1, 1)


@settings(max_examples=15)
@given(_labelled())
def test_strength_is_kappa_times_relevance(labelled: tuple[np.ndarray, np.ndarray]) -> None:
    found = tally(*labelled)
    counted = np.where(found.decisive > 0, found.kappa * found.relevance, 0.0)
    has_labels = found.counted > 0
    assert np.allclose(counted[has_labels], found.strength[has_labels], rtol=0, atol=1e-14)
    assert np.isnan(found.strength[~has_labels]).all()


@settings(max_examples=15)
@given(_labelled())
def test_every_label_is_counted_once(labelled: tuple[np.ndarray, np.ndarray]) -> None:
    votes, y = labelled
    found = tally(votes, y)
    whole = found.agree + found.disagree + found.tie + found.not_applicable + found.failed
    assert (whole == found.n_labels).all()
    assert found.n_labels == np.count_nonzero(y)


@settings(max_examples=15)
@given(_labelled())
def test_other_labels_and_other_votes_have_the_opposite_strength(
    labelled: tuple[np.ndarray, np.ndarray],
) -> None:
    votes, y = labelled
    found = tally(votes, y).strength
    assert np.array_equal(tally(votes, -y).strength, -found, equal_nan=True)
    swapped = np.where(np.abs(votes) == 1, -votes, votes).astype(np.int8)
    assert np.array_equal(tally(swapped, y).strength, -found, equal_nan=True)
    assert np.array_equal(tally(swapped, -y).strength, found, equal_nan=True)


def test_failed_votes_do_not_change_relevance() -> None:
    rng = np.random.default_rng(0)
    votes = rng.choice([1, -1, 0], 400).astype(np.int8)[:, None]
    y = rng.choice([1.0, -1.0], 400)
    lost = np.vstack([votes, np.full((20, 1), FAILED, np.int8)])
    assert tally(lost, np.append(y, np.ones(20))).relevance == tally(votes, y).relevance


def test_there_is_a_row_of_votes_for_each_label() -> None:
    with pytest.raises(ValueError, match="2 rows of votes for 3 labels"):
        tally(np.zeros((2, 1), np.int8), np.ones(3))


def test_codes_are_those_of_ballots() -> None:
    assert (ballots.FAILED, ballots.INCONSISTENT) == (FAILED, INCONSISTENT)
    assert ballots.NOT_APPLICABLE == NOT_APPLICABLE
    assert signed_votes(np.array([[1, -1, 0, 2, -2, -3]], np.int8)).tolist() == [
        [1, -1, 0, 0, 0, 0]
    ]
