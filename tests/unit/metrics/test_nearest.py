"""Exact search equals the literal one, ties and all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.metrics.nearest import Exact, Nearest, nearest, rescore

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _unit(rows: NDArray[Any]) -> NDArray[np.float32]:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (rows / np.where(norms > 0, norms, 1)).astype(np.float32)
    return unit


def _random(n: int, d: int, seed: int = 0) -> NDArray[np.float32]:
    return _unit(np.random.default_rng(seed).standard_normal((n, d)))


def _literal(
    queries: NDArray[np.float32], rows: NDArray[Any], k: int, allowed: NDArray[np.int64]
) -> Nearest:
    """Score all in double precision, sort all."""
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    numbers = np.full((len(queries), k), -1, dtype=np.int64)
    right = rows[allowed].astype(np.float64)
    for at, query in enumerate(queries.astype(np.float64)):
        all_scores = np.array([np.einsum("d,d->", query, row) for row in right], dtype=np.float32)
        order = np.lexsort((allowed, -all_scores))[:k]
        scores[at, : len(order)] = all_scores[order]
        numbers[at, : len(order)] = allowed[order]
    return Nearest(scores, numbers)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(0, 60),
    d=st.integers(1, 20),
    k=st.integers(1, 30),
    n_kinds=st.integers(1, 60),
    seed=st.integers(0, 1000),
    is_half=st.booleans(),
    is_limited=st.booleans(),
)
def test_search_equals_the_literal_one_with_copies_and_conditions(
    n: int, d: int, k: int, n_kinds: int, seed: int, is_half: bool, is_limited: bool
) -> None:
    random = np.random.default_rng(seed)
    rows = _random(n_kinds, d, seed)[random.integers(0, n_kinds, n)]
    stored = rows.astype(np.float16) if is_half else rows
    queries = _random(5, d, seed + 1) * np.float32(random.integers(1, 4))
    allowed = np.flatnonzero(random.random(n) < 0.5) if is_limited else np.arange(n)
    found = Exact(stored).search(queries, k, allowed=allowed if is_limited else None)
    literal = _literal(queries, stored, k, allowed)
    assert np.array_equal(found.rows, literal.rows)
    assert np.array_equal(found.scores, literal.scores)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_many_blocks_and_many_queries_give_what_one_of_each_gives(dtype: type) -> None:
    rows: NDArray[Any] = _random(5_000, 24).astype(dtype)
    queries = _random(1_500, 24, seed=1)
    found = nearest(queries, rows, 10)
    literal = _literal(queries[[0, 700, 1_499]], rows, 10, np.arange(5_000))
    assert np.array_equal(found.rows[[0, 700, 1_499]], literal.rows)
    alone = nearest(queries[700:701], rows, 10)
    assert np.array_equal(found.scores[700:701], alone.scores)


@pytest.mark.parametrize("n_queries", [1, 3, 1_100])
def test_copies_of_one_text_are_found_in_the_order_of_rows(n_queries: int) -> None:
    rows = np.repeat(_random(1, 48), 3_000, axis=0).astype(np.float16)
    queries = np.repeat(_random(1, 48, seed=1), n_queries, axis=0)
    found = nearest(queries, rows, 12)
    assert np.array_equal(found.rows, np.tile(np.arange(12), (n_queries, 1)))
    assert len(np.unique(found.scores)) == 1


def test_fewer_rows_than_k_are_followed_by_none() -> None:
    found = nearest(_random(2, 4), _random(3, 4), 5)
    assert (found.rows[:, 3:] == -1).all()
    assert np.isneginf(found.scores[:, 3:]).all()


def test_no_queries_have_no_neighbours() -> None:
    found = nearest(np.empty((0, 4), dtype=np.float32), _random(3, 4), 5)
    assert found.rows.shape == found.scores.shape == (0, 5)


@pytest.mark.parametrize(("width", "k"), [(3, 1), (4, 0), (5, 1)])
def test_a_wrong_width_and_no_rows_wanted_are_errors(width: int, k: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        nearest(_random(1, width), _random(3, 4), k)


def test_rows_may_come_from_what_computes_them() -> None:
    class Doubled:
        shape = (50, 8)

        def __getitem__(self, at: Any, /) -> Any:
            return (_random(50, 8)[at] / 2).astype(np.float16)

    whole = Doubled()[:]
    expected = nearest(_random(3, 8, seed=1), whole, 4)
    found = Exact(Doubled()).search(_random(3, 8, seed=1), 4)
    assert np.array_equal(found.rows, expected.rows)
    few = Exact(Doubled()).search(_random(3, 8, seed=1), 4, allowed=np.array([3, 9]))
    assert set(few.rows[:, :2].ravel().tolist()) == {3, 9}


def test_rescored_candidates_are_as_exact_search_scores_them() -> None:
    rows, queries = _random(40, 16).astype(np.float16), _random(3, 16, seed=1)
    exact = nearest(queries, rows, 5)
    candidates = np.concatenate([exact.rows[:, ::-1], np.full((3, 2), -1)], axis=1)
    found = rescore(queries, rows, candidates, 5)
    assert np.array_equal(found.rows, exact.rows)
    assert np.array_equal(found.scores, exact.scores)
