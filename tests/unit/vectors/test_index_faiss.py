"""The index of faiss: the same bytes each time, and candidates that obey a condition."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from prefdata.core.errors import MissingExtraError
from prefdata.vectors import index_faiss
from prefdata.vectors.index_faiss import build_faiss, faiss_version, read_faiss
from prefdata.vectors.index_plan import IndexKind, IndexPlan

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_PLANS = {
    "ivf-flat": IndexPlan(kind="ivf-flat", reason="", n_lists=32, n_sample=2_000, effort=8),
    "ivf-sq8": IndexPlan(kind="ivf-sq8", reason="", n_lists=32, n_sample=1_000, effort=8),
    "ivf-pq": IndexPlan(
        kind="ivf-pq",
        reason="",
        n_lists=32,
        n_sample=2_000,
        links=8,
        n_codes=4,
        effort=8,
        rerank=20,
    ),
    "hnsw": IndexPlan(kind="hnsw", reason="", links=8, effort=32),
}


def _clustered(n: int, d: int = 16, seed: int = 0) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(9).standard_normal((40, d))
    rows = centres[random.integers(0, 40, n)] + 0.5 * random.standard_normal((n, d))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


@pytest.mark.parametrize("kind", list(_PLANS))
def test_two_builds_write_the_same_bytes_and_read_back_alike(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    plan, rows, queries = _PLANS[kind], _clustered(2_000), _clustered(20, seed=1)
    told: list[int] = []
    first = build_faiss(rows, plan, seed=3, done=told.append)
    second = build_faiss(rows, plan, seed=3, done=told.append)
    first.write(tmp_path / "first")
    second.write(tmp_path / "second")
    assert told == [2_000, 2_000]
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    again = read_faiss(tmp_path / "first", plan)
    for left, right in zip(
        first.candidates(queries, 5, effort=8), again.candidates(queries, 5, effort=8), strict=True
    ):
        assert np.array_equal(left, right)


@pytest.mark.parametrize("kind", list(_PLANS))
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_candidates_obey_a_condition_and_hold_the_best(kind: str, share: float) -> None:
    pytest.importorskip("faiss")
    plan, rows, queries = _PLANS[kind], _clustered(2_000), _clustered(50, seed=1)
    index = build_faiss(rows, plan, seed=0, done=lambda _: None)
    allowed = np.random.default_rng(2).random(2_000) < share
    found, is_sure = index.candidates(queries, 5, effort=16, allowed=allowed)
    assert allowed[found[found >= 0]].all()
    scores = np.where(allowed, queries @ rows.T, -np.inf)
    best = np.argsort(-scores, axis=1)[:, :5]
    hits = [
        np.isin(row, got).mean() for row, got in zip(best[is_sure], found[is_sure], strict=True)
    ]
    assert is_sure.mean() > 0.8
    assert np.mean(hits) > 0.9


def test_a_condition_that_admits_nothing_near_a_query_is_told() -> None:
    pytest.importorskip("faiss")
    rows, queries = _clustered(4_000), _clustered(1, seed=1)
    index = build_faiss(rows, _PLANS["ivf-sq8"], seed=0, done=lambda _: None)
    is_far = (rows @ queries[0]) < 0
    _, is_sure = index.candidates(queries, 5, effort=1, allowed=is_far)
    assert not is_sure.any()


def test_centroids_of_many_lists_are_learned_in_two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss")
    monkeypatch.setattr(index_faiss, "_TWO_LEVELS_FROM", 32)
    rows, queries = _clustered(2_000), _clustered(50, seed=1)
    index = build_faiss(rows, _PLANS["ivf-flat"], seed=0, done=lambda _: None)
    found, _ = index.candidates(queries, 5, effort=8)
    best = np.argsort(-(queries @ rows.T), axis=1)[:, :5]
    assert np.mean([np.isin(row, got).mean() for row, got in zip(best, found, strict=True)]) > 0.9


@pytest.mark.parametrize("kind", ["ivf-flat", "ivf-sq8", "hnsw"])
def test_copies_of_one_vector_can_be_indexed(kind: IndexKind) -> None:
    pytest.importorskip("faiss")
    rows = np.repeat(_clustered(1), 1_500, axis=0)
    plan = _PLANS[kind].model_copy(update={"n_sample": 1_000})
    index = build_faiss(rows, plan, seed=0, done=lambda _: None)
    found, _ = index.candidates(rows[:2], 5, effort=8)
    assert (found >= 0).all()


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("faiss")
    # faiss itself warns of few vectors for each list.
    plan = _PLANS["ivf-flat"].model_copy(update={"n_sample": 40})
    build_faiss(_clustered(40), plan, seed=0, done=lambda _: None)
    assert capfd.readouterr() == ("", "")


def test_without_faiss_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtraError, match="packages that are not installed"):
        faiss_version()
