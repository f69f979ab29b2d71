"""Both sides in processes of their own, each with a server of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

from benchmarks.measure import ROOT, call, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.measure import Cost

__all__ = ["peer_versions", "run_ours", "run_peer"]

_KEY = "none-is-needed"
_RUN_PEER = "import sys; from inverse_cai.experiment.core import run; run()"
_VERSIONS = """
import json, platform
from importlib.metadata import version
names = ("inverse-cai", "langchain-openai", "openai", "alpaca-eval", "pandas")
print(json.dumps({"python": platform.python_version(), **{n: version(n) for n in names}}))
"""
"""Seconds of a request for the log."""
_PATIENCE = 60.0


@contextlib.contextmanager
def _served(latency: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Serve the rules; yield the address, and what is filled with the log at the end."""
    command = [sys.executable, "-m", "prefdata.testing.chat_server", "--attached"]
    command += ["--reply", "benchmarks.constitution.rules:reply", "--latency", str(latency)]
    log: dict[str, Any] = {}
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        try:
            yield url, log
            address = f"{url.removesuffix('/v1')}/scripted/log"
            with urllib.request.urlopen(address, timeout=_PATIENCE) as answer:  # noqa: S310 - loopback
                log |= json.load(answer)
        finally:
            process.terminate()


def run_peer(
    python: str,
    file: Path,
    principles: Sequence[str],
    *,
    scratch: Path,
    to: Path,
    latency: float = 0.0,
) -> tuple[Cost, dict[str, Any]]:
    """Vote with inverse-cai on given principles, 40 in a request, with three seeds: its defaults.

    Args:
        python: Interpreter that has it.
        file: Pairs as CSV.
        principles: What is voted on; nothing is generated, no annotator is run.
        scratch: Where its temporary files are.
        to: Folder for its results.
        latency: Seconds of an answer.

    Returns:
        What it cost, and the log of the server.
    """
    listed = json.dumps(list(principles))
    options = [
        f"data_path={file}",
        "s0_skip_principle_generation=true",
        f"s0_added_principles_to_test={listed}",
        "annotator.skip=true",
        "alg_model=openai/rule",
        f"hydra.run.dir={to}",
    ]
    with _served(latency) as (url, log):
        os.environ |= {"OPENAI_API_KEY": _KEY, "OPENAI_BASE_URL": url, "OPENAI_API_BASE": url}
        command = (python, "-W", "ignore", "-c", _RUN_PEER, *options)
        cost = run(command, scratch=scratch, is_told=False)
    return cost, log


def run_ours(
    file: Path, *, scratch: Path, to: Path, latency: float = 0.0, params: str = "{}"
) -> tuple[Cost, dict[str, Any]]:
    """Vote with `vote-principles`, 40 in a request, in both orders, and choose with `constitution`.

    Args:
        file: Pairs as JSON lines.
        scratch: Where temporary files are.
        to: The workspace to make.
        latency: Seconds of an answer.
        params: Parameters of `constitution`, as JSON.

    Returns:
        What it cost, and the log of the server.
    """
    with _served(latency) as (url, log):
        os.environ["OPENAI_API_KEY"] = _KEY
        arguments = ("voted", str(file), str(to), url, params)
        cost = run(call("constitution.ours", *arguments), scratch=scratch)
    return cost, log


def peer_versions(python: str) -> dict[str, str]:
    """Return the versions of the peer and of what it stands on."""
    told = subprocess.run([python, "-c", _VERSIONS], check=True, capture_output=True, text=True)
    versions: dict[str, str] = json.loads(told.stdout)
    return versions
