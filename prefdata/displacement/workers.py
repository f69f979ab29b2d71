"""Who computes the shards: this process, one process for each device, or workers of an engine."""

from __future__ import annotations

import functools
import multiprocessing
import os
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.errors import BackendError
from prefdata.core.events import silent
from prefdata.core.fingerprint import canonical_json
from prefdata.displacement.models import causal_backend
from prefdata.displacement.score import score_shard
from prefdata.protocols import LOCAL, Needs
from prefdata.tables.packed import packed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prefdata.core.events import Report
    from prefdata.protocols import CausalIdentity, CausalParams, Engine, HiddenStates

__all__ = ["Job", "Scored", "ShardTexts", "score_shards"]


@dataclass(frozen=True, slots=True)
class Job:
    """Which model, and how it reads."""

    backend: str
    model: CausalParams
    identity: CausalIdentity

    def open(self, device: str, report: Report) -> HiddenStates:
        """Load the model on a device."""
        return causal_backend(self.backend).open(self.model, self.identity, device, report)


@dataclass(frozen=True, slots=True)
class ShardTexts:
    """A shard with what it needs, as `prefdata.displacement.score.score_shard` takes it."""

    pairs: pl.DataFrame
    prompts: pl.DataFrame
    responses: pl.DataFrame

    def __reduce__(self) -> tuple[Any, ...]:
        """Send the texts of this shard, and not with them those of all that were read together."""
        return _received, (self.pairs, packed(self.prompts), packed(self.responses))


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of a shard, and how they were computed."""

    rows: pl.DataFrame
    settings: str
    """JSON."""
    n_tokens: int
    """Tokens that went through the model."""


def _received(pairs: pl.DataFrame, prompts: bytes, responses: bytes) -> ShardTexts:
    return ShardTexts(pairs, pl.read_ipc_stream(prompts), pl.read_ipc_stream(responses))


def score_shards(
    job: Job,
    shards: Iterable[ShardTexts],
    report: Report,
    done: Callable[[int], None],
    *,
    engine: Engine = LOCAL,
    label: str = "",
) -> Iterator[Scored]:
    """Score shards, and yield them in their order, whichever device was quicker.

    Args:
        job: The model.
        shards: Read one after the other, no more at once than there are devices to work on them.
        report: Told what the model says when it is opened.
        done: Called now and then with the number of pairs done since the last shard was yielded;
            only where there is one device.
        engine: Where to work; a distributed one uses a device of each of its workers.
        label: What the work is, for the engine.

    Raises:
        BackendError: If the model cannot be opened or fails, or a worker died.
    """
    if not engine.is_local:
        make = functools.partial(_scoring, job)
        yield from engine.map(make, shards, needs=Needs(is_model=True), label=label)
        return
    devices = causal_backend(job.backend).devices(job.model)
    if len(devices) == 1:
        states = job.open(devices[0], report)
        for shard in shards:
            yield _score(states, job, shard, done)
        return
    yield from _on_all(job, devices, shards)


def _score(
    states: HiddenStates, job: Job, shard: ShardTexts, done: Callable[[int], None] | None
) -> Scored:
    before = states.tokens_fed
    rows = score_shard(states, shard.pairs, shard.prompts, shard.responses, done)
    settings = {
        **states.settings,
        "boundary": job.identity.boundary,
        "max_tokens": job.identity.max_tokens,
    }
    return Scored(rows, canonical_json(settings), states.tokens_fed - before)


def _scoring(job: Job) -> Callable[[ShardTexts], Scored]:
    """Open the model on the first device that a worker sees; return what scores a shard."""
    states = job.open(causal_backend(job.backend).devices(job.model)[0], silent)
    return lambda shard: _score(states, job, shard, None)


def _on_all(job: Job, devices: tuple[str, ...], shards: Iterable[ShardTexts]) -> Iterator[Scored]:
    """Work on one process per device; a process opens its model once."""
    # A fork would copy the threads of polars and torch in whatever state they are.
    context = multiprocessing.get_context("spawn")
    free = context.Queue()
    for device in devices:
        free.put(device)
    pool = ProcessPoolExecutor(
        len(devices), mp_context=context, initializer=_start, initargs=(job, free, len(devices))
    )
    waiting: deque[Any] = deque()
    try:
        for shard in shards:
            waiting.append(pool.submit(_work, shard))
            if len(waiting) > len(devices):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise BackendError(
            f"A worker on {', '.join(devices)} died: it was killed, or memory ran out.",
            where="device",
            fix="Run the same command again: what is finished is kept. Name fewer devices if it "
            "dies again.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


_OPEN: dict[str, Any] = {}
"""What a worker process holds: its job, its device, and its model once there is work."""


def _start(job: Job, free: Any, n_workers: int) -> None:
    _OPEN.update(job=job, device=free.get())
    if _OPEN["device"] == "cpu":
        import torch

        torch.set_num_threads(max(1, (os.cpu_count() or 1) // n_workers))


def _work(shard: ShardTexts) -> Scored:
    job: Job = _OPEN["job"]
    # Opened here and not at the start: an error of an initializer would lose its message.
    if "states" not in _OPEN:
        _OPEN["states"] = job.open(_OPEN["device"], silent)
    return _score(_OPEN["states"], job, shard, None)
