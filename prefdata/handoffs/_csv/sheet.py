"""Sheets with one task a line, and what people wrote into them.

They come back from spreadsheets with other separators, encodings and orders of columns, with rows
sorted or deleted and columns added. What finds a task again is the column ``comparison_id``.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import DataError
from prefdata.handoffs._answers import Answer, Ids, ids_of, moment, person, submitted, unreadable
from prefdata.handoffs._csv.cells import guarded, unguarded
from prefdata.handoffs._scale import is_skip
from prefdata.handoffs._shown import transcript

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from prefdata.handoffs._shown import Asked, Task

__all__ = ["has_answers", "read_sheet", "sheet"]

_TEXTS = ("question", "prompt", "a", "b")
_SENT = ("question", "prompt", "A", "B", "comparison_id", "plan_id")
_NEEDED = ("comparison_id", "choice")
_SEPARATORS = (",", ";", "\t", "|")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_EXCEL_SEPARATOR = re.compile(r"\Asep=(.)\r?\n", re.IGNORECASE)
_LABEL_STUDIO = {"annotation_id", "lead_time"}
_FIX = "Save the sheet as CSV (UTF-8) again, with the columns that it had."
_LIMIT = threading.Lock()


def sheet(tasks: Sequence[Task], vote: int, asked: Asked) -> pl.DataFrame:
    """Return the sheet of one judgment of each task, as texts.

    Args:
        tasks: The tasks.
        vote: Number of the judgment, from 1.
        asked: What is asked.
    """
    frame = pl.DataFrame(
        {
            "question": [task.question for task in tasks],
            "prompt": [transcript(task) for task in tasks],
            "A": [task.first for task in tasks],
            "B": [task.second for task in tasks],
            "choice": [""] * len(tasks),
            **({"confidence": [""] * len(tasks)} if asked.with_confidence else {}),
            **({"comment": [""] * len(tasks)} if asked.with_comment else {}),
            "annotator": [""] * len(tasks),
            "vote": [str(vote)] * len(tasks),
            "comparison_id": [task.comparison_id for task in tasks],
            "plan_id": [task.plan_id for task in tasks],
            "batch": [str(task.batch) for task in tasks],
            "is_swapped": ["true" if task.is_swapped else "false" for task in tasks],
        }
    )
    return frame.with_columns(guarded(pl.col(name)).alias(name) for name in _SENT)


def read_sheet(path: Path, annotator: str | None) -> list[Answer]:
    """Read a sheet that people filled in.

    Args:
        path: The file.
        annotator: Who filled in the lines that name nobody.

    Raises:
        DataError: If it is no CSV, or lacks the columns that answers are in.
    """
    return [
        _answer(row, cells, surplus, annotator) for row, (cells, surplus) in enumerate(_rows(path))
    ]


def has_answers(path: Path) -> bool:
    """Tell whether a file has our columns, and a choice in one of its lines."""
    try:
        return any(cells.get("choice") for cells, _ in _rows(path))
    except DataError:
        return False


def _answer(row: int, cells: dict[str, str], surplus: list[str], fallback: str | None) -> Answer:
    ids = ids_of({name: cells.get(name) or None for name in Ids.__slots__})
    raw = {name: cell for name, cell in cells.items() if name not in _TEXTS and cell}
    if surplus:
        detail = "The line has more cells than the header: a separator stands in a text unquoted."
        return unreadable(row, {**raw, "": surplus}, detail, ids)
    said = cells.get("choice") or None
    at = moment(cells.get("answered_at"))
    answer = Answer(
        row=row,
        status="draft",
        ids=ids,
        version=None if at is None else f"{at.isoformat(timespec='microseconds')}Z",
        annotator=person(cells.get("annotator") or fallback),
        raw_value=said,
        comment=cells.get("comment") or None,
        confidence=cells.get("confidence") or None,
        answered_at=at,
        raw=raw,
    )
    if said is None:
        return replace(answer, detail="Nobody has filled it in.")
    return replace(answer, status="skipped") if is_skip(said) else submitted(answer)


def _rows(path: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Yield the cells of each line by the names of their columns, and cells without a column."""
    text = _text(path)
    found = _EXCEL_SEPARATOR.match(text)
    text = text[found.end() :] if found else text
    header, separator = _header(text, (found[1],) if found else _SEPARATORS, path)
    # Any number of cells is a line: what is missing is empty.
    for line in _lines(text, separator, path):
        cells = dict(zip(header, (unguarded(cell.strip("\x00")) for cell in line), strict=False))
        yield {name: cell.strip() for name, cell in cells.items()}, _filled(line[len(header) :])


def _lines(text: str, separator: str, path: Path) -> list[list[str]]:
    """Return the lines after the header that hold anything."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    with _long_cells():
        try:
            return [line for line in reader if _filled(line)][1:]
        except csv.Error as error:
            raise DataError(
                f"The file is no CSV: {error}.",
                where=f"{path.name}: line {reader.line_num}",
                fix=_FIX,
            ) from error


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let cells be as long as responses are; the limit is one of the whole process."""
    with _LIMIT:
        before = csv.field_size_limit(sys.maxsize)
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _header(text: str, separators: Sequence[str], path: Path) -> tuple[list[str], str]:
    """Return the names of the columns, and what separates them."""
    if not text.strip():
        raise DataError("The file is empty.", where=str(path), fix=_FIX)
    headers = {separator: _names(text, separator) for separator in separators}
    for separator, names in headers.items():
        if set(_NEEDED).issubset(names):
            twice = sorted({name for name in names if name and names.count(name) > 1})
            if twice:
                raise DataError(
                    f"The sheet has several columns {', '.join(twice)}.",
                    where=f"{path.name}: line 1",
                    fix="Keep the one that was filled in, and delete the others.",
                )
            return names, separator
    names = max(headers.values(), key=len)
    if _LABEL_STUDIO.issubset(names):
        raise DataError(
            "This is a CSV of Label Studio, which does not say what was skipped.",
            where=f"{path.name}: line 1",
            fix="Export as JSON from Label Studio.",
        )
    missing = ", ".join(name for name in _NEEDED if name not in names)
    raise DataError(f"The sheet has no column {missing}.", where=f"{path.name}: line 1", fix=_FIX)


def _names(text: str, separator: str) -> list[str]:
    with _long_cells():
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
            line = next((line for line in reader if _filled(line)), [])
        except csv.Error:
            return []
    return ["_".join(unguarded(name).split()).casefold() for name in line]


def _text(path: Path) -> str:
    """Read the file in the encoding that it is in.

    Excel writes UTF-8 with a mark, UTF-16, or the code page of the machine. Ids and choices are
    ASCII in all of these, so a wrong guess of the code page can spoil no more than a comment.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"The file cannot be read: {error.strerror}.", where=str(path), fix=_FIX
        ) from error
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _filled(cells: Sequence[str]) -> list[str]:
    return [cell for cell in cells if cell.strip()]
