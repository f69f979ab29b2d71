"""The best so far and new rows make the best of both."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prefdata.metrics.scored import Nearest, keep_best, no_neighbors, products


def test_the_best_of_both_are_kept_and_of_equal_scores_the_first_row() -> None:
    best = Nearest(np.array([[0.9, 0.5]], np.float32), np.array([[7, 2]]))
    new = np.array([0.5, 0.7], np.float32)
    merged = keep_best(best, np.array([0, 0]), new, np.array([1, 9]))
    assert merged.rows.tolist() == [[7, 9]]
    tied = keep_best(best, np.array([0]), new[:1], np.array([1]))
    assert tied.rows.tolist() == [[7, 1]]


def test_no_rows_leave_no_neighbors() -> None:
    nothing = no_neighbors(2, 3)
    empty = np.empty(0, dtype=np.int64)
    merged = keep_best(nothing, empty, empty.astype(np.float32), empty)
    assert (merged.rows == -1).all()
    assert np.isneginf(merged.scores).all()


@given(st.permutations(range(12)), st.integers(1, 5), st.integers(0, 12))
def test_the_order_in_which_rows_come_does_not_matter(order: list[int], k: int, cut: int) -> None:
    scores = (np.arange(12) % 4).astype(np.float32)
    rows = np.arange(12)
    queries = np.arange(12) % 2
    at_once = keep_best(no_neighbors(2, k), queries, scores, rows)
    best = no_neighbors(2, k)
    for part in (np.array(order[:cut], dtype=np.int64), np.array(order[cut:], dtype=np.int64)):
        best = keep_best(best, queries[part], scores[part], rows[part])
    assert np.array_equal(best.rows, at_once.rows)
    assert np.array_equal(best.scores, at_once.scores)


def test_one_query_and_many_have_the_same_products() -> None:
    rows = np.random.default_rng(0).standard_normal((50, 8)).astype(np.float32)
    together = products(rows[:3], rows)
    assert together.shape == (3, 50)
    assert np.allclose(products(rows[1:2], rows), together[1:2], atol=1e-6)
