"""Answers as rows: what every reader does with what a tool said.

The columns are `ANSWERS`; this is how all tools of ours fill them.

- ``comparison_id``, ``plan_id``, ``is_swapped`` are what the file says, null where it says nothing;
  they may be foreign.
- ``answer_id`` is never null. Where the tool names its answers it is that name, so an edited answer
  keeps it; else it is made from the comparison and the annotator.
- ``version`` is the time of the last edit as ``2026-01-31T12:00:00.000000Z``, so later ones are
  greater as texts; null where the file does not tell, and then nobody knows which of two is newer.
- ``annotator`` is null where the file does not say who it was. E-mail addresses are digests.
- ``choice`` is set for submitted answers alone. A preference without strength, such as ``left``, is
  1 or -1; ``raw_value`` holds the word.
- ``row`` is the place (from 0) of the record, task or line that holds the answer; one record may
  hold answers of several people. ``file`` is the name of the file without its folder.
- ``detail`` says why an answer is unreadable; of a readable one, what the file could not tell.
- ``raw`` is what the tool said of the answer, without the texts that we sent, and without names.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.annotation.answers import masked
from prefdata.core.fingerprint import digest
from prefdata.handoffs._scale import choice_of
from prefdata.protocols import ANSWERS
from prefdata.tables.coerce import to_json
from prefdata.tables.raw import RAW_TEXT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Answer", "Ids", "frame_of", "ids_of", "moment", "person", "submitted", "unreadable"]

_PERSONAL = frozenset(
    {
        "avatar",
        "created_username",
        "custom_hotkeys",
        "email",
        "first_name",
        "full_name",
        "initials",
        "last_name",
        "phone",
        "username",
    }
)
"""What tools say of people that no judgment needs."""

_TRUTHS = {"true": True, "false": False}
_ID_DIGITS = 16
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Ids:
    """What a file says of the task that an answer belongs to."""

    comparison_id: str | None
    plan_id: str | None = None
    is_swapped: bool | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One row of `ANSWERS`, but for the file."""

    row: int
    status: str
    ids: Ids = field(default_factory=lambda: Ids(None))
    answer_id: str | None = None
    version: str | None = None
    annotator: str | None = None
    choice: int | None = None
    raw_value: str | None = None
    comment: str | None = None
    confidence: str | None = None
    seconds: float | None = None
    answered_at: datetime | None = None
    detail: str | None = None
    raw: Any = None
    """JSON; written without what is personal."""


def ids_of(holder: dict[str, Any]) -> Ids:
    """Take the ids from the object that holds them."""
    swapped = holder.get("is_swapped")
    if isinstance(swapped, str):
        swapped = _TRUTHS.get(swapped.strip().casefold())
    return Ids(
        comparison_id=_name(holder.get("comparison_id")),
        plan_id=_name(holder.get("plan_id")),
        is_swapped=swapped if isinstance(swapped, bool) else None,
    )


def person(name: object) -> str | None:
    """Return how an annotator is called in tables; None if the tool does not say who it was.

    Numbers and texts only. Case does not count, so that `Ann` and `ann` are one person.
    """
    if isinstance(name, bool) or not isinstance(name, int | str):
        return None
    known = masked(" ".join(str(name).split()).casefold())
    return None if known in {"", "none", "null", "nan"} else _sound(known)


def moment(value: object) -> datetime | None:
    """Read a time as ISO 8601; without a zone it is UTC, and so is what comes back, without one."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.strip())
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return at.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def submitted(answer: Answer) -> Answer:
    """Read the choice of a submitted answer, which may be no choice of ours.

    Args:
        answer: With ``raw_value``; its status does not matter.
    """
    choice = choice_of(answer.raw_value)
    if answer.ids.comparison_id is None:
        return _broken(answer, "It does not say which comparison it is of: no comparison_id.")
    if answer.raw_value is None:
        return _broken(answer, "It was submitted without a choice.")
    if choice is None:
        return _broken(answer, f"{_cut(answer.raw_value, 80)!r} is none of the choices.")
    return replace(answer, status="submitted", choice=choice)


def unreadable(row: int, raw: object, detail: str, ids: Ids | None = None) -> Answer:
    """Make the row of something that is no answer."""
    return Answer(row=row, status="unreadable", ids=ids or Ids(None), detail=detail, raw=raw)


def _broken(answer: Answer, detail: str) -> Answer:
    return replace(answer, status="unreadable", choice=None, detail=detail)


def frame_of(answers: Iterable[Answer], file: str) -> pl.DataFrame:
    """Make the rows of one file.

    Args:
        answers: What was found, in the file's order.
        file: Its name.

    Returns:
        Columns of `ANSWERS`.
    """
    # Row by row: every value is checked for what a table cannot hold.
    rows = [_row(answer, file) for answer in answers]
    return pl.DataFrame(rows, schema=dict(ANSWERS), orient="row")


def _row(answer: Answer, file: str) -> tuple[Any, ...]:
    raw = _raw(answer.raw)
    values = {
        "comparison_id": answer.ids.comparison_id,
        "plan_id": answer.ids.plan_id,
        "answer_id": _sound(answer.answer_id or _made_id(answer, raw)),
        "version": answer.version,
        "annotator": answer.annotator,
        "status": answer.status,
        "choice": answer.choice if answer.status == "submitted" else None,
        "raw_value": _sound(answer.raw_value),
        "is_swapped": answer.ids.is_swapped,
        "comment": _sound(answer.comment),
        "confidence": _sound(answer.confidence),
        "seconds": _seconds(answer.seconds),
        "answered_at": answer.answered_at,
        "file": _sound(file),
        "row": answer.row,
        "detail": _sound(answer.detail),
        "raw": raw,
    }
    return tuple(values[name] for name in ANSWERS)


def _made_id(answer: Answer, raw: str | None) -> str:
    """Name an answer that its tool has no name for."""
    if answer.ids.comparison_id is None or answer.annotator is None:
        return f"{answer.ids.comparison_id or 'nothing'}/{digest([answer.row, raw])[:_ID_DIGITS]}"
    return f"{answer.ids.comparison_id}/{answer.annotator}"


def _raw(value: Any) -> str | None:
    if value is None:
        return None
    text = to_json(_without_people(value, _DEEPEST))
    # What was cut is JSON still: a text.
    return text if len(text) <= RAW_TEXT_LIMIT else json.dumps(text[:RAW_TEXT_LIMIT])


def _without_people(value: Any, depth: int) -> Any:
    """Leave out names, mask addresses, and cut what nests deeper than any tool writes."""
    if isinstance(value, str):
        return masked(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth and isinstance(value, list):
        return [_without_people(item, depth - 1) for item in value]
    if depth and isinstance(value, dict):
        return {
            masked(str(key)): _without_people(item, depth - 1)
            for key, item in value.items()
            if key not in _PERSONAL
        }
    return masked(str(value)) if not isinstance(value, list | dict) else "…"


def _name(value: object) -> str | None:
    """Return an id as a text; what is neither a text nor a number is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return _sound(str(value).strip()) or None


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _cut(text: str, n: int) -> str:
    return text if len(text) <= n else f"{text[:n]}…"


def _sound(text: str | None) -> str | None:
    """Spell out halves of surrogate pairs, which JSON can hold and tables cannot."""
    return None if text is None else text.encode(errors="backslashreplace").decode()
