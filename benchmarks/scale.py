"""A world of millions of pairs, from raw files to a published dataset, on one machine.

    python -m benchmarks.scale --folder FOLDER 1M 15M

Each step is a command of its own, in a fresh process: its wall clock, CPU time, greatest resident
memory and what it spilled are measured, and the cost of a million pairs is compared from one size
to the next. Raw files of a source are removed once it is ingested, to save disk. Results are kept
in ``FOLDER/results.json``, so a run that was interrupted goes on with the step it was at.

Linear work costs the same for a million pairs at every size; more than 1.2 times as much is marked.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__: list[str] = []

_SOURCES = ("hh-rlhf", "ultrafeedback", "prism", "community-alignment", "multipref")
_MAX_GROWTH = 1.2
_MAX_BYTES = 8e9
_PAIRS_OF = """
  - stage: make-pairs
    params: {rule: auto}
    per_source:
      prism: {rule: ratings, tie_band: 5}
      ultrafeedback: {rule: ratings, ratings_from: mean-aspects}
      multipref: {rule: labels, aspect: overall}
"""
_RECIPES = {
    "flag-quality": "\n  - flag-quality\n",
    "make-pairs": _PAIRS_OF,
    "dedup prompts": "\n  - stage: dedup\n    params: {subject: prompts, method: near}\n",
    "dedup pairs": "\n  - stage: dedup\n    name: dedup-pairs\n"
    "    params: {subject: pairs, method: exact}\n",
    "split": "\n  - stage: split-by-prompt\n    params: {clusters_from: dedup}\n",
    "select": "\n  - stage: select-pairs\n"
    "    params: {flags_from: [ingest, flag-quality, dedup-pairs], "
    "also_exclude: [exact-duplicate]}\n",
}
_QUERIES = {
    "group pairs": "SELECT source, aspect, count(*), avg(margin) FROM pairs "
    "GROUP BY ALL ORDER BY 1, 2",
    "why out": "SELECT reason, count(*) FROM decisions GROUP BY ALL ORDER BY 2 DESC, 1",
    # The lengths are taken before the joins, as docs/scaling.md tells; after them, the joins carry
    # all texts.
    "length and choice": "WITH sizes AS (SELECT response_id, length(text) AS n FROM responses) "
    "SELECT p.source, avg((c.n > r.n)::INT) FROM pairs p "
    "JOIN sizes c ON c.response_id = p.chosen_id "
    "JOIN sizes r ON r.response_id = p.rejected_id GROUP BY 1 ORDER BY 1",
    "length and choice, texts joined": "SELECT p.source, "
    "avg((length(c.text) > length(r.text))::INT) FROM pairs p "
    "JOIN responses c ON c.response_id = p.chosen_id "
    "JOIN responses r ON r.response_id = p.rejected_id GROUP BY 1 ORDER BY 1",
    "words": "SELECT source, count(*) FROM responses WHERE text ILIKE '%garden%' "
    "GROUP BY 1 ORDER BY 1",
}


@dataclass(frozen=True, slots=True)
class Step:
    """What one command cost."""

    name: str
    wall_seconds: float
    cpu_seconds: float
    rss_bytes: int
    spill_bytes: int
    disk_bytes: int
    """Of the workspace, afterwards."""


def _number(text: str) -> int:
    units = {"k": 1_000, "m": 1_000_000}
    digits = text.replace("_", "").lower()
    return int(float(digits.rstrip("km")) * units.get(digits[-1], 1))


def _size(folder: Path) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(path, name).stat().st_size
            except FileNotFoundError:  # removed meanwhile
                continue
    return total


@contextmanager
def _spill_of(workspace: Path) -> Iterator[list[int]]:
    """Watch how large the scratch folder of a workspace grows."""
    most, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            most[0] = max(most[0], _size(workspace / ".scratch"))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


class Bench:
    """One size: its folder, its workspace, and the steps that are done."""

    def __init__(self, folder: Path, n_pairs: int, *, engine: str) -> None:
        """Read what an earlier run did."""
        from prefdata.testing.world import scale_of_pairs

        self._scale = scale_of_pairs(n_pairs)
        self.n_pairs = n_pairs
        self.folder = folder / f"{n_pairs}"
        self.workspace = self.folder / "workspace"
        self._engine = engine
        self._file = folder / "results.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        known = json.loads(self._file.read_text()) if self._file.is_file() else {}
        self.steps = {name: Step(**step) for name, step in known.get(str(n_pairs), {}).items()}

    def _keep(self) -> None:
        known = json.loads(self._file.read_text()) if self._file.is_file() else {}
        known[str(self.n_pairs)] = {name: asdict(step) for name, step in self.steps.items()}
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(known, indent=1) + "\n")
        part.replace(self._file)

    def run(self, name: str, *words: str, environment: dict[str, str] | None = None) -> None:
        """Run one command of prefdata and keep its cost.

        Raises:
            SystemExit: If it fails; what it said is shown.
        """
        if name in self.steps:
            return
        command = [sys.executable, "-m", "prefdata", *words]
        log = self.folder / f"{name.replace(' ', '-')}.log"
        with log.open("w") as out, _spill_of(self.workspace) as spill:
            started = time.perf_counter()
            child = subprocess.Popen(
                command, stdout=out, stderr=out, env={**os.environ, **(environment or {})}
            )
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{name} failed ({child.returncode}):\n{log.read_text()[-4000:]}")
        cpu = usage.ru_utime + usage.ru_stime
        disk = _size(self.workspace)
        self.steps[name] = Step(name, wall, cpu, usage.ru_maxrss * 1024, spill[0], disk)
        self._keep()
        print(
            f"{self.n_pairs:>12,}  {name:<24} {wall:>8.1f} s  {cpu:>8.1f} CPU-s  "
            f"{usage.ru_maxrss / 1e6:>5.2f} GB  spill {spill[0] / 1e9:>5.2f} GB",
            flush=True,
        )

    def ingest(self) -> None:
        """Write and ingest one source after the other."""
        place = str(self.workspace)
        if not (self.workspace / "prefdata.toml").is_file():
            subprocess.run([sys.executable, "-m", "prefdata", "init", place], check=True)
        for source in _SOURCES:
            raw = self.folder / "raw"
            if f"ingest {source}" not in self.steps:
                self.steps.pop(f"synth {source}", None)
            self.run(
                f"synth {source}", "synth", str(raw), "--scale", f"{self._scale:.4f}",
                "--source", source,
            )  # fmt: skip
            self.run(f"ingest {source}", "ingest", source, "--from", str(raw / source), "-w", place)
            shutil.rmtree(raw, ignore_errors=True)

    def recipes(self) -> None:
        """Run the steps of the pipelines, each as a recipe of its own."""
        for name, steps in _RECIPES.items():
            recipe = self.folder / f"{name.replace(' ', '-')}.yaml"
            # The name of a step decides what a later recipe may read, so nothing else is named.
            recipe.write_text(f"name: scale\ndescription: One step.\nseed: 0\nsteps:{steps}")
            engine = () if self._engine == "local" else ("--engine", self._engine)
            self.run(name, "run", str(recipe), "-w", str(self.workspace), *engine)

    def queries(self) -> None:
        """Query the catalog."""
        for name, query in _QUERIES.items():
            self.run(f"sql: {name}", "sql", query, "-w", str(self.workspace))

    def exports(self) -> None:
        """Write the pairs for a trainer."""
        exported = self.folder / "exported"
        self.run(
            "export trl", "export", "--as", "trl", "-w", str(self.workspace), str(exported),
            "--decisions", "select-pairs", "--splits", "split-by-prompt",
        )  # fmt: skip
        shutil.rmtree(exported, ignore_errors=True)

    def publishes(self) -> None:
        """Stage, check and send the dataset to a hub on this machine."""
        if "publish" in self.steps:
            return
        command = [sys.executable, "-m", "prefdata.testing.hub_server", "--token", "hf_scale:us"]
        # Its large files go beside the workspace, not to a small /tmp.
        environment = {**os.environ, "TMPDIR": str(self.folder)}
        hub = subprocess.Popen(
            [*command, "--attached"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        try:
            assert hub.stdout is not None
            address = hub.stdout.readline().split()[-1]
            self.run(
                "publish", "publish", "publish", "us/pairs", "--set", "title=Pairs", "--set",
                "license=CC-BY-NC-4.0", "--private", "-w", str(self.workspace),
                # The hub of the tests takes large files by LFS unless it is told otherwise.
                environment={
                    "HF_ENDPOINT": address, "HF_TOKEN": "hf_scale", "HF_HUB_DISABLE_XET": "1",
                    "HF_HOME": str(self.folder / "hub"),
                },
            )  # fmt: skip
        finally:
            hub.kill()
            hub.wait()
        shutil.rmtree(self.folder / "hub", ignore_errors=True)
        shutil.rmtree(self.workspace / "publication", ignore_errors=True)


def _show(sizes: Sequence[Bench]) -> None:
    """Print what a million pairs cost, and how that grows."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="CPU seconds for a million pairs, peak GB, spilled GB")
    table.add_column("step")
    for bench in sizes:
        table.add_column(f"{bench.n_pairs / 1e6:g} M", justify="right")
    table.add_column("growth", justify="right")
    first, last = sizes[0], sizes[-1]
    for name in [name for name in first.steps if name in last.steps]:
        cells = []
        for bench in sizes:
            step = bench.steps.get(name)
            cells.append(_cell(step, bench.n_pairs) if step else "")
        growth = _per_million(last, name) / _per_million(first, name)
        table.add_row(name, *cells, f"{growth:.2f}{'' if growth <= _MAX_GROWTH else ' NO'}")
    for title, names in _totals(first).items():
        costs = [sum(_per_million(b, n) for n in names if n in b.steps) for b in sizes]
        growth = costs[-1] / costs[0]
        mark = "" if growth <= _MAX_GROWTH else " NO"
        table.add_row(f"[b]{title}", *(f"{c:.1f}" for c in costs), f"{growth:.2f}{mark}")
    Console(width=80 if not sys.stdout.isatty() else None).print(table)
    peak = max(step.rss_bytes for bench in sizes for step in bench.steps.values())
    print(f"greatest resident memory: {peak / 1e9:.2f} GB" + (" NO" if peak > _MAX_BYTES else ""))


