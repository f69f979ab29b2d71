"""kill -9 while a model works: what was committed stays, the rerun computes only the rest."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from prefdata.catalog import Catalog
from prefdata.catalog.verify import verify
from prefdata.protocols import RawFile
from prefdata.runner import ingest

if TYPE_CHECKING:
    from pathlib import Path

_KILLS = int(os.environ.get("PREFDATA_KILLS", "1"))
_SEED = int(os.environ.get("PREFDATA_KILL_SEED", "0"))

# The stores, the catalog and the commands are the real ones. The models are toys, so that a shard
# takes a tenth of a second: they count the bytes of a text, and log each text that they are given.
_PROGRAM = """
import sys, time
from types import ModuleType
import numpy as np
import prefdata as pf
from prefdata import registry
from prefdata.displacement import shards
from prefdata.protocols import (
    CausalIdentity, Embedded, EmbedderBackend, Encoded, HiddenStatesBackend, UnitStates
)
from prefdata.recipes import Recipe

def log(texts):
    time.sleep(0.1)
    with open(sys.argv[3], "a") as file:
        file.writelines(f"{hash(bytes(t))}\\n" for t in texts)

def said(messages):
    return "".join(m["content"] for m in messages) or "?"

def tokens(text):
    return np.frombuffer(text.encode(), np.uint8).astype(np.int32) % 64

class Words:
    dimension, revision = 64, "1"
    def embed(self, texts, *, keep="start", is_query=False, done=None):
        vectors = np.array([np.bincount(tokens(t), minlength=64) for t in texts], np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        log(t.encode() for t in texts)
        none = np.zeros(len(texts), bool)
        return Embedded(vectors, None, none, none)

class Causal:
    width, tokens_fed, settings = 64, 0, {}
    def encode(self, prompts, responses):
        return [
            [Encoded("ok", tokens(said(p)), tokens(said(r))) for r in answers]
            for p, answers in zip(prompts, responses)
        ]
    def states(self, units, done=None):
        log(unit.prompt for unit in units)
        return [self.of(unit) for unit in units]
    def of(self, unit):
        last = [np.bincount(np.append(unit.prompt, r), minlength=64) for r in unit.responses]
        last = np.array(last, np.float32)
        n = np.array([len(r) + 1 for r in unit.responses])
        return UnitStates(last * n[:, None].astype(np.float32), last, n)

shards._SHARD_CHARS = 60
words = EmbedderBackend("words", "", lambda *_: "1", lambda *_: Words(), shard_texts=2)
identity = CausalIdentity("r", "t", "float32", 4096, "separate")
causal = HiddenStatesBackend(
    "causal-lm", "", lambda _: identity, lambda _: ("cpu",), lambda *_: Causal()
)
module = ModuleType("toy")
module.words, module.causal = words, causal
sys.modules["toy"] = module
before = registry._places
more = {"backend": {"words": ("toy", "words"), "causal-lm": ("toy", "causal")}}
registry._places = lambda kind: {**before(kind), **more.get(kind, {})}
if sys.argv[1] == "embeddings":
    pf.embed(model="words", workspace=sys.argv[2])
else:
    steps = [{"stage": "make-pairs"}, {"stage": "score-ches", "params": {"model": "m"}}]
    pf.run(Recipe.model_validate({"name": "score", "steps": steps}), workspace=sys.argv[2])
"""


_ROWS = [
    {"prompt": f"What is {i} and {i}?", "chosen": f"It is {2 * i}.", "rejected": f"Not {i}."}
    for i in range(16)
]


def _command(program: Path, table: str, workspace: Path, log: Path) -> list[str]:
    return [sys.executable, str(program), table, str(workspace), str(log)]


def _n_lines(log: Path) -> int:
    return len(log.read_text().splitlines())


def _files(workspace: Path, table: str) -> list[str]:
    """Return the digests of the data files, which are those of their bytes."""
    state = Catalog.open(workspace).head().state
    return sorted(entry.digest for entry in state.table(table).files)


@pytest.mark.parametrize(("table", "n_lost"), [("embeddings", 2), ("displacements", 2)])
def test_a_model_goes_on_where_it_was_killed(table: str, n_lost: int, tmp_path: Path) -> None:
    """``n_lost`` texts at most are in one shard, which is what a kill costs."""
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(_PROGRAM))
    raw = tmp_path / "rows.jsonl"
    raw.write_text("\n".join(json.dumps(row) for row in _ROWS))
    for name in ("calm", "storm"):
        files = [RawFile(raw, raw.name)]
        ingest(Catalog.create(tmp_path / name), "trl", files, params={"name": "toy"})
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    calm_log, log = tmp_path / "calm.log", tmp_path / "storm.log"
    log.touch()
    subprocess.run(
        _command(program, table, tmp_path / "calm", calm_log),
        env=environment,
        check=True,
        capture_output=True,
    )
    n_texts = _n_lines(calm_log)
    chance = random.Random(_SEED)  # noqa: S311 - moments of a test
    n_killed = 0
    kept = 0
    for attempt in range(_KILLS):
        # Somewhere in this attempt's part of what is left, so that every attempt finds work, and
        # one part is left for the last run.
        most = max((n_texts - kept) // (_KILLS - attempt + 1), 1)
        wanted = _n_lines(log) + chance.randint(1, most)
        child = subprocess.Popen(
            _command(program, table, tmp_path / "storm", log),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while child.poll() is None and _n_lines(log) < wanted:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        n_killed += child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
        catalog = Catalog.open(tmp_path / "storm")
        assert verify(catalog, is_deep=True).problems == ()
        now = catalog.scan(table).collect().height
        assert now >= kept  # What was committed stays.
        kept = now
    subprocess.run(
        _command(program, table, tmp_path / "storm", log),
        env=environment,
        check=True,
        capture_output=True,
    )
    assert n_killed > 0
    assert _files(tmp_path / "storm", table) == _files(tmp_path / "calm", table)
    # A killed run loses the shard that it was at, and nothing else.
    n_computed = _n_lines(log)
    assert n_texts <= n_computed <= n_texts + n_lost * n_killed
    print(f"{n_killed} of {_KILLS} were killed; {n_computed - n_texts} texts twice")  # noqa: T201 - shown by pytest -s
