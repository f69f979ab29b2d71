"""kill -9 while a model votes: the run that goes on asks for what has no answer, and no more."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from prefdata.catalog import Catalog
from prefdata.catalog.verify import verify
from prefdata.core.fingerprint import digest
from prefdata.protocols import RawFile
from prefdata.recipes import load_recipe
from prefdata.runner import ingest, run
from prefdata.testing.chat_server import ChatServer
from prefdata.testing.rule_model import RULES, RuleModel
from prefdata.testing.rule_world import rule_pairs

if TYPE_CHECKING:
    from pathlib import Path

_KILLS = int(os.environ.get("PREFDATA_KILLS", "1"))
_SEED = int(os.environ.get("PREFDATA_KILL_SEED", "0"))
_N = 60
_ON_THE_WAY = 8
"""Requests at once: what a kill may cost."""
_GIVEN = [rule.sentence() for rule in RULES]
_N_REQUESTS = _N * 2 * 2


def _workspace(folder: Path) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rule_pairs(_N, {"apology": -1.0}))))
    ingest(Catalog.create(folder / "w"), "trl", [RawFile(path, path.name)], params={"name": "toy"})
    return folder / "w"


def _command(folder: Path, server: ChatServer) -> list[str]:
    """Return the command that votes, with its recipe in a file."""
    chat = {
        "model": "rules",
        "base_url": server.base_url,
        "server": "scripted",
        "concurrency": _ON_THE_WAY,
    }
    params = {"model": chat, "principles": [], "given": _GIVEN, "per_request": 3}
    steps = ["make-pairs", {"stage": "vote-principles", "params": params}]
    recipe = folder / "vote.yaml"
    recipe.write_text(json.dumps({"name": "vote", "steps": steps}))
    return [sys.executable, "-m", "prefdata", "run", str(recipe), "-w", str(folder / "w")]


def test_no_vote_is_asked_for_again_after_a_kill(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path)
    chance = random.Random(_SEED)  # noqa: S311 - moments of a test
    n_killed, n_answered = 0, 0
    with ChatServer(RuleModel(), latency_seconds=0.03) as server:
        command = _command(tmp_path, server)
        for _ in range(_KILLS):
            wanted = n_answered + chance.randint(20, (_N_REQUESTS - n_answered) // 2)
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while child.poll() is None and server.log.n_answered < wanted:
                time.sleep(0.002)
            n_killed += child.poll() is None
            child.send_signal(signal.SIGKILL)
            child.wait()
            n_answered = server.log.n_answered
            catalog = Catalog.open(workspace)
            assert verify(catalog, is_deep=True).problems == ()
            # Votes are written when all are there; answers are safe before.
            assert catalog.scan("votes").collect().is_empty()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        log = server.log
        n_received = log.n_received
        distinct = {digest([body["messages"], body["seed"]]) for body in log.bodies}
        again = run(Catalog.open(workspace), load_recipe(tmp_path / "vote.yaml"), is_forced=True)
        assert (again.steps[-1].rows_out, log.n_received) == (_N, n_received)
    assert n_killed == _KILLS
    # Each request was answered; only those on their way at a kill may have been sent twice.
    assert len(distinct) == len(log.answered) == _N_REQUESTS
    assert n_received - _N_REQUESTS <= _ON_THE_WAY * n_killed
    votes = Catalog.open(workspace).scan("votes").collect()["votes"]
    assert votes.len() == _N
    assert votes.explode().drop_nulls().is_in([1, 0, -1]).all()
    print(f"{n_killed} killed; {n_received - _N_REQUESTS} of {_N_REQUESTS} requests twice")  # noqa: T201 - shown by pytest -s
