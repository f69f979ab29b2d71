"""People with annotation tools, by script: they read our files and leave what the tool exports.

A script says what each person clicks; `answer_as` writes it in the shape of the tool's own export,
with all that stands around the answer there.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from prefdata.testing._annotators import argilla, label_studio, sheets
from prefdata.testing._annotators.votes import ScriptedVote, number_of, user_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["SHAPES", "ScriptedVote", "Seen", "answer_as", "known_as", "seen_in"]

SHAPES: Mapping[str, tuple[str, ...]] = {
    "argilla": ("flat", "lines", "columns", "parquet", "nested", "service"),
    "csv": ("sheet",),
    "label-studio": ("json", "json-min", "pairwise"),
}
"""Shapes that tools export in; the first is the one that our READMEs ask for."""


class Seen(NamedTuple):
    """What a person sees of a task."""

    question: str
    prompt: str
    """The contents of the messages, joined by nothing."""
    first: str
    second: str


def known_as(tool: str, annotator: str) -> str:
    """Return the name by which a tool exports a person of a script."""
    if tool == "argilla":
        return str(user_of(annotator))
    return str(number_of(annotator)) if tool == "label-studio" else annotator


def seen_in(tool: str, folder: Path) -> dict[str, Seen]:
    """Return what people see of each task in the files that were handed off."""
    seen = {}
    for task in _TASKS[tool](folder):
        prompt = task["prompt"]
        if isinstance(prompt, list):
            prompt = "".join(message["content"] for message in prompt)
        seen[task["comparison_id"]] = Seen(task["question"], prompt, task["first"], task["second"])
    return seen


def answer_as(
    tool: str,
    folder: Path,
    votes: Sequence[ScriptedVote],
    *,
    shape: str | None = None,
    name: str = "answers",
) -> Path:
    """Write what a tool exports after people have worked through what was handed off.

    Args:
        tool: A tool of `SHAPES`.
        folder: What the tool's `write` wrote into; the export is written beside its files.
        votes: What people did, in the order in which they did it. Where somebody edited an answer,
            the last edit is exported. The same vote twice is there twice.
        shape: One of the tool's `SHAPES`; the first by default.
        name: Name of the file, without its ending.

    Raises:
        ValueError: If the tool has no such shape.
    """
    chosen = shape or SHAPES[tool][0]
    if chosen not in SHAPES[tool]:
        message = f"{tool} exports in {', '.join(SHAPES[tool])}, not {chosen}"
        raise ValueError(message)
    tasks = _TASKS[tool](folder)
    known = {task["comparison_id"] for task in tasks}
    strange = dict.fromkeys(v.comparison_id for v in votes if v.comparison_id not in known)
    tasks += [_stranger(comparison_id) for comparison_id in strange]
    last = Counter[tuple[str, str]]()
    for vote in votes:
        key = (vote.comparison_id, vote.annotator)
        last[key] = max(last[key], vote.edit)
    final = [v for v in votes if v.edit == last[v.comparison_id, v.annotator]]
    return _EXPORTS[tool](tasks, final, chosen, folder / name)


def _stranger(comparison_id: str) -> dict[str, Any]:
    return {
        "comparison_id": comparison_id,
        "plan_id": "somebody-else",
        "batch": 7,
        "is_swapped": False,
        "question": "Which is better?",
        "prompt": [{"role": "user", "content": "A task of somebody else."}],
        "first": "one",
        "second": "two",
    }


_TASKS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "argilla": argilla.tasks_in,
    "csv": sheets.tasks_in,
    "label-studio": label_studio.tasks_in,
}
_EXPORTS: dict[
    str, Callable[[Sequence[dict[str, Any]], Sequence[ScriptedVote], str, Path], Path]
] = {
    "argilla": argilla.export,
    "csv": lambda tasks, votes, _shape, path: sheets.export(tasks, votes, path),
    "label-studio": label_studio.export,
}
