"""Spreadsheets: a CSV for each judgment of the tasks, which people fill in and send back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field

from prefdata.handoffs._answers import frame_of
from prefdata.handoffs._csv.readme import readme
from prefdata.handoffs._csv.sheet import has_answers, read_sheet, sheet
from prefdata.handoffs._shown import Asked, tasks_of, write_text
from prefdata.protocols import ANSWERS, Handoff

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Csv", "csv"]


class Csv(Asked):
    """Parameters of `csv`."""

    separator: Literal[",", ";"] = Field(
        default=",",
        description="Between cells. Spreadsheets in countries with a decimal comma expect `;`.",
    )
    annotator: str | None = Field(
        default=None,
        description="Who filled in the lines that name nobody, where one person did all.",
    )


def _write(tasks: pl.DataFrame, folder: Path, params: Csv) -> list[Path]:
    """Write ``sheet-<k>.csv`` for the k-th judgment of each task that asks for as many.

    Several judgments of a task are in several sheets, so that nobody sees what others chose.
    """
    rows = tasks_of(tasks)
    paths = []
    for vote in range(1, max((task.n_votes for task in rows), default=0) + 1):
        asked = [task for task in rows if task.n_votes >= vote]
        path = folder / f"sheet-{vote}.csv"
        # Excel takes UTF-8 for another encoding unless it begins with a mark.
        sheet(asked, vote, params).write_csv(
            path,
            include_bom=True,
            separator=params.separator,
            line_terminator="\r\n",
            quote_style="always",
        )
        paths.append(path)
    if paths:
        paths.append(write_text(folder / "README.md", readme(len(paths), params)))
    return paths


def _read(paths: Sequence[Path], params: Csv) -> pl.DataFrame:
    """Read sheets; one row for each line that holds anything, filled in or not."""
    frames = [frame_of(read_sheet(path, params.annotator), path.name) for path in paths]
    return pl.concat([pl.DataFrame(schema=dict(ANSWERS)), *frames])


csv = Handoff(
    name="csv",
    version=1,
    write=_write,
    read=_read,
    is_answered=has_answers,
    params=Csv,
    summary="Spreadsheets: a CSV for each judgment of the tasks, filled in by hand.",
)
