"""What an annotation tool is, for handing tasks off and taking answers back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.protocols.params import NoParams, Params

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["ANSWERS", "TASKS", "Handoff"]

_MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))

TASKS: Mapping[str, pl.DataType] = {
    "comparison_id": pl.String(),
    "plan_id": pl.String(),
    "batch": pl.Int32(),
    "aspect": pl.String(),
    "question": pl.String(),
    "n_votes": pl.Int32(),
    "prompt": _MESSAGES,
    "first": pl.String(),
    "second": pl.String(),
    "is_swapped": pl.Boolean(),
    "source": pl.String(),
    "prompt_id": pl.String(),
    "response_a_id": pl.String(),
    "response_b_id": pl.String(),
    "arm": pl.String(),
}
"""Columns of tasks, one row a comparison. ``first`` and ``second`` are the texts in the order that
annotators see them; with ``is_swapped`` the first is response b. Tools must show neither the arm
nor any id of source, response or model; of ids they carry comparison_id and plan_id alone."""

ANSWERS: Mapping[str, pl.DataType] = {
    "comparison_id": pl.String(),
    "plan_id": pl.String(),
    "answer_id": pl.String(),
    "version": pl.String(),
    "annotator": pl.String(),
    "status": pl.Enum(["submitted", "draft", "skipped", "unreadable"]),
    "choice": pl.Int8(),
    "raw_value": pl.String(),
    "is_swapped": pl.Boolean(),
    "comment": pl.String(),
    "confidence": pl.String(),
    "seconds": pl.Float64(),
    "answered_at": pl.Datetime("us"),
    "file": pl.String(),
    "row": pl.Int64(),
    "detail": pl.String(),
    "raw": pl.String(),
}
"""Columns of answers, one row for each that a file holds, whatever became of it. ``answer_id`` is
the tool's own name of it (made from comparison and annotator where it has none), ``version`` grows
when it is edited. ``choice`` is 2, 1, 0, -1 or -2: the first much or slightly better, a tie, the
second slightly or much; null unless submitted. ``detail`` says why it is unreadable. ``raw`` is
JSON of all that the tool said."""


@dataclass(frozen=True, slots=True)
class Handoff:
    """The file formats of an annotation tool.

    Attributes:
        name: Name of the tool, such as ``label-studio``.
        version: Raised when the output for the same tasks changes.
        params: Model of its parameters.
        write: Writes the tasks (columns of `TASKS`) into a folder that is there, and returns the
            files; the same tasks give the same bytes.
        read: Reads answered files into a frame with the columns of `ANSWERS`. What is no answer
            is not guessed: it is a row with the status ``unreadable``.
        is_answered: Whether a file looks like answers of this tool, for a user who named none.
        summary: One line.
    """

    name: str
    version: int
    write: Callable[[pl.DataFrame, Path, Any], list[Path]]
    read: Callable[[Sequence[Path], Any], pl.DataFrame]
    is_answered: Callable[[Path], bool]
    params: type[Params] = NoParams
    summary: str = ""
