"""The results as tables of 80 columns, and as a section of docs/benchmarks.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.compare.reasons import beaten

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.compare.measured import Found, Measured

__all__ = ["into", "markdown", "show", "summary"]

_WIDTH = 80
_GB = 1e9
_BEGIN, _END = "<!-- compare: begin -->", "<!-- compare: end -->"
_STYLES = {"ours": "bold", "peer": "", "naive": "italic", "limit": "dim"}
_FEW = 10
_MANY = 100


def _times(value: float) -> str:
    """Write a ratio with the digits that mean something."""
    if value >= _MANY:
        return f"{value:,.0f} ×"
    return f"{value:.1f} ×" if value >= _FEW else f"{value:.2g} ×"


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"  # noqa: PLR2004


def _rate(found: Found) -> str:
    return f"{found.said['rate']:,} {found.said['unit']}" if "rate" in found.said else ""


def show(name: str, measured: Measured) -> None:
    """Print the table of a comparison."""
    console = Console(width=_WIDTH, highlight=False)
    rows = measured.found[0].rows
    table = Table(
        title=f"{name}: {measured.title}, {rows:,} rows",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("side", width=32)
    for column in ("CPU s", "start s", "wall s", "peak GB", "× ours"):
        table.add_column(column, justify="right", width=8)
    for found in measured.found:
        figures = (
            _seconds(found.cpu_seconds),
            _seconds(found.start_seconds) if found.kind != "limit" else "",
            _seconds(found.wall_seconds),
            f"{found.rss_bytes / _GB:.2f}" if found.kind != "limit" else "",
            _times(found.times).removesuffix(" ×"),
        )
        sampled = f" ({found.rows:,} rows)" if found.rows != rows else ""
        table.add_row(found.name + sampled, *figures, style=_STYLES[found.kind])
    console.print(table)
    for found in measured.found:
        if rate := _rate(found):
            console.print(f"limit: {found.name}, {rate}")
    for side, why in measured.left_out.items():
        console.print(f"left out: {side}, {why}")
    for found, reason in beaten(name, measured):
        console.print(f"cheaper than prefdata: {found.name}: {reason or 'NO REASON IS KNOWN'}")
    console.print()


def summary(results: Mapping[str, Measured]) -> None:
    """Print a table of all comparisons: the cheapest peer, the loop and the limit, times ours."""
    console = Console(width=_WIDTH, highlight=False)
    table = Table(
        title="CPU of a row as a multiple of prefdata's",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("comparison", width=27)
    for column in ("best peer", "other peers", "loop", "limit"):
        table.add_column(column, justify="right", width=12)
    for measured in results.values():
        table.add_row(measured.title, *_cells(measured))
    console.print(table)


def _cells(measured: Measured) -> tuple[str, str, str, str]:
    def of(kind: str) -> list[float]:
        return sorted(found.times for found in measured.found if found.kind == kind)

    first, *others = [_times(value) for value in of("peer")] or ["–"]
    more = f"… {others[-1]}" if others else "–"
    loop = next((_times(value) for value in of("naive")), "–")
    return first, more, loop, next((_times(value) for value in of("limit")), "–")


def markdown(
    results: Mapping[str, Measured],
    about: Mapping[str, Any],
    versions: Mapping[str, Mapping[str, str]],
    picture: str,
) -> str:
    """Return the section of the documentation.

    Args:
        results: Comparisons by name.
        about: The machine.
        versions: Of libraries, by environment.
        picture: Path of the plot, as the page links it.
    """
    where = f"{about['processor']}, {about['cores']} cores, {about['memory_gib']} GiB"
    lines = [
        f"{where}, {about['system']}. Versions are at the end.",
        "",
        f"![The CPU of each side as a multiple of prefdata's]({picture})",
        "",
    ]
    for name, measured in results.items():
        lines += [*_table(name, measured), ""]
    lines += ["Versions:", ""]
    for environment, found in versions.items():
        listed = ", ".join(f"{library} {version}" for library, version in found.items())
        lines.append(f"- `{environment}`: {listed}")
    return "\n".join(lines) + "\n"


def _table(name: str, measured: Measured) -> list[str]:
    rows = measured.found[0].rows
    lines = [
        f"### `{name}`: {measured.title}, {rows:,} rows",
        "",
        _how(measured),
        "",
        "| Side | | CPU s | start s | wall s | peak GB | × ours |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for found in measured.found:
        is_limit = found.kind == "limit"
        cells = (
            found.name,
            _rate(found) or (f"{found.rows:,} rows" if found.rows != rows else found.kind),
            _seconds(found.cpu_seconds),
            "" if is_limit else _seconds(found.start_seconds),
            _seconds(found.wall_seconds),
            "" if is_limit else f"{found.rss_bytes / _GB:.2f}",
            _times(found.times),
        )
        lines.append(f"| {' | '.join(cells)} |")
    for found, reason in beaten(name, measured):
        said = reason or "no reason is known"
        lines += ["", f"**{found.name}** costs less ({_times(found.times)}): {said}."]
    for side, why in measured.left_out.items():
        lines += ["", f"Left out: {side} ({why})."]
    return lines


def _how(measured: Measured) -> str:
    how = measured.how
    size = "`--quick`" if how["is_quick"] else "full size"
    scaled = f", scale {how['scale']:g}" if how["scale"] != 1 else ""
    rounds = "one round" if how["rounds"] == 1 else f"medians of {how['rounds']} rounds"
    return f"{size}{scaled}, {rounds}; load {how['load_average']}".capitalize() + "."


def into(page: Path, section: str) -> None:
    """Put the section between the marks of a page.

    Raises:
        ValueError: If the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    before, begun, rest = text.partition(_BEGIN)
    _, ended, after = rest.partition(_END)
    if not begun or not ended:
        message = f"{page} has no {_BEGIN} … {_END}"
        raise ValueError(message)
    page.write_text(f"{before}{_BEGIN}\n\n{section}\n{_END}{after}", encoding="utf-8")
