"""Records of Argilla, taken apart: prompt, responses, and who said what of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefdata.sources._argilla.answers import Answer, answers, suggestion
from prefdata.sources._argilla.choices import Choice, choice
from prefdata.sources._generic.cells import Messages, from_cell, pack, shown, text_of
from prefdata.tables.coerce import Misfit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Asked", "Record", "Vote", "record_of"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Where things stand in the records of a data set."""

    prompt: str | None
    responses: tuple[str, ...]
    models: tuple[str, ...]
    preference: str
    comment: str | None
    names: Mapping[str, str]
    """What the values of the preference mean; see `choice`."""
    has_suggestions: bool
    is_submitted: bool
    """Whether responses of unknown status count."""
    labels: Sequence[str | None] = ()
    """Names of the values of the suggested preference, where the file holds numbers."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What one user or agent said of a record."""

    key: str
    """Name of the judgment within its record."""
    annotator: str
    """Id of the annotator within the data set, such as ``agent/gpt``."""
    kind: str
    model: str | None
    choice: Choice
    status: str
    """``submitted``, or why it does not count: ``draft``, ``discarded``, ``unknown``."""
    value: str | None
    comment: str | None
    score: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """A record, taken apart."""

    native_id: str | None
    prompt: Messages
    sides: list[Messages]
    models: list[str | None]
    raw: str
    votes: list[Vote]


def record_of(row: Mapping[str, Any], asked: Asked) -> Record:
    """Take a record apart.

    Raises:
        Misfit: If it lacks a response, or holds what no shape of Argilla has.
    """
    is_nested = isinstance(row.get("fields"), dict)
    fields = row["fields"] if is_nested else row
    cells: dict[str, Any] = {}
    prompt: Messages = []
    if asked.prompt is not None and fields.get(asked.prompt) is not None:
        prompt, cells[asked.prompt] = from_cell(
            fields[asked.prompt], "prompt", asked.prompt, role="user"
        )
    sides = []
    for name in asked.responses:
        if fields.get(name) is None:
            known = shown(sorted(map(str, fields))[:12])
            reason = f"the field {name!r} is missing or null; it has: {known}"
            raise Misfit(name, "missing-field", reason)
        side, cells[name] = from_cell(fields[name], name, name, role="assistant")
        if not side:
            raise Misfit(name, "empty-messages", f"{name} is an empty list")
        sides.append(side)
    votes = _votes(row, asked)
    metadata = row.get("metadata")
    holder = metadata if isinstance(metadata, dict) else row
    models = [holder.get(name) for name in asked.models] or [None] * len(sides)
    rest = {name: item for name, item in fields.items() if name not in cells}
    if is_nested:
        outer = {name: item for name, item in row.items() if name != "fields"}
        raw = pack(outer, {"fields": ["object", rest, cells]})
    else:
        raw = pack(rest, cells)
    written = [model if isinstance(model, str) and model else None for model in models]
    return Record(_native_id(row), prompt, sides, written, raw, votes)


def _native_id(row: Mapping[str, Any]) -> str | None:
    """Return the id that the data set gives the record, else the server's."""
    for name in ("external_id", "id", "_server_id"):
        value = row.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    return None


def _votes(row: Mapping[str, Any], asked: Asked) -> list[Vote]:
    questions = (asked.preference, *([asked.comment] if asked.comment else []))
    said = answers(row, questions)
    # Whoever has no name is one of a group; what they said is told apart by its place.
    votes = [
        _vote(answer, asked, answer.who or "annotators", "" if answer.who else f"~{place}")
        for place, answer in enumerate(said)
    ]
    suggested = suggestion(row, asked.preference) if asked.has_suggestions else None
    if suggested is not None and asked.labels:
        suggested.values = {asked.preference: _named(suggested.values[asked.preference], asked)}
    if suggested is not None and suggested.values[asked.preference] is not None:
        who = "suggestions" if suggested.who is None else f"agent/{suggested.who}"
        votes.append(_vote(suggested, asked, who, ""))
    names = [vote.key for vote in votes]
    if len(set(names)) < len(names):
        reason = f"two annotators have one name among {shown(names)}"
        raise Misfit("responses", "duplicate-response", reason)
    return votes


def _named(value: Any, asked: Asked) -> Any:
    """Return the name of a value that stands as a number."""
    is_place = isinstance(value, int) and 0 <= value < len(asked.labels)
    return asked.labels[value] if is_place else value


def _vote(answer: Answer, asked: Asked, annotator: str, place: str) -> Vote:
    status = answer.status or ("submitted" if asked.is_submitted else "unknown")
    value = answer.values.get(asked.preference)
    found = choice(value, asked.responses, asked.names)
    return Vote(
        key=annotator + place,
        annotator=annotator,
        kind=answer.kind,
        model=answer.who if answer.kind == "model" else None,
        choice=found if status == "submitted" else Choice("not_given"),
        status=status,
        value=text_of(value),
        comment=text_of(answer.values.get(asked.comment)) if asked.comment else None,
        score=answer.score,
    )
