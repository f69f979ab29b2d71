"""What a person does with a task, and how tools name people and times."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "BEGAN",
    "IDS",
    "ScriptedVote",
    "number_of",
    "time_of",
    "user_of",
    "word_of",
    "write_bytes",
    "write_json",
]

BEGAN = datetime(2026, 2, 3, 10, 30, tzinfo=UTC)
"""When people began."""
IDS = ("comparison_id", "plan_id", "batch", "is_swapped")
_WORDS = {2: "a_much", 1: "a_slight", 0: "tie", -1: "b_slight", -2: "b_much"}


@dataclass(frozen=True, slots=True)
class ScriptedVote:
    """What one person does with one task."""

    comparison_id: str
    """One that was handed off, or a foreign one: somebody else's task in the same project."""
    annotator: str
    choice: int | None = None
    """As in `ANSWERS`, in the order shown: 2 is the first much better. Drafts and skipped tasks may
    have one too, as tools keep what was clicked before."""
    status: Literal["submitted", "draft", "skipped"] = "submitted"
    comment: str | None = None
    edit: int = 0
    """Number of the edit. Tools export the last edit alone."""


def user_of(annotator: str) -> uuid.UUID:
    """Return the id of an account."""
    return uuid.uuid5(uuid.NAMESPACE_OID, annotator)


def number_of(annotator: str) -> int:
    """Return the number of an account."""
    return user_of(annotator).int % 10**6


def time_of(vote: ScriptedVote, more: int = 0) -> str:
    """Return when a vote was given: a day later for each edit, and so many seconds more."""
    at = BEGAN + timedelta(days=vote.edit, seconds=more)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def word_of(vote: ScriptedVote) -> str | None:
    """Return the word of the choice, if anything was clicked."""
    return None if vote.choice is None else _WORDS[vote.choice]


def write_json(path: Path, value: Any) -> Path:
    """Write a JSON file; the path is given without its ending."""
    return write_bytes(path.with_suffix(".json"), json.dumps(value, indent=1).encode())


def write_bytes(path: Path, data: bytes) -> Path:
    """Write a file, and return its path."""
    path.write_bytes(data)
    return path
