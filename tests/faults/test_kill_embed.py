"""kill -9 during `embed`: what was committed stays, the rerun computes only the rest."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

from prefdata.catalog import Catalog
from prefdata.catalog.verify import verify
from prefdata.registry import plugin
from prefdata.runner import ingest
from prefdata.testing.contracts import write_files

if TYPE_CHECKING:
    from pathlib import Path

_KILLS = int(os.environ.get("PREFDATA_KILLS", "4"))
_SEED = int(os.environ.get("PREFDATA_KILL_SEED", "0"))

# The store, the catalog and the command are the real ones. The embedder is a toy, so that a shard
# takes a tenth of a second: it counts the bytes of a text, and logs each text that it is given.
_PROGRAM = """
import sys, time
from types import ModuleType
import numpy as np
from prefdata import registry
from prefdata.protocols import Embedded, EmbedderBackend

class Bytes:
    dimension, revision = 64, "1"
    def embed(self, texts, *, keep="start", is_query=False, done=None):
        time.sleep(0.1)
        codes = [np.frombuffer(text.encode(), np.uint8) % 64 for text in texts]
        counts = [np.bincount(code, minlength=64) for code in codes]
        vectors = np.array(counts, np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        with open(sys.argv[2], "a") as log:
            log.writelines(f"{hash(t)}\\n" for t in texts)
        none = np.zeros(len(texts), bool)
        return Embedded(vectors, None, none, none)

module = ModuleType("toy")
module.bytes = EmbedderBackend("bytes", "", lambda *_: "1", lambda *_: Bytes(), shard_texts=2)
sys.modules["toy"] = module
before = registry._places
more = {"backend": {"bytes": ("toy", "bytes")}}
registry._places = lambda kind: {**before(kind), **more.get(kind, {})}
import prefdata as pf
pf.embed(model="bytes", workspace=sys.argv[1])
"""


def _command(program: Path, workspace: Path, log: Path) -> list[str]:
    return [sys.executable, str(program), str(workspace), str(log)]


def _n_lines(log: Path) -> int:
    return len(log.read_text().splitlines())


def _vectors(workspace: Path) -> list[str]:
    """Return the digests of the data files, which are those of their bytes."""
    state = Catalog.open(workspace).head().state
    return sorted(entry.digest for entry in state.table("embeddings").files)


def test_embed_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(_PROGRAM))
    files = write_files(plugin("source", "hh-rlhf").example, tmp_path / "raw")
    for name in ("calm", "storm"):
        ingest(Catalog.create(tmp_path / name), "hh-rlhf", files)
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    calm_log, log = tmp_path / "calm.log", tmp_path / "storm.log"
    log.touch()
    subprocess.run(
        _command(program, tmp_path / "calm", calm_log),
        env=environment,
        check=True,
        capture_output=True,
    )
    n_texts = _n_lines(calm_log)
    chance = random.Random(_SEED)  # noqa: S311 - moments of a test
    n_killed = 0
    kept = 0
    for attempt in range(_KILLS):
        # Somewhere in this attempt's part of what is left, so that every attempt finds work.
        wanted = _n_lines(log) + chance.randint(1, max((n_texts - kept) // (_KILLS - attempt), 1))
        child = subprocess.Popen(
            _command(program, tmp_path / "storm", log),
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
        now = catalog.scan("embeddings").collect().height
        assert now >= kept  # What was committed stays.
        kept = now
    subprocess.run(
        _command(program, tmp_path / "storm", log), env=environment, check=True, capture_output=True
    )
    assert n_killed > 0
    assert _vectors(tmp_path / "storm") == _vectors(tmp_path / "calm")
    # A killed run loses the shard that it was at, of two texts, and nothing else.
    n_computed = _n_lines(log)
    assert n_texts <= n_computed <= n_texts + 2 * n_killed
    print(f"{n_killed} of {_KILLS} were killed; {n_computed - n_texts} texts twice")  # noqa: T201 - shown by pytest -s
