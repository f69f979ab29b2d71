"""The index is chosen by size and memory."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.vectors import index_plan
from prefdata.vectors.index_plan import IndexKind, choose

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

_3_GB = 3_000_000_000
_16_GB = 16_000_000_000


@pytest.fixture
def _faiss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have faiss found, installed or not: nothing here imports it."""
    monkeypatch.setattr(index_plan, "find_spec", lambda _: importlib.util.find_spec("json"))


@pytest.mark.usefixtures("_faiss")
@pytest.mark.parametrize(
    ("n", "memory_bytes", "kind", "n_lists", "links"),
    [
        (0, _3_GB, "flat", 0, 0),
        (200_000, _3_GB, "flat", 0, 0),
        (200_001, _3_GB, "ivf-flat", 2_048, 0),
        (1_000_000, _3_GB, "ivf-sq8", 4_096, 0),
        (1_000_000, _16_GB, "ivf-flat", 4_096, 0),
        (2_000_001, _16_GB, "ivf-pq", 65_536, 32),
    ],
)
def test_size_and_memory_decide(
    n: int, memory_bytes: int, kind: str, n_lists: int, links: int
) -> None:
    plan = choose(n, 384, memory_bytes=memory_bytes)
    assert (plan.kind, plan.n_lists, plan.links) == (kind, n_lists, links)


@pytest.mark.usefixtures("_faiss")
@pytest.mark.parametrize(("d", "kind", "n_codes"), [(384, "ivf-pq", 48), (256, "ivf-pq", 32)])
def test_half_bytes_stand_for_eight_values(d: int, kind: str, n_codes: int) -> None:
    plan = choose(3_000_000, d, memory_bytes=_3_GB)
    assert (plan.kind, plan.n_codes) == (kind, n_codes)


@pytest.mark.usefixtures("_faiss")
def test_values_that_do_not_divide_take_a_byte_each() -> None:
    assert choose(3_000_000, 127, memory_bytes=_3_GB).kind == "ivf-sq8"


@pytest.mark.usefixtures("_faiss")
@given(
    n=st.integers(0, 5_000_000),
    d=st.integers(1, 2_000),
    kind=st.sampled_from(["flat", "hnsw", "ivf-flat", "ivf-sq8", "ivf-pq"]),
)
def test_any_kind_can_be_asked_for(n: int, d: int, kind: IndexKind) -> None:
    plan = choose(n, d, memory_bytes=_3_GB, kind=kind)
    assert plan.kind == (kind if n else "flat")
    assert plan.n_lists <= plan.n_sample <= n
    assert plan.effort <= max(plan.n_lists, 32)


def test_without_faiss_it_is_exact_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(index_plan, "find_spec", missing)
    plan = choose(1_000_000, 384, memory_bytes=_3_GB)
    assert plan.kind == "flat"
    assert "not installed (pip install 'prefdata[embed]')" in plan.reason
