"""One worker or several give the same scores in the same order; a dead one is told, not waited for.

The model has random weights: that workers agree does not depend on what it knows.
"""

from __future__ import annotations

import os
import pickle
import signal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from prefdata.core.errors import BackendError
from prefdata.core.events import silent
from prefdata.displacement.models import causal_backend
from prefdata.displacement.workers import Job, Scored, ShardTexts, score_shards
from prefdata.protocols import CausalParams
from prefdata.testing.causal import write_tiny_causal_lm
from prefdata.testing.engines import PickledEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__: list[str] = []


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_causal_lm(tmp_path_factory.mktemp("m") / "tiny", width=16, layers=1)


def _job(model: Path, device: str) -> Job:
    backend = causal_backend()
    params = CausalParams(model=str(model), device=device)
    return Job(backend.name, params, backend.identify(params))


def _shards(texts: Callable[..., Any]) -> Iterator[ShardTexts]:
    for i in range(5):
        made = texts((f"prompt {i}", "yes" * (i + 1), "no"), (f"prompt {i}", "no", "maybe"))
        yield ShardTexts(made.pairs, made.prompts, made.responses)


def _all(job: Job, shards: Iterator[ShardTexts]) -> list[Scored]:
    return list(score_shards(job, shards, silent, lambda _: None))


def test_two_workers_agree_with_one(model: Path, texts: Callable[..., Any]) -> None:
    one = _all(_job(model, "cpu"), _shards(texts))
    two = _all(_job(model, "cpu,cpu"), _shards(texts))
    assert [s.n_tokens for s in one] == [s.n_tokens for s in two]
    keys = ["prompt_hash", "chosen_hash", "rejected_hash"]
    for left, right in zip(one, two, strict=True):
        assert left.rows.select(keys, "status").equals(right.rows.select(keys, "status"))
        error = (left.rows["ches"] - right.rows["ches"]).abs() / (
            left.rows["dot"].abs() + left.rows["sq_pos"]
        )
        # Another number of threads may add in another order.
        assert pl.Series(error).max() <= 1e-6  # type: ignore[operator]


def _killing(texts: Callable[..., Any]) -> Iterator[ShardTexts]:
    """Kill the workers once they are at work."""
    import multiprocessing

    for i, shard in enumerate(_shards(texts)):
        if i == 2:
            for child in multiprocessing.active_children():
                os.kill(child.pid or 0, signal.SIGKILL)
        yield shard


def test_a_worker_that_died_is_told(model: Path, texts: Callable[..., Any]) -> None:
    with pytest.raises(BackendError, match=r"worker on cpu, cpu died"):
        _all(_job(model, "cpu,cpu"), _killing(texts))


def test_an_error_in_a_worker_keeps_its_words(model: Path, texts: Callable[..., Any]) -> None:
    job = _job(model, "cpu,cpu")
    lost = Job(job.backend, CausalParams(model="/no/such/folder", device="cpu,cpu"), job.identity)
    with pytest.raises(BackendError, match="/no/such/folder"):
        _all(lost, _shards(texts))


def test_workers_of_an_engine_give_the_same_scores(model: Path, texts: Callable[..., Any]) -> None:
    job, engine = _job(model, "cpu"), PickledEngine()
    here = _all(job, _shards(texts))
    there = list(
        score_shards(job, _shards(texts), silent, lambda _: None, engine=engine, label="score")
    )
    assert all(one.rows.equals(other.rows) for one, other in zip(here, there, strict=True))
    assert [one.settings for one in here] == [one.settings for one in there]
    assert engine.labels == ["score"]


def test_a_shard_is_sent_without_the_texts_of_others() -> None:
    texts = pl.DataFrame({"text": [f"{n:04}" * 250 for n in range(500)]}).select(
        prompt_hash=pl.int_range(pl.len()).cast(pl.String),
        messages=pl.concat_list(pl.struct(role=pl.lit("user"), content="text")),
    )
    shard = ShardTexts(texts.select("prompt_hash").head(2), texts.head(2), texts.tail(2))
    sent = pickle.dumps(shard)
    assert len(sent) < 20_000
    found = pickle.loads(sent)  # noqa: S301 - it was made here
    assert_frame_equal(found.prompts, shard.prompts)
    assert_frame_equal(found.responses, shard.responses)
