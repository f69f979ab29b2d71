"""Run the sides of a comparison in turn, and say what a row costs each."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Cost, median

if TYPE_CHECKING:
    from benchmarks.compare.plan import Comparison, Options, Side

__all__ = ["Found", "Measured", "measure"]

_LONG_SECONDS = {True: 15.0, False: 120.0}  # what takes longer is not repeated; quick, or not
_COUNTS = ("rows", "requests", "pairs")


@dataclass(frozen=True, slots=True)
class Found:
    """What one side cost."""

    name: str
    kind: str
    rows: int
    cpu_seconds: float
    """Of the work on all rows, without start-up; for a sample, as many as its own rows."""
    start_seconds: float
    """All other CPU of the process: imports, tables of a new catalog, reading of inputs that is no
    part of the work; 0 for a limit."""
    wall_seconds: float
    rss_bytes: int
    runs: int
    times: float
    """CPU of a row as a multiple of ours; of a limit that is a wall clock, that of ours."""
    said: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """A comparison that was run."""

    title: str
    size: int
    found: tuple[Found, ...]
    left_out: dict[str, str]
    """Sides that did not run, and why."""
    how: dict[str, Any] = field(default_factory=dict)
    """Whether it was quick, the scale, the rounds, and the load of the machine at the end."""


def measure(comparison: Comparison, options: Options) -> Measured:
    """Run each side once on a small input, then all in turn, round by round.

    The first run tells what starting costs, and warms caches of files.

    Raises:
        ValueError: If sides that should have done the same did not, or prefdata failed.
    """
    sizes = comparison.sizes
    size = sizes.quick if options.is_quick else sizes.full
    size = max(round(size * options.scale), 2 * sizes.start)
    longest = _LONG_SECONDS[options.is_quick]
    left_out: dict[str, str] = {}
    starts: dict[str, Cost] = {}
    runs: dict[str, list[Cost]] = {}
    small, large = comparison.make(sizes.start), comparison.make(size)
    for side in comparison.sides:
        if not options.can_run(side):
            left_out[side.name] = f"needs {' in '.join(reversed(side.needs or ()))}"
            continue
        try:
            starts[side.name] = side.run(small, sizes.start)
            runs[side.name] = []
        except subprocess.CalledProcessError as error:
            left_out[side.name] = f"failed: {error}"
    for _ in range(options.rounds):
        for side in comparison.sides:
            before = runs.get(side.name)
            if before is None or (before and before[-1].wall_seconds > longest):
                continue
            try:
                before.append(side.run(large, size))
                _tell(f"  {side.name}: {before[-1].wall_seconds:.1f} s")
            except subprocess.CalledProcessError as error:
                left_out[side.name] = f"failed: {error}"
                del runs[side.name]
    ours, *_ = comparison.sides
    if ours.name not in runs:
        message = f"{comparison.title}: {ours.name} {left_out[ours.name]}"
        raise ValueError(message)
    _refuse_other_work(comparison, runs)
    how = {name: getattr(options, name) for name in ("is_quick", "scale", "rounds")}
    how["load_average"] = round(os.getloadavg()[0], 1)
    return Measured(comparison.title, size, _found(comparison, starts, runs), left_out, how)


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def _rows(cost: Cost) -> int:
    said = cost.said
    if "distinct" in said:
        return int(said["distinct"]) + int(said["spare"])
    return next((int(said[name]) for name in _COUNTS if name in said), 0)


def _found(
    comparison: Comparison, starts: dict[str, Cost], runs: dict[str, list[Cost]]
) -> tuple[Found, ...]:
    ours, *_ = comparison.sides
    n_rows = _rows(runs[ours.name][0])
    raw = {
        side.name: _figures(side, starts[side.name], runs[side.name], n_rows)
        for side in comparison.sides
        if side.name in runs
    }
    mine, mine_wall = raw[ours.name]["cpu"] / raw[ours.name]["rows"], raw[ours.name]["wall"]
    kinds = {side.name: side.kind for side in comparison.sides}
    return tuple(
        Found(
            name=name,
            kind=kinds[name],
            rows=int(one["rows"]),
            cpu_seconds=one["cpu"],
            start_seconds=one["start"],
            wall_seconds=one["wall"],
            rss_bytes=int(one["rss"]),
            runs=len(runs[name]),
            times=one["wall"] / mine_wall if one["is_wall"] else one["cpu"] / one["rows"] / mine,
            said=runs[name][0].said,
        )
        for name, one in raw.items()
    )


def _figures(side: Side, start: Cost, costs: list[Cost], n_rows: int) -> dict[str, float]:
    """Return the seconds of the work alone, by what a side says, or by two sizes of input."""
    cost = median(costs)
    rows = _rows(cost) or n_rows
    if side.seconds:
        first, *others = side.seconds
        spent = [c.said[first] - sum(c.said[other] for other in others) for c in costs]
        cpu = statistics.median(spent)
    else:
        more = rows - (_rows(start) or 0)
        a_row = (cost.cpu_seconds - start.cpu_seconds) / more
        cpu = max(a_row, 1e-9) * rows
    is_limit = side.kind == "limit"
    walls = [c.said.get("wall_seconds", c.wall_seconds) for c in costs]
    return {
        "rows": rows,
        "cpu": cpu,
        "start": 0.0 if is_limit else max(cost.cpu_seconds - cpu, 0.0),
        "wall": statistics.median(walls),
        "rss": cost.rss_bytes,
        "is_wall": is_limit and bool(cost.said.get("is_wall")),
    }


def _refuse_other_work(comparison: Comparison, runs: dict[str, list[Cost]]) -> None:
    """Refuse sides that differ in what should be alike: their times compare nothing."""
    kinds = {side.name: side for side in comparison.sides}
    whole = [n for n in runs if kinds[n].kind != "limit" and not kinds[n].is_sample]
    groups = {"rows": whole, **comparison.same}
    for key, names in groups.items():
        said = {
            name: _rows(runs[name][0]) if key == "rows" else runs[name][0].said[key]
            for name in names
            if name in runs
        }
        if any(value != next(iter(said.values())) for value in said.values()):
            message = f"{comparison.title}: the sides differ in {key}: {said}"
            raise ValueError(message)
