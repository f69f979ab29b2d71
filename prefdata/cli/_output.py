"""How results look: tables that fit the terminal, or JSON lines."""

from __future__ import annotations

import json
import sys
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["heading", "json_lines", "line", "rows", "say", "short", "table"]

_CELL = 400
_NAME = 12
_TEXT = 14


def line(text: str = "") -> None:
    """Print one line as it is, never wrapped."""
    sys.stdout.write(f"{text}\n")


def say(text: str) -> None:
    """Tell something that is no result."""
    sys.stderr.write(f"{text}\n")


def heading(text: str) -> None:
    """Print a heading."""
    from rich.console import Console

    Console(highlight=False).print(f"\n[bold]{text}[/bold]")


def short(text: str, *, indent: int = 0, is_end: bool = False) -> str:
    """Return as much of a text as fits on one line beside an indent: its start, or its end."""
    import shutil

    width = max(shutil.get_terminal_size().columns - indent, 20)
    flat = " ".join(text.split())
    if len(flat) <= width:
        return flat
    return f"…{flat[1 - width :]}" if is_end else f"{flat[: width - 1]}…"


def json_lines(items: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object a line."""
    for item in items:
        line(json.dumps(item, ensure_ascii=False, default=str))


def rows(
    items: Sequence[Mapping[str, Any]], *, as_json: bool = False, empty: str = "nothing"
) -> None:
    """Print records as a table, or as JSON lines."""
    if as_json:
        json_lines(items)
    elif not items:
        say(empty)
    else:
        table(list(items[0]), [list(item.values()) for item in items])


def table(columns: Sequence[str], values: Sequence[Sequence[Any]]) -> None:
    """Print a table that fits the width of the terminal; numbers stand to the right.

    A table that is too wide for it is printed record by record: a cut number would mislead.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[_cell(value) for value in row] for row in values]
    if len(columns) > 1 and _least_width(columns, values, cells) > Console().width:
        _records(columns, cells)
        return
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for i, name in enumerate(columns):
        is_number = all(
            isinstance(row[i], int | float | Decimal) or row[i] is None for row in values
        )
        shown.add_column(
            name,
            justify="right" if is_number and values else "left",
            overflow="fold" if len(columns) == 1 else "ellipsis",
            no_wrap=is_number,
        )
    for row in cells:
        shown.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(shown)


def _least_width(
    columns: Sequence[str], values: Sequence[Sequence[Any]], cells: Sequence[Sequence[str]]
) -> int:
    """Return the width below which names or numbers would be cut, or texts become columns."""
    total = 3 * (len(columns) - 1)
    for i, name in enumerate(columns):
        widest = max((len(row[i]) for row in cells), default=0)
        is_text = any(isinstance(row[i], str | list | dict) for row in values)
        total += max(min(len(name), _NAME), min(widest, _TEXT) if is_text else widest)
    return total


def _records(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    width = max(len(name) for name in columns)
    for number, row in enumerate(cells, start=1):
        line(f"── {number} " + "─" * (width - len(str(number))))
        for name, cell in zip(columns, row, strict=True):
            line(f"{name:<{width}}  {cell}")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    # DuckDB's sums of integers are 128 bits wide, which Arrow hands over as decimals.
    if isinstance(value, int) or (isinstance(value, Decimal) and value == value.to_integral()):
        return f"{int(value):,}"
    if isinstance(value, float | Decimal):
        return f"{value:,.4g}" if abs(float(value)) < 10_000 else f"{value:,.0f}"  # noqa: PLR2004
    if isinstance(value, date):
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split()) if "\n" in text else text
    return text if len(text) <= _CELL else f"{text[:_CELL]}…"
