"""Tables of a page: rows of numbers with the titles of their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from prefdata.reports._page.texts import count, score, share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["Column", "Table", "plain_table", "table"]

_WRITERS: dict[str, Callable[[Any], str]] = {
    "count": count,
    "score": score,
    "share": share,
    "text": lambda value: "–" if value is None else str(value),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: which value of a row, under which title, written how."""

    key: str
    title: str
    kind: Literal["count", "score", "share", "text"] = "score"

    @property
    def is_number(self) -> bool:
        """Whether the column stands to the right."""
        return self.kind != "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are written."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


def table(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> Table:
    """Write the values of some rows, by the columns."""
    cells = tuple(
        tuple(_WRITERS[column.kind](row[column.key]) for column in columns) for row in rows
    )
    return Table(tuple(columns), cells)


def plain_table(shown: Table, *, width: int = 80) -> list[str]:
    """Return a table as lines of text of at most so many characters."""
    grid = [[column.title for column in shown.columns], *(list(row) for row in shown.rows)]
    widths = [max(len(row[i]) for row in grid) for i in range(len(shown.columns))]
    lines = [
        "  ".join(
            cell.rjust(widths[i]) if shown.columns[i].is_number else cell.ljust(widths[i])
            for i, cell in enumerate(row)
        ).rstrip()
        for row in grid
    ]
    return [line if len(line) <= width else f"{line[: width - 1]}…" for line in lines]
