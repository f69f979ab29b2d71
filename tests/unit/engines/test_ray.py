"""Workers of a real cluster on this machine: order, errors, a worker that is killed, same bytes.

One cluster is started for all tests, because that takes seconds. `benchmarks/distributed.py` does
the same with two nodes and real work.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.core.errors import BackendError
from prefdata.protocols import LOCAL, EmbedderParams, Needs
from prefdata.runner.engines import open_engine
from prefdata.tables.identity import hash_texts
from prefdata.testing.engines import assert_engine_contract
from prefdata.vectors.store import VectorStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prefdata.protocols import Engine

ray = pytest.importorskip("ray")

__all__: list[str] = []

_MODEL = Needs(is_model=True)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Two workers, and afterwards nothing of them."""
    # This module is not installed, so workers cannot import what is defined in it.
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    before = set(_leftovers())
    with open_engine("ray", workers=2) as opened:
        assert not ray.is_initialized(), "nothing is started before there is something to do"
        yield opened
        assert "RAY_AUTH_TOKEN" not in os.environ
        assert "PYTHONBREAKPOINT" not in os.environ
    assert not ray.is_initialized()
    assert set(_leftovers()) == before
    ray.cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def _leftovers() -> list[Path]:
    return [*Path(tempfile.gettempdir()).glob("prefdata-ray-*"), *Path.home().glob(".ray")]


def _worker(folder: Path) -> Callable[[int], tuple[int, int]]:
    """Return a function that is killed at the item 3, once, and fails at the item 9."""

    def work(item: int) -> tuple[int, int]:
        if item == 3 and not (folder / "died").exists():
            (folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if item == 9:
            raise BackendError("It failed.", where="item 9")
        time.sleep(0.02 * (item % 2))
        return item, os.getpid()

    return work


def test_tasks_keep_the_contract(engine: Engine) -> None:
    assert engine.n_workers() == 2
    assert_engine_contract(engine)


@pytest.mark.parametrize("needs", [Needs(), _MODEL], ids=["tasks", "models"])
def test_a_worker_that_is_killed_is_survived(engine: Engine, needs: Needs, tmp_path: Path) -> None:
    make = functools.partial(_worker, tmp_path)
    results = engine.map(make, range(12), needs=needs, label="killed")
    assert [next(results)[0] for _ in range(9)] == [*range(9)]
    with pytest.raises(BackendError, match="It failed") as raised:
        next(results)
    assert raised.value.where == "item 9"
    assert (tmp_path / "died").exists()


def test_workers_with_a_model_stay_for_more_of_the_same(engine: Engine) -> None:
    first = set(engine.map(_pid, range(4), needs=_MODEL))
    assert set(engine.map(_pid, range(4), needs=_MODEL)) & first


def _pid() -> Callable[[int], int]:
    return lambda _: os.getpid()


def test_embedding_on_workers_gives_the_same_files(engine: Engine, tmp_path: Path) -> None:
    text = pl.Series("text", [f"some words {i} of a text {i % 7}" for i in range(60)])
    texts = pl.DataFrame({"content_hash": hash_texts(text), "text": text})

    def digests(name: str, used: Any) -> list[str]:
        catalog = Catalog.create(tmp_path / name)
        VectorStore(catalog, engine=used).get(
            texts,
            subject="responses",
            view="text",
            model=EmbedderParams(model="lexical"),
            step="embed",
        )
        return sorted(entry.digest for entry in catalog.head().state.table("embeddings").files)

    assert digests("there", engine) == digests("here", LOCAL)


@pytest.mark.slow
def test_a_process_can_use_one_cluster_after_the_other() -> None:
    from ray.cluster_utils import Cluster

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    with open_engine("ray", workers=1) as opened:  # asks for a token of its own
        assert len(list(opened.map(_pid, [0]))) == 1
    other: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        with open_engine("ray", address=other.address) as opened:
            assert len(list(opened.map(_pid, [0], needs=_MODEL))) == 1
    finally:
        other.shutdown()


def test_there_is_no_cluster_at_a_wrong_address(monkeypatch: pytest.MonkeyPatch) -> None:
    # Whether the cluster of the other tests runs already depends on their order.
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    with (
        pytest.raises(BackendError, match="no Ray cluster"),
        open_engine("ray", address="127.0.0.1:1"),
    ):
        raise AssertionError
