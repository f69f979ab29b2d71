"""An index finds what exact search finds, or says how much it misses."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefdata.core.errors import BackendError
from prefdata.core.events import Event, Note, Progress, StepFinished, StepStarted
from prefdata.metrics.nearest import Exact
from prefdata.metrics.recall import recall_at_k
from prefdata.vectors import index as module
from prefdata.vectors.index import Index, build, memory_budget, open_index
from prefdata.vectors.index_files import INDEX, MANIFEST, VECTORS, Refused
from prefdata.vectors.index_plan import IndexKind, IndexPlan, choose

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_MEMORY = 3_000_000_000


def _clustered(n: int, d: int, seed: int = 0) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(9).standard_normal((300, d))
    rows = centres[random.integers(0, 300, n)] + 0.4 * random.standard_normal((n, d))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def _hashes(n: int) -> pl.Series:
    return pl.Series("content_hash", [f"{i:032x}" for i in range(n)], dtype=pl.String)


def _build(
    folder: Path, rows: NDArray[np.float32], plan: IndexPlan | None = None, target: float = 0.95
) -> Index:
    return build(
        _hashes(len(rows)),
        rows,
        folder,
        key="key",
        memory_bytes=_MEMORY,
        target_recall=target,
        plan=plan,
    )


def _opened(folder: Path) -> Index:
    index = open_index(folder, key="key")
    assert isinstance(index, Index)
    return index


@pytest.fixture(scope="module")
def ivf(tmp_path_factory: pytest.TempPathFactory) -> Index:
    pytest.importorskip("faiss")
    rows = _clustered(50_000, 32)
    plan = choose(*rows.shape, memory_bytes=_MEMORY, kind="ivf-sq8")
    return _build(tmp_path_factory.mktemp("ivf") / "index", rows, plan)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(n=st.integers(1, 60), k=st.integers(1, 20), seed=st.integers(0, 99), data=st.data())
def test_small_sets_are_searched_exactly_under_any_condition(
    n: int, k: int, seed: int, data: st.DataObject, tmp_path: Path
) -> None:
    index = _build(tmp_path / "index", _clustered(n, 8, seed))
    drawn = data.draw(st.none() | st.lists(st.booleans(), min_size=n, max_size=n))
    allowed = None if drawn is None else np.array(drawn)
    queries = _clustered(3, 8, seed + 1)
    found = index.search(queries, k, allowed=allowed)
    numbers = np.arange(n) if allowed is None else np.flatnonzero(allowed)
    stored = np.load(tmp_path / "index" / VECTORS).astype(np.float64)
    for query, scores, rows in zip(queries.astype(np.float64), *found, strict=True):
        exact = np.array([np.einsum("d,d->", query, stored[at]) for at in numbers], np.float32)
        order = np.lexsort((numbers, -exact))[:k]
        assert rows[: len(order)].tolist() == numbers[order].tolist()
        assert scores[: len(order)].tolist() == exact[order].tolist()
        assert (rows[len(order) :] == -1).all()


def test_lists_find_what_was_measured_on_queries_that_they_never_saw(ivf: Index) -> None:
    measured = ivf.manifest.recall
    assert measured is not None
    assert measured.lower >= 0.95
    assert ivf.told == f"ivf-sq8 index, recall@10 {measured.value:.3f}"
    queries = _clustered(300, 32, seed=5)
    exact = Exact(ivf._vectors).search(queries, 10)
    found = ivf.search(queries, 10)
    assert recall_at_k(found.scores, exact.scores).value >= 0.95
    # What is found has the very scores of exact search.
    is_same = found.rows == exact.rows
    assert np.array_equal(found.scores[is_same], exact.scores[is_same])
    alone = ivf.search(queries[7:8], 10)
    assert np.array_equal(alone.rows[0], found.rows[7])


@pytest.mark.parametrize("share", [0.01, 0.3])
def test_few_allowed_rows_are_searched_exactly(ivf: Index, share: float) -> None:
    allowed = np.random.default_rng(0).random(ivf.n) < share
    queries = _clustered(20, 32, seed=5)
    found = ivf.search(queries, 10, allowed=allowed)
    exact = Exact(ivf._vectors).search(queries, 10, allowed=np.flatnonzero(allowed))
    assert np.array_equal(found.rows, exact.rows)


@pytest.mark.parametrize("where", ["even", "near", "far"])
def test_many_allowed_rows_are_found_by_the_lists_wherever_they_lie(
    ivf: Index, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FEW_ALLOWED", 1_000)
    queries = _clustered(40, 32, seed=5)
    scores = ivf._vectors.astype(np.float32) @ queries[0]
    allowed = {
        "even": np.random.default_rng(0).random(ivf.n) < 0.3,
        "near": scores > np.quantile(scores, 0.7),
        "far": scores < np.quantile(scores, 0.3),
    }[where]
    found = ivf.search(queries, 10, allowed=allowed)
    assert allowed[found.rows].all()
    exact = Exact(ivf._vectors).search(queries, 10, allowed=np.flatnonzero(allowed))
    assert recall_at_k(found.scores, exact.scores).value >= 0.95


def test_more_rows_than_were_measured_are_found_too(ivf: Index) -> None:
    queries = _clustered(50, 32, seed=5)
    exact = Exact(ivf._vectors).search(queries, 100)
    assert recall_at_k(ivf.search(queries, 100).scores, exact.scores).value >= 0.95


def test_all_rows_allowed_is_no_condition(ivf: Index) -> None:
    queries = _clustered(5, 32, seed=5)
    found = ivf.search(queries, 10, allowed=np.ones(ivf.n, dtype=bool))
    assert np.array_equal(found.rows, ivf.search(queries, 10).rows)


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf-flat", "ivf-sq8", "ivf-pq"])
def test_two_builds_give_the_same_bytes_and_open_alike(kind: IndexKind, tmp_path: Path) -> None:
    if kind != "flat":
        pytest.importorskip("faiss")
    rows = _clustered(3_000, 32)
    plan = choose(*rows.shape, memory_bytes=_MEMORY, kind=kind)
    built = _build(tmp_path / "first", rows, plan)
    _build(tmp_path / "second", rows, plan)
    assert built.manifest.plan.kind == kind
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes(), path.name
    opened = _opened(tmp_path / "first")
    queries = _clustered(5, 32, seed=5)
    assert np.array_equal(opened.search(queries, 4).rows, built.search(queries, 4).rows)
    assert opened.hashes.equals(_hashes(3_000))


def test_an_index_that_misses_too_much_is_left_out(tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    random = np.random.default_rng(0).standard_normal((2_000, 64)).astype(np.float32)
    random /= np.linalg.norm(random, axis=1, keepdims=True)
    plan = IndexPlan(kind="ivf-flat", reason="", n_lists=4, n_sample=2_000, effort=1)
    index = _build(tmp_path / "index", random, plan, target=0.99)
    assert index.told == "exact"
    assert index.manifest.plan.kind == "flat"
    assert "less than 0.99" in index.manifest.plan.reason
    assert not (tmp_path / "index" / INDEX).exists()


@pytest.mark.parametrize("kind", ["flat", "ivf-sq8"])
def test_copies_of_one_vector_are_found_in_the_order_of_rows(
    kind: IndexKind, tmp_path: Path
) -> None:
    if kind != "flat":
        pytest.importorskip("faiss")
    rows = np.repeat(_clustered(1, 8), 500, axis=0)
    plan = choose(500, 8, memory_bytes=_MEMORY, kind=kind)
    index = _build(tmp_path / "index", rows, plan)
    found = index.search(rows[:1], 3)
    assert len(np.unique(found.scores)) == 1
    if kind == "flat":
        assert found.rows.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("shape", [(0, 0), (0, 8), (1, 8), (3, 8)])
def test_none_one_and_few_vectors_are_an_index(shape: tuple[int, int], tmp_path: Path) -> None:
    rows = _clustered(*shape) if shape[0] else np.empty(shape, dtype=np.float32)
    _build(tmp_path / "index", rows)
    found = _opened(tmp_path / "index").search(_clustered(2, 8), 5)
    assert found.scores.shape == found.rows.shape == (2, 5)
    assert ((found.rows >= 0).sum(axis=1) == shape[0]).all()


def test_a_query_of_another_model_is_an_error(tmp_path: Path) -> None:
    index = _build(tmp_path / "index", _clustered(5, 8))
    with pytest.raises(BackendError, match="The query has 4 values, the indexed vectors have 8"):
        index.search(_clustered(1, 4), 3)


def test_a_wrong_call_is_an_error(tmp_path: Path) -> None:
    index = _build(tmp_path / "index", _clustered(5, 8))
    with pytest.raises(ValueError, match="0 rows cannot be found"):
        index.search(_clustered(1, 8), 0)
    with pytest.raises(ValueError, match="other rows than 5"):
        index.search(_clustered(1, 8), 3, allowed=np.ones(4, dtype=bool))
    with pytest.raises(ValueError, match="2 hashes do not name 5 rows"):
        build(_hashes(2), _clustered(5, 8), tmp_path / "other", key="key", memory_bytes=_MEMORY)


def test_damage_is_refused_and_absence_is_not_damage(tmp_path: Path) -> None:
    assert open_index(tmp_path / "index", key="key") == Refused(
        "there is none yet", is_damage=False
    )
    _build(tmp_path / "index", _clustered(5, 8))
    path = tmp_path / "index" / VECTORS
    path.write_bytes(path.read_bytes()[:-1])
    refused = open_index(tmp_path / "index", key="key")
    assert isinstance(refused, Refused)
    assert refused.is_damage


def test_files_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    _build(tmp_path / "index", _clustered(5, 8))
    path = tmp_path / "index" / MANIFEST
    path.write_text(path.read_text().replace('"n": 5', '"n": 6'))
    refused = open_index(tmp_path / "index", key="key")
    assert refused == Refused("it cannot be read (its files do not fit together)")


def test_without_faiss_an_index_is_searched_exactly_and_says_so(
    ivf: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = _clustered(3_000, 32)
    _build(tmp_path / "index", rows, choose(*rows.shape, memory_bytes=_MEMORY, kind="ivf-sq8"))
    monkeypatch.setitem(sys.modules, "faiss", None)
    index = _opened(tmp_path / "index")
    assert index.told == "exact"
    assert index.note is not None
    assert "faiss is not installed" in index.note
    queries = _clustered(5, 32, seed=5)
    exact = Exact(index._vectors).search(queries, 10)
    assert np.array_equal(index.search(queries, 10).rows, exact.rows)


def test_the_build_tells_its_steps_and_why_it_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EXACT_UP_TO", 3)
    told: list[Event] = []
    build(
        _hashes(5),
        _clustered(5, 8),
        tmp_path / "index",
        key="key",
        memory_bytes=_MEMORY,
        report=told.append,
        step="prompts",
        plan=IndexPlan(kind="flat", reason="faiss is missing"),
    )
    kinds = [type(event) for event in told]
    assert kinds == [StepStarted, Note, StepFinished]
    assert Note("prompts: search is exact and slower than need be: faiss is missing") in told


def test_the_build_tells_how_far_it_is(tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    told: list[Event] = []
    build(
        _hashes(500),
        _clustered(500, 8),
        tmp_path / "index",
        key="key",
        memory_bytes=_MEMORY,
        report=told.append,
        plan=choose(500, 8, memory_bytes=_MEMORY, kind="ivf-flat"),
    )
    assert Progress("index", 500) in told


def test_the_device_of_torch_searches_exactly(ivf: Index, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    _build(tmp_path / "index", _clustered(500, 8))
    index = open_index(tmp_path / "index", key="key", device="cpu")
    assert isinstance(index, Index)
    queries = _clustered(5, 8, seed=5)
    expected = _opened(tmp_path / "index").search(queries, 4)
    assert np.array_equal(index.search(queries, 4).rows, expected.rows)


def test_the_budget_is_three_gigabytes_at_most() -> None:
    assert 0 < memory_budget() <= 3_000_000_000
