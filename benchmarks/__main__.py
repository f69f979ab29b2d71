"""The benchmarks: ``python -m benchmarks [NAME …]``; see docs/benchmarks.md.

``python -m benchmarks compare`` holds every peer, a loop and the machine itself beside prefdata.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.inputs import CACHE
from benchmarks.measure import run
from benchmarks.report import judge, machine, show
from benchmarks.suite import BENCHMARKS, Benchmark, Options

if TYPE_CHECKING:
    from benchmarks.measure import Cost

_RESULTS = Path(__file__).parent / "suite.json"
_LONG_SECONDS = 120.0  # what takes longer is not repeated


def main() -> None:
    """Measure, show, and save if asked."""
    if sys.argv[1:2] == ["compare"]:
        from benchmarks.compare.__main__ import main as compare

        compare(sys.argv[2:])
        return
    arguments = _arguments()
    available = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, available[: arguments.cores])  # children inherit it
    if arguments.scale < 1:
        print("What is wanted holds for the full size; below it, starting up dominates.")
    options = Options(arguments.scale, arguments.rounds, arguments.peers_python)
    saved: dict[str, Any] = {"scale": arguments.scale, "machine": machine(), "benchmarks": {}}
    for name in arguments.names or BENCHMARKS:
        benchmark = BENCHMARKS[name](options)
        load = os.getloadavg()[0]
        costs = _measure(benchmark)
        results = judge(benchmark, costs)
        show(benchmark, costs, results)
        print(f"load average {load:.1f} before, {os.getloadavg()[0]:.1f} after\n", flush=True)
        saved["benchmarks"][name] = {
            "costs": {side: [dataclasses.asdict(c) for c in cs] for side, cs in costs.items()},
            "results": [{**dataclasses.asdict(r), "is_met": r.is_met} for r in results],
            "load_average": [round(load, 2), round(os.getloadavg()[0], 2)],
        }
    if arguments.save:
        _RESULTS.write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")
        print(f"saved in {_RESULTS}", file=sys.stderr)


def _measure(benchmark: Benchmark) -> dict[str, list[Cost]]:
    """Run all sides in turn, round by round, so that a slow minute hits all of them."""
    costs: dict[str, list[Cost]] = {side.name: [] for side in benchmark.sides}
    for _ in range(benchmark.rounds):
        for side in benchmark.sides:
            before = costs[side.name]
            if not before or before[-1].wall_seconds <= _LONG_SECONDS:
                before.append(run(side.command, scratch=CACHE, is_told=side.is_told))
    return costs


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; or all")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side runs")
    parser.add_argument("--cores", type=int, default=2, help="how many cores may be used")
    parser.add_argument(
        "--peers-python",
        default=os.environ.get("PREFDATA_PEERS_PYTHON", sys.executable),
        help="interpreter that has the peers, such as trl and distilabel",
    )
    parser.add_argument("--save", action="store_true", help=f"write {_RESULTS.name}")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(BENCHMARKS)):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(BENCHMARKS)}")
    return arguments


if __name__ == "__main__":
    main()
