"""What annotators are shown of tasks, and nothing else of them.

Arm, source and the ids of prompt and responses are left behind here, so no writer can leak them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from prefdata.core.errors import DataError
from prefdata.protocols import Params

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

__all__ = [
    "GUIDELINES",
    "Asked",
    "Task",
    "by_votes",
    "hand_off_name",
    "shown",
    "tasks_of",
    "transcript",
    "write_items",
    "write_json",
    "write_text",
]

GUIDELINES = (
    "Read the prompt and both responses to the end, then say which response is better in the "
    "respect that the question names. Judge the responses alone: their order is random. Longer is "
    "not better, and neither is the one that sounds surer. If you cannot judge, skip the task "
    "instead of guessing; a tie means that both are about equally good or bad."
)
"""What annotators are told, where nobody wrote something better."""

_EMPTY = "(empty)"
_COLUMNS = (
    "comparison_id",
    "plan_id",
    "batch",
    "is_swapped",
    "question",
    "n_votes",
    "prompt",
    "first",
    "second",
)
_ODD_IN_A_NAME = re.compile(r"[^0-9A-Za-z_-]+")
_PLAN_DIGITS = 12


class Asked(Params):
    """What is asked besides the preference, and what annotators are told; of every tool."""

    with_comment: bool = Field(
        default=True, description="Ask for a comment, which nobody has to write."
    )
    with_confidence: bool = Field(
        default=False, description="Ask how sure the annotator is, from 1 (a guess) to 5 (certain)."
    )
    guidelines: str = Field(
        default=GUIDELINES, min_length=1, description="What annotators are told before they begin."
    )


@dataclass(frozen=True, slots=True)
class Task:
    """What leaves us of one task."""

    comparison_id: str
    plan_id: str
    batch: int
    is_swapped: bool
    question: str
    n_votes: int
    prompt: tuple[tuple[str, str], ...]
    """Roles and contents of the messages; at least one."""
    first: str
    second: str

    def ids(self) -> dict[str, Any]:
        """Return what finds the task again when it comes back."""
        return {
            "comparison_id": self.comparison_id,
            "plan_id": self.plan_id,
            "batch": self.batch,
            "is_swapped": self.is_swapped,
        }


def shown(text: str | None) -> str:
    """Return a text as tools can hold it: NUL, which databases refuse, becomes its picture.

    >>> shown("a" + chr(0) + "b")
    'a␀b'
    """
    return (text or "").replace("\x00", "␀")


def tasks_of(frame: pl.DataFrame) -> list[Task]:
    """Take from tasks what annotators may see, in their order.

    Args:
        frame: Columns of `TASKS`.

    Raises:
        DataError: If a comparison comes twice; its answers could not be told apart.
    """
    twice = frame["comparison_id"].filter(frame["comparison_id"].is_duplicated())
    if len(twice):
        raise DataError(
            f"The tasks hold comparisons more than once: {twice.n_unique():,} of them.",
            where=f"comparison {min(twice.to_list())}",
            fix="Hand off one batch of one plan at a time.",
        )
    # Row by row: each is a text in a file in the end.
    return [_task(row) for row in frame.select(_COLUMNS).iter_rows(named=True)]


def _task(row: dict[str, Any]) -> Task:
    messages = tuple(
        (shown(message["role"]) or "user", shown(message["content"]))
        for message in row["prompt"] or ()
        if message is not None
    )
    return Task(
        comparison_id=row["comparison_id"],
        plan_id=row["plan_id"],
        batch=row["batch"],
        is_swapped=bool(row["is_swapped"]),
        question=shown(row["question"]),
        n_votes=max(1, row["n_votes"] or 1),
        prompt=messages or (("user", _EMPTY),),
        first=shown(row["first"]),
        second=shown(row["second"]),
    )


def by_votes(tasks: Sequence[Task]) -> dict[int, list[Task]]:
    """Sort tasks by the number of judgments asked of them; each keeps its place among its like.

    Tools ask for one number of judgments in a whole project, so each number is a project.
    """
    groups: dict[int, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.n_votes, []).append(task)
    return dict(sorted(groups.items()))


def hand_off_name(tasks: Sequence[Task]) -> str:
    """Return a name for the project of some tasks: plan, batch, and judgments of each."""
    plan = _ODD_IN_A_NAME.sub("-", min(task.plan_id for task in tasks))[:_PLAN_DIGITS]
    return f"{plan}-b{min(task.batch for task in tasks)}-votes-{tasks[0].n_votes}".lstrip("-_")


def transcript(task: Task) -> str:
    """Return the prompt as one text; roles are named where there is more than one message."""
    if len(task.prompt) == 1 and task.prompt[0][0] == "user":
        return task.prompt[0][1]
    return "\n\n".join(f"[{role}]\n{content}" for role, content in task.prompt)


def write_json(path: Path, value: Any) -> Path:
    """Write a JSON file that people may read."""
    return write_text(path, json.dumps(value, indent=2) + "\n")


def write_items(path: Path, items: Sequence[Any]) -> Path:
    """Write a JSON array with one item a line.

    All is ASCII: Argilla's client opens files in the encoding of the machine.
    """
    return write_text(path, "[\n" + ",\n".join(json.dumps(item) for item in items) + "\n]\n")


def write_text(path: Path, text: str) -> Path:
    """Write a file with the same bytes on every machine; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path
