"""Judge what was measured, and show it as tables of 80 columns."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import median

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Cost
    from benchmarks.suite import Benchmark, Side

__all__ = ["Result", "judge", "machine", "show"]

_GB = 1e9
_WIDTH = 80
_LIBRARIES = ("prefdata", "polars", "pyarrow", "duckdb", "pyiceberg", "datasets")


@dataclass(frozen=True, slots=True)
class Result:
    """A figure against what is wanted of it, or for information."""

    side: str
    figure: str
    value: float
    wanted: float | None

    @property
    def is_met(self) -> bool | None:
        """Whether the figure is at most what is wanted; None without a wish."""
        return None if self.wanted is None else self.value <= self.wanted


def judge(benchmark: Benchmark, costs: dict[str, list[Cost]]) -> list[Result]:
    """Return the ratios of prefdata to each peer, and the figures that have a limit.

    Raises:
        ValueError: If the sides did not do the same work.
    """
    _refuse_other_work(costs)
    ours, *_ = benchmark.sides
    mine = median(costs[ours.name])
    results: list[Result] = []
    for side in benchmark.sides:
        cost = median(costs[side.name])
        results += _limits(side, cost)
        if side.is_peer:
            ratio = mine.cpu_seconds / cost.cpu_seconds
            results.append(Result(side.name, "CPU ratio", ratio, side.max_ratio))
            wall = mine.wall_seconds / cost.wall_seconds
            results.append(Result(side.name, "wall ratio", wall, None))
        if side.max_query_ratio is not None:
            results += _query_ratios(cost.said["seconds"], side.max_query_ratio)
    return results


def _limits(side: Side, cost: Cost) -> list[Result]:
    results = []
    if side.max_seconds is not None:
        results.append(Result(side.name, "wall s", cost.wall_seconds, side.max_seconds))
    if side.max_rss_bytes is not None:
        wanted = side.max_rss_bytes / _GB
        results.append(Result(side.name, "peak GB", cost.rss_bytes / _GB, wanted))
    return results


def _query_ratios(seconds: dict[str, dict[str, float]], wanted: float) -> list[Result]:
    """Return the ratios of the view to its own files, and to those that pyarrow writes."""
    results = []
    for query, mine in seconds["view"].items():
        same, default = seconds["files"][query], seconds["default_files"][query]
        results.append(Result(query, f"{1e3 * mine:.1f} ms / same files", mine / same, wanted))
        results.append(Result(query, "     / pyarrow's layout", mine / default, None))
    return results


def _refuse_other_work(costs: dict[str, list[Cost]]) -> None:
    """Refuse sides that differ in rows or messages: their times compare nothing."""
    for key in ("rows", "messages"):
        said = {name: cost.said[key] for name, (cost, *_) in costs.items() if key in cost.said}
        if len(set(said.values())) > 1:
            message = f"the sides differ in {key}: {said}"
            raise ValueError(message)


def show(benchmark: Benchmark, costs: dict[str, list[Cost]], results: Sequence[Result]) -> None:
    """Print what each side cost, and what was wanted."""
    console = Console(width=_WIDTH, highlight=False)
    rows = next((c.said["rows"] for cs in costs.values() for c in cs if "rows" in c.said), None)
    counted = f", {rows:,} rows" if rows is not None else ""
    table = Table(title=f"{benchmark.title}{counted}; medians", title_justify="left")
    table.add_column("side", width=30)
    for name in ("CPU s", "wall s", "peak GB", "runs"):
        table.add_column(name, justify="right", width=8)
    for name, measured in costs.items():
        cost = median(measured)
        figures = (cost.cpu_seconds, cost.wall_seconds, cost.rss_bytes / _GB)
        table.add_row(name, *(f"{figure:.2f}" for figure in figures), str(len(measured)))
    console.print(table)
    if results:
        console.print(_verdicts(results))


def _verdicts(results: Sequence[Result]) -> Table:
    table = Table()
    table.add_column("figure", width=43)
    for name, width in (("measured", 8), ("wanted", 8), ("met", 4)):
        table.add_column(name, justify="right", width=width)
    for result in results:
        wanted = "" if result.wanted is None else f"≤ {result.wanted:g}"
        met = {True: "yes", False: "NO", None: ""}[result.is_met]
        table.add_row(f"{result.side}, {result.figure}", f"{result.value:.2f}", wanted, met)
    return table


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, load, versions."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }


def _version(library: str) -> str | None:
    """Return the version of a library; None where it is not installed."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None
