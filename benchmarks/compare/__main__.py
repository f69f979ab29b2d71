"""All comparisons in one run: ``python -m benchmarks compare``; see docs/benchmarks.md."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.compare.machine import machine, versions
from benchmarks.compare.measured import Found, Measured, measure
from benchmarks.compare.plan import PEERS, Options
from benchmarks.compare.plot import plot
from benchmarks.compare.reasons import unexplained
from benchmarks.compare.tables import into, markdown, show, summary
from benchmarks.compare.tasks import COMPARISONS
from benchmarks.measure import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_RESULTS = ROOT / "benchmarks" / "results.json"
_PAGE = ROOT / "docs" / "benchmarks.md"
_PICTURE = ROOT / "docs" / "benchmarks.png"
# One thread in BLAS and OpenMP: two that wait for each other on a busy machine burn CPU time.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "0"}


def main(given: Sequence[str]) -> None:
    """Measure, show, and save if asked.

    Args:
        given: Arguments of the command.
    """
    arguments = _arguments(given)
    if arguments.saved:
        _write(*_read())
        return
    os.environ.update(_ENVIRONMENT)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.cores])
    options = Options(
        arguments.quick, arguments.scale, arguments.rounds, dict(arguments.peers_python)
    )
    about, found = machine(), versions(options)
    results: dict[str, Measured] = {}
    failed: dict[str, str] = {}
    names = [name for name in arguments.names if name != "all"] or list(COMPARISONS)
    for name in names:
        began = time.perf_counter()
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            results[name] = measure(COMPARISONS[name](options), options)
        except ValueError as error:  # the others are still worth having
            failed[name] = str(error)
            print(f"{name} FAILED: {error}", flush=True)
            continue
        show(name, results[name])
        if arguments.save:  # each as it is done, since all of them take long
            _save({name: results[name]}, about, found)
        print(f"  {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    summary(results)
    if arguments.save:
        _write(*_read())
    if failed:
        sys.exit(f"failed: {failed}")
    if missing := [f"{n}: {s}" for n, m in results.items() for s in unexplained(n, m)]:
        sys.exit(f"cheaper than prefdata, and benchmarks/compare/reasons.py has no why: {missing}")


def _save(
    results: dict[str, Measured], about: dict[str, object], found: dict[str, dict[str, str]]
) -> None:
    """Write results; of comparisons that are not among them, what was saved before stays."""
    older = _read()[0] if _RESULTS.is_file() else {}
    merged = {name: m for name in COMPARISONS if (m := results.get(name) or older.get(name))}
    said = {name: dataclasses.asdict(measured) for name, measured in merged.items()}
    saved = {"machine": about, "versions": found, "comparisons": said}
    _RESULTS.write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")


def _write(
    results: dict[str, Measured],
    about: dict[str, object],
    found: dict[str, dict[str, str]],
) -> None:
    """Draw the plot and write the section of the page."""
    plot(results, _PICTURE)
    into(_PAGE, markdown(results, about, found, _PICTURE.name))
    names = ", ".join(str(path.relative_to(ROOT)) for path in (_RESULTS, _PAGE, _PICTURE))
    print(f"saved in {names}", file=sys.stderr)


def _read() -> tuple[dict[str, Measured], dict[str, object], dict[str, dict[str, str]]]:
    """Read what an earlier run saved."""
    saved = json.loads(_RESULTS.read_text(encoding="utf-8"))
    results = {
        name: Measured(**{**one, "found": tuple(Found(**side) for side in one["found"])})
        for name, one in saved["comparisons"].items()
    }
    return results, saved["machine"], saved["versions"]


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks compare", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"all, or: {', '.join(COMPARISONS)}"
    )
    parser.add_argument("--quick", action="store_true", help="smaller inputs, two rounds")
    parser.add_argument("--scale", type=float, default=1.0, help="share of these sizes")
    parser.add_argument("--rounds", type=int, help="how often each side runs: 3; quick: 2")
    parser.add_argument("--cores", type=int, default=2, help="how many cores may be used")
    parser.add_argument(
        "--peers-python",
        action="append",
        default=[],
        type=_named,
        metavar="[NAME=]PATH",
        help=f"interpreter of an environment of peers ({', '.join(PEERS)}), or of all; "
        "else .venv-peers/NAME, which `make bench-peers` makes",
    )
    parser.add_argument("--save", action="store_true", help="write results, page and plot")
    parser.add_argument("--saved", action="store_true", help="page and plot of the saved results")
    arguments = parser.parse_args(given)
    arguments.rounds = arguments.rounds or (2 if arguments.quick else 3)
    if unknown := sorted(set(arguments.names) - {"all", *COMPARISONS}):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(COMPARISONS)}")
    return arguments


def _named(text: str) -> tuple[str, str]:
    name, is_named, path = text.rpartition("=")
    if is_named and name not in PEERS:
        raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(PEERS)}")
    return name, path


if __name__ == "__main__":
    main(sys.argv[1:])
