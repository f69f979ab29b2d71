"""Run a command in a fresh process and say what it cost: CPU, wall clock, memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ROOT", "Cost", "call", "median", "run"]

ROOT = Path(__file__).resolve().parent.parent

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in, in bytes


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process cost, together with the processes that it waited for."""

    wall_seconds: float
    cpu_seconds: float
    """User and system time of all threads."""
    rss_bytes: int
    """Greatest resident memory of any one of the processes."""
    said: dict[str, Any] = field(default_factory=dict)
    """What it printed as JSON: rows, messages, seconds of queries."""


def run(command: Sequence[str], *, scratch: Path, is_told: bool = True) -> Cost:
    """Run one command from the root of the checkout and measure it.

    Args:
        command: Program and arguments; ``{scratch}`` stands for a folder of its own, which is
            removed afterwards, outside the measured time.
        scratch: Where that folder is made; the disk of the inputs.
        is_told: Whether the last line it prints is JSON about itself.

    Raises:
        CalledProcessError: If it fails; its errors are on stderr.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as folder:
        arguments = [part.replace("{scratch}", folder) for part in command]
        environment = {**os.environ, "HF_HOME": f"{folder}/hf", "HF_HUB_OFFLINE": "1"}
        with (Path(folder) / "stdout").open("w+") as out, (Path(folder) / "err").open("w+") as err:
            started = time.perf_counter()
            process = subprocess.Popen(arguments, stdout=out, stderr=err, cwd=ROOT, env=environment)
            # Unlike getrusage of all children, this is the usage of this very child. It begins at
            # the size of the parent, which therefore imports no engine.
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            printed = out.read()
            if process.returncode:
                sys.stderr.write(err.read())
                raise subprocess.CalledProcessError(process.returncode, arguments)
    said = json.loads(printed.splitlines()[-1]) if is_told else {}
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(wall, cpu, usage.ru_maxrss * _RSS_UNIT, said)


def call(module: str, *arguments: str, python: str = sys.executable) -> tuple[str, ...]:
    """Return the command that runs a module of this package.

    Warnings are off, because several peers warn at import.
    """
    return (python, "-W", "ignore", "-m", f"benchmarks.{module}", *arguments)


def median(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure, and of the seconds of each query."""
    said = dict(costs[0].said)
    if "seconds" in said:
        said["seconds"] = {
            on: {q: statistics.median(c.said["seconds"][on][q] for c in costs) for q in queries}
            for on, queries in said["seconds"].items()
        }
    return Cost(
        wall_seconds=statistics.median(c.wall_seconds for c in costs),
        cpu_seconds=statistics.median(c.cpu_seconds for c in costs),
        rss_bytes=int(statistics.median(c.rss_bytes for c in costs)),
        said=said,
    )