def _totals(bench: Bench) -> dict[str, list[str]]:
    return {
        "ingest": [name for name in bench.steps if name.startswith("ingest")],
        "all but synth": [name for name in bench.steps if not name.startswith("synth")],
    }


def _per_million(bench: Bench, name: str) -> float:
    return bench.steps[name].cpu_seconds / bench.n_pairs * 1e6


def _cell(step: Step, n_pairs: int) -> str:
    spill = f" +{step.spill_bytes / 1e9:.1f}" if step.spill_bytes > 1e7 else ""  # noqa: PLR2004
    return f"{step.cpu_seconds / n_pairs * 1e6:.1f}s {step.rss_bytes / 1e9:.1f}{spill}"


def main() -> None:
    """Measure all sizes, the smallest first, and show them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("sizes", nargs="+", type=_number, help="pairs, such as 1M 15M")
    parser.add_argument("--folder", type=Path, required=True, help="where there is room")
    parser.add_argument("--engine", default="local")
    parser.add_argument("--skip", action="append", default=[], help="a part, such as publishes")
    given = parser.parse_args()
    sizes = [Bench(given.folder, n, engine=given.engine) for n in sorted(given.sizes)]
    for bench in sizes:
        for part in ("ingest", "recipes", "queries", "exports", "publishes"):
            if part not in given.skip:
                getattr(bench, part)()
    _show(sizes)


if __name__ == "__main__":
    main()
