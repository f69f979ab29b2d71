"""Mixes follow Algorithm 1 of HyPER: tag by tag, to the exact budget, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from prefdata.protocols import Comparisons
from prefdata.routing.mixes import draw_mixes, first_of_each, mix_labels, mix_orders, tag_counts

__all__: list[str] = []

_tags = arrays(bool, st.tuples(st.integers(1, 30), st.integers(0, 6)))


def _follows_the_algorithm(order: np.ndarray, tags: np.ndarray) -> bool:
    """Whether the order is all rows of some tag, all others of another, …, then those of none."""
    left = [set(np.flatnonzero(column)) for column in tags.T]
    position = 0
    while any(left):
        for rows in sorted(filter(None, left), key=len):
            if set(order[position : position + len(rows)]) == rows:
                break
        else:
            return False
        position += len(rows)
        left = [other - rows for other in left]
    return not tags[order[position:]].any()


@given(_tags, st.integers(0, 5))
def test_every_order_goes_through_one_tag_after_the_other(tags: np.ndarray, seed: int) -> None:
    for order in mix_orders(tags, 4, seed=seed):
        assert sorted(order) == list(range(len(tags)))
        assert _follows_the_algorithm(order, tags)


def test_every_tag_comes_first_about_as_often() -> None:
    tags = np.eye(4, dtype=bool).repeat([1, 2, 10, 20], axis=0)
    first = tags[mix_orders(tags, 2000, seed=0)[:, 0]].mean(axis=0)
    assert first == pytest.approx(0.25, abs=0.04)


@given(_tags, st.integers(1, 40), st.integers(0, 5))
def test_budgets_are_spread_and_kept_to_the_label(tags: np.ndarray, n: int, seed: int) -> None:
    mixes = draw_mixes(tags, n, seed=seed, has_endpoints=False)
    budgets = mixes.sum(axis=0)
    assert mixes.shape == (len(tags), n)
    assert budgets.min() >= 1
    # Without replacement, as long as there are enough.
    assert np.unique(budgets, return_counts=True)[1].max() <= -(-n // len(tags))


def test_the_endpoints_come_first() -> None:
    mixes = draw_mixes(np.ones((9, 2), dtype=bool), 3, seed=0)
    assert mixes[:, :2].sum(axis=0).tolist() == [0, 9]
    assert mixes.shape == (9, 5)


@given(_tags, st.integers(0, 30))
def test_a_larger_budget_adds_to_the_smaller(tags: np.ndarray, budget: int) -> None:
    orders = mix_orders(tags, 3, seed=1)
    small, large = first_of_each(orders, budget), first_of_each(orders, budget + 1)
    assert (small <= large).all()
    assert (small.sum(axis=0) == min(budget, len(tags))).all()


def test_the_seed_decides() -> None:
    tags = np.random.default_rng(0).random((50, 5)) < 0.3
    assert np.array_equal(draw_mixes(tags, 20, seed=1), draw_mixes(tags, 20, seed=1))
    assert not np.array_equal(draw_mixes(tags, 20, seed=1), draw_mixes(tags, 20, seed=2))


def test_ties_and_missing_labels_keep_their_row() -> None:
    comparisons = Comparisons(
        difference=np.zeros((3, 1)),
        tags=np.zeros((3, 0), dtype=bool),
        signals=np.zeros((3, 0)),
        ai=np.array([1.0, 0.5, 0.0]),
        humans=np.array([[0.5], [1.0], [np.nan]]),
        groups=np.arange(3),
    )
    mixes = np.array([[True, False], [True, False], [True, False]])
    labels = mix_labels(comparisons, mixes)
    assert labels.T.tolist() == [[0.5, 1.0, 0.0], [1.0, 0.5, 0.0]]


@given(_tags, st.integers(0, 5))
def test_counts_are_those_of_the_loop(tags: np.ndarray, seed: int) -> None:
    mixes = draw_mixes(tags, 3, seed=seed)
    counts = [[(tag & mix).sum() for tag in tags.T] for mix in mixes.T]
    assert tag_counts(tags, mixes).tolist() == counts
