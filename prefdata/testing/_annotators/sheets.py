"""Sheets that people filled in, as Excel saves them where commas are in numbers."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.handoffs._csv.cells import unguarded
from prefdata.testing._annotators.votes import IDS, time_of, word_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefdata.testing._annotators.votes import ScriptedVote

__all__ = ["export", "tasks_in"]


def _lines(folder: Path) -> list[dict[str, str]]:
    lines = []
    for path in sorted(folder.glob("sheet-*.csv")):
        separator = ";" if b'";"' in path.read_bytes() else ","
        frame = pl.read_csv(path, separator=separator, infer_schema=False)
        lines += frame.fill_null("").to_dicts()
    return lines


def tasks_in(folder: Path) -> list[dict[str, Any]]:
    """Return the tasks that were handed off, as a person reads them who knows the apostrophe."""
    first: dict[str, dict[str, Any]] = {}
    for line in _lines(folder):
        text = {name: unguarded(cell) for name, cell in line.items()}
        ids = {**text, "is_swapped": text["is_swapped"] == "true"}
        first.setdefault(text["comparison_id"], {**ids, "first": text["A"], "second": text["B"]})
    return list(first.values())


def export(tasks: Sequence[dict[str, Any]], votes: Sequence[ScriptedVote], path: Path) -> Path:
    """Write a sheet as Excel does with a decimal comma: semicolons, and columns moved about.

    Lines that nobody filled in stand at the end.
    """
    by_id = {task["comparison_id"]: task for task in tasks}
    names = ["annotator", "choice", "comment", "answered_at", *IDS, "question", "A", "B"]
    lines = [
        {
            **_texts(by_id[vote.comparison_id]),
            "annotator": vote.annotator,
            "choice": _cell(vote),
            "comment": vote.comment or "",
            "answered_at": time_of(vote, place),
        }
        for place, vote in enumerate(votes)
    ]
    answered = {vote.comparison_id for vote in votes}
    lines += [_texts(task) for name, task in by_id.items() if name not in answered]
    target = path.with_suffix(".csv")
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, names, restval="", delimiter=";", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
    return target


def _cell(vote: ScriptedVote) -> str:
    if vote.status == "submitted":
        return word_of(vote) or ""
    return "" if vote.status == "draft" else "skip"


def _texts(task: dict[str, Any]) -> dict[str, Any]:
    # Excel writes truths in capitals.
    swapped = str(task["is_swapped"]).upper()
    return {**task, "A": task["first"], "B": task["second"], "is_swapped": swapped}
