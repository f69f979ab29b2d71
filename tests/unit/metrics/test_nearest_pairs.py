from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.core.errors import MissingExtraError
from prefdata.metrics import nearest_pairs
from prefdata.metrics.nearest_pairs import pairs_above

__all__: list[str] = []


def _unit(n: int, d: int = 8, seed: int = 0) -> np.ndarray:
    matrix = np.random.default_rng(seed).standard_normal((n, d))
    unit: np.ndarray = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return unit.astype(np.float32)


def _brute(matrix: np.ndarray, threshold: float) -> set[tuple[int, int]]:
    scores = np.round((matrix.astype(np.float64) @ matrix.T.astype(np.float64)), 6)
    return {(i, j) for i, j in zip(*np.nonzero(scores >= threshold), strict=True) if i < j}


@given(st.integers(0, 40), st.integers(0, 5), st.sampled_from([0.0, 0.4, 0.8]))
def test_all_pairs_are_found_when_neighbors_are_not_bounded(
    n: int, seed: int, threshold: float
) -> None:
    matrix = _unit(n, seed=seed)
    pairs, similarity = pairs_above(matrix, threshold, n_neighbors=100)
    assert set(map(tuple, pairs.tolist())) == _brute(matrix, threshold)
    expected = np.sum(matrix[pairs[:, 0]] * matrix[pairs[:, 1]], axis=1)
    assert similarity == pytest.approx(expected, abs=1e-5)


def test_blocks_do_not_change_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = _unit(100)
    whole = pairs_above(matrix, 0.3, n_neighbors=5)
    monkeypatch.setattr(nearest_pairs, "_ROWS", 7)
    monkeypatch.setattr(nearest_pairs, "_COLUMNS", 11)
    parts = pairs_above(matrix, 0.3, n_neighbors=5)
    assert np.array_equal(whole[0], parts[0])
    assert whole[1] == pytest.approx(parts[1], abs=2e-6)


def test_each_row_keeps_its_nearest() -> None:
    matrix = _unit(60)
    scores = matrix @ matrix.T
    np.fill_diagonal(scores, -1)
    pairs, _ = pairs_above(matrix, 0.01, n_neighbors=2)
    found = set(map(tuple, pairs.tolist()))
    expected = {
        (min(i, j), max(i, j))
        for i in range(60)
        for j in np.argsort(-scores[i])[:2].tolist()
        if scores[i, j] >= 0.01
    }
    assert found == expected


def test_a_corpus_of_one_vector_is_held_together() -> None:
    matrix = np.repeat(_unit(1), 50, axis=0)
    pairs, similarity = pairs_above(matrix, 0.95, n_neighbors=3)
    assert set(pairs[:, 0].tolist()) <= {0, 1, 2}
    assert set(pairs.ravel().tolist()) == set(range(50))
    assert similarity == pytest.approx(1)


def test_two_forms_of_a_thing_are_compared_crosswise() -> None:
    one, other = np.eye(4, dtype=np.float32)[:2], np.eye(4, dtype=np.float32)[[1, 0]]
    pairs, similarity = pairs_above(one, 0.9, n_neighbors=1, queries=other)
    assert pairs.tolist() == [[0, 1]]
    assert similarity.tolist() == [1.0]


def test_progress_ends_at_the_number_of_rows() -> None:
    heard: list[int] = []
    pairs_above(_unit(30), 0.9, n_neighbors=1, done=heard.append)
    assert heard[-1] == 30


def test_an_index_finds_the_pairs_of_many_vectors() -> None:
    pytest.importorskip("faiss")
    matrix = _unit(900, d=32)
    copies = matrix + np.float32(0.01) * _unit(900, d=32, seed=1)
    both = np.concatenate([matrix, copies / np.linalg.norm(copies, axis=1, keepdims=True)])
    pairs, similarity = pairs_above(both, 0.95, n_neighbors=3, max_exact=100)
    found = set(map(tuple, pairs.tolist()))
    expected = {(i, i + 900) for i in range(900)}
    assert len(expected & found) / 900 > 0.99
    assert found <= _brute(both, 0.9499)
    assert (similarity >= 0.95).all()
    again = pairs_above(both, 0.95, n_neighbors=3, max_exact=100)
    assert np.array_equal(pairs, again[0])


def test_without_the_index_library_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtraError, match="Comparing 10 texts by meaning") as caught:
        pairs_above(_unit(10), 0.9, n_neighbors=1, max_exact=5)
    assert caught.value.fix == "pip install 'prefdata[embed]'"
