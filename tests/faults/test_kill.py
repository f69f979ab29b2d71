"""kill -9 at any moment: the catalog opens at a committed snapshot, and the rerun finishes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from prefdata.catalog import Catalog
from prefdata.catalog.verify import verify
from prefdata.testing.world import WorldSpec, write_world

if TYPE_CHECKING:
    from pathlib import Path

# The short version, in CI, is test_kill_anywhere, whose points are reproducible.
pytestmark = pytest.mark.fault

_KILLS = int(os.environ.get("PREFDATA_KILLS", "2"))
_SEED = int(os.environ.get("PREFDATA_KILL_SEED", "0"))
_SCALE = 0.02


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    write_world(folder, WorldSpec(seed=1, scale=_SCALE, sources=("hh-rlhf",)))
    return folder / "hh-rlhf"


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "prefdata", *words]


def _finish(words: list[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return time.perf_counter() - started


def _killed(words: list[str], after_seconds: float) -> bool:
    """Start a command, kill it after a while; return False if it was done before."""
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        child.wait(after_seconds)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
        child.wait()
        return True
    return False


def _assert_whole(workspace: Path, allowed: set[str]) -> None:
    catalog = Catalog.open(workspace)
    assert catalog.head().name in allowed
    assert verify(catalog, is_deep=True).problems == ()


def test_ingest_and_run_survive_kills_at_random_moments(raw: Path, tmp_path: Path) -> None:
    # The undisturbed run says what every disturbed one must arrive at.
    calm = tmp_path / "calm"
    empty = Catalog.create(calm).head().name
    ingest = _command("ingest", "hh-rlhf", "--from", str(raw), "-w")
    clean = _command("run", "clean", "-w")
    ingest_seconds = _finish([*ingest, str(calm)])
    ingested = Catalog.open(calm).head().name
    clean_seconds = _finish([*clean, str(calm)])
    cleaned = Catalog.open(calm).head().name
    assert len({empty, ingested, cleaned}) == 3

    chance = random.Random(_SEED)  # noqa: S311 - moments of a test
    workspace = tmp_path / "storm"
    Catalog.create(workspace)
    n_killed = 0
    for _ in range(_KILLS):
        n_killed += _killed([*ingest, str(workspace)], chance.uniform(0.2, 1) * ingest_seconds)
        _assert_whole(workspace, {empty, ingested})
    _finish([*ingest, str(workspace)])
    assert Catalog.open(workspace).head().name == ingested
    for _ in range(_KILLS):
        n_killed += _killed([*clean, str(workspace)], chance.uniform(0.2, 1) * clean_seconds)
        _assert_whole(workspace, {ingested, cleaned})
    _finish([*clean, str(workspace)])
    assert Catalog.open(workspace).head().name == cleaned
    assert n_killed >= _KILLS
    print(f"{n_killed} of {2 * _KILLS} were killed")  # noqa: T201 - shown by pytest -s
    exported, again = (
        [path.read_bytes() for path in sorted((folder / "exports" / "clean-trl").iterdir())]
        for folder in (calm, workspace)
    )
    assert exported == again
