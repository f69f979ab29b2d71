"""What is measured against what, and which figure is wanted."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.inputs import CACHE, HH_FILE, is_hh_real, prepare
from benchmarks.measure import call, run

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BENCHMARKS", "Benchmark", "Options", "Side"]

_GB = 1e9


@dataclass(frozen=True, slots=True)
class Side:
    """One program of a benchmark, and what is wanted of it."""

    name: str
    command: tuple[str, ...]
    is_peer: bool = False
    max_ratio: float | None = None
    """Of a peer: the greatest CPU time of prefdata as a multiple of the peer's."""
    max_query_ratio: float | None = None
    """Of queries: the greatest time on the view as a multiple of that on its bare files."""
    max_seconds: float | None = None
    """Of prefdata: greatest wall clock."""
    max_rss_bytes: float | None = None
    is_told: bool = True
    """Whether it prints its rows as JSON."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Programs that run in turn; the first is prefdata, the others are its peers."""

    title: str
    sides: tuple[Side, ...]
    rounds: int


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure."""

    scale: float
    """Share of the full size, in ``(0, 1]``."""
    rounds: int
    peers_python: str
    """Interpreter that runs the peers."""

    def peer(self, name: str, *arguments: str) -> tuple[str, ...]:
        """Return the command that runs a peer."""
        return call("peers", name, *arguments, python=self.peers_python)

    def can_import(self, module: str) -> bool:
        """Return whether the interpreter of the peers has a library."""
        code = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
        found = subprocess.run([self.peers_python, "-c", code], check=False, capture_output=True)
        return found.returncode == 0


def _hh(options: Options) -> Benchmark:
    folder = prepare("hh", options.scale)
    file = str(folder / HH_FILE)
    trl = "trl" if options.can_import("trl") else "as trl documents"
    sides = [
        Side(
            "prefdata: all", call("ours", "hh", str(folder), "{scratch}"), max_rss_bytes=1.5 * _GB
        ),
        Side(
            "datasets: split",
            options.peer("hh-datasets", file, "{scratch}"),
            is_peer=True,
            max_ratio=1.0,
        ),
        Side(
            "duckdb: split",
            options.peer("hh-duckdb", file, "{scratch}"),
            is_peer=True,
            max_ratio=4.0,
        ),
        Side(
            f"{trl}: prompts",
            options.peer("hh-trl", file, "{scratch}"),
            is_peer=True,
            max_ratio=0.5,
        ),
    ]
    if options.can_import("distilabel"):
        # 50 rows are its default.
        for batch_rows, wanted in (("50", 0.1), ("1000", None)):
            command = ("peer_distilabel", file, "{scratch}", batch_rows)
            python = options.peers_python
            name = f"distilabel: by {batch_rows} rows"
            sides.append(Side(name, call(*command, python=python), is_peer=True, max_ratio=wanted))
    rows = "real rows, salted" if is_hh_real() else "synthetic rows"
    return Benchmark(f"HH-RLHF, {rows}", tuple(sides), options.rounds)


def _ultrafeedback(options: Options) -> Benchmark:
    folder = prepare("ultrafeedback", options.scale)
    files = [str(path) for path in sorted(folder.glob("*.jsonl"))]
    ours = call("ours", "ingest", "ultrafeedback", str(folder), "{scratch}")
    peer = options.peer("ultrafeedback-datasets", "{scratch}", *files)
    sides = (
        Side("prefdata: ingest", ours),
        Side("datasets: to pairs", peer, is_peer=True, max_ratio=1.0),
    )
    return Benchmark("UltraFeedback, nested", sides, options.rounds)


def _size(source: str, *, is_limited: bool = True) -> Callable[[Options], Benchmark]:
    def make(options: Options) -> Benchmark:
        folder = prepare(source, options.scale)
        side = Side(
            "prefdata: ingest",
            call("ours", "ingest", source, str(folder), "{scratch}"),
            max_seconds=60.0 if is_limited else None,
            max_rss_bytes=2 * _GB if is_limited else None,
        )
        return Benchmark(f"{source}, published size", (side,), options.rounds)

    return make


def _pairs_view(options: Options) -> Benchmark:
    folder = prepare("pairs", options.scale)
    bare = [str(path) for path in sorted((folder / "bare").glob("*.parquet"))]
    command = call("ours", "view", str(folder / "workspace"), *bare)
    side = Side("prefdata and duckdb, in turn", command, max_query_ratio=1.2)
    return Benchmark("SQL over pairs, view and bare Parquet", (side,), options.rounds)


def _startup(options: Options) -> Benchmark:
    prefdata = str(Path(sys.executable).with_name("prefdata"))
    workspace = CACHE / "empty-workspace"
    if not (workspace / "prefdata.toml").is_file():
        run((prefdata, "init", str(workspace)), scratch=CACHE, is_told=False)
    query = (prefdata, "sql", "select 1", "--workspace", str(workspace))
    sides = (
        Side("prefdata --help", (prefdata, "--help"), max_seconds=0.4, is_told=False),
        Side('prefdata sql "select 1"', query, max_seconds=1.0, is_told=False),
    )
    return Benchmark("Start of a command", sides, max(options.rounds, 5))


BENCHMARKS: dict[str, Callable[[Options], Benchmark]] = {
    "hh": _hh,
    "ultrafeedback": _ultrafeedback,
    "prism": _size("prism"),
    "community-alignment": _size("community-alignment"),
    "multipref": _size("multipref", is_limited=False),
    "pairs-view": _pairs_view,
    "startup": _startup,
}
