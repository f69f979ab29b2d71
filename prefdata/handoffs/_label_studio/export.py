"""What comes out of a project in Label Studio.

JSON has tasks with their annotations, and drafts where the export was asked for them. JSON-MIN has
a flat object for each annotation, and leaves out those that were cancelled. Predictions are what
models said, and are passed over.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import DataError
from prefdata.handoffs._answers import Answer, Ids, ids_of, moment, person, submitted, unreadable
from prefdata.handoffs._json_files import BadLine, no_known_shape, read_items
from prefdata.handoffs._label_studio.project import COMMENT, CONFIDENCE, PREFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["has_answers", "read_export"]

_TOOL = "Label Studio"
_FLAT = ("annotation_id", "annotator", "lead_time")
"""Of these, JSON-MIN has all."""
_LOST = "JSON-MIN leaves out what was skipped: export as JSON to count it."
_SEVERAL = "It makes several choices at once"


def read_export(path: Path) -> list[Answer]:
    """Read a file that came out of Label Studio.

    Raises:
        DataError: If it is no JSON, or holds no task.
    """
    items = read_items(path, tool=_TOOL).items
    if items and not any(_is_task(item) or _is_flat(item) for item in items):
        raise no_known_shape(path, tool=_TOOL, wants="no task has `annotations`")
    answers: list[Answer] = []
    for row, item in enumerate(items):
        answers += _answers(row, item)
    return answers


def has_answers(path: Path) -> bool:
    """Tell whether a file has annotations or drafts of Label Studio."""
    try:
        items = read_items(path, tool=_TOOL).items
    except DataError:
        return False
    return any(
        (_is_flat(item) and item.get("annotation_id") is not None)
        or (_is_task(item) and any(True for _ in _answers(0, item)))
        for item in items
    )


def _is_task(item: object) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("data"), dict)
        and ("annotations" in item or "completions" in item)
    )


def _is_flat(item: object) -> bool:
    return isinstance(item, dict) and all(name in item for name in _FLAT)


def _answers(row: int, item: Any) -> Iterator[Answer]:
    """Read one task: each annotation and each draft is an answer."""
    if _is_task(item):
        ids = ids_of(item["data"])
        # Before version 1.0, annotations were completions.
        for entry in _listed(item.get("annotations", item.get("completions"))):
            yield _annotation(row, entry, ids)
        for entry in _listed(item.get("drafts")):
            yield _draft(row, entry, ids)
    elif _is_flat(item):
        # A task without any annotation is there too, without the name of one.
        if item["annotation_id"] is not None or PREFERENCE in item:
            yield _flat(row, item)
    elif isinstance(item, BadLine):
        yield unreadable(row, item.text, f"The line is no JSON: {item.reason}.")
    else:
        yield unreadable(row, item, "It is no task of Label Studio.")


def _annotation(row: int, entry: object, ids: Ids) -> Answer:
    if not isinstance(entry, dict):
        return unreadable(row, entry, "The annotation is no object, but a number or text.", ids)
    answer = _common(row, entry, ids, number=entry.get("id"), who=_who(entry.get("completed_by")))
    # Cancelled is what Label Studio calls skipped.
    if entry.get("was_cancelled") is True or entry.get("skipped") is True:
        return replace(answer, status="skipped")
    words = _words(entry.get("result"))
    if len(words) > 1:
        said = ", ".join(sorted(words))
        return replace(answer, raw_value=said, detail=f"{_SEVERAL}: {said[:80]}.")
    return submitted(replace(answer, raw_value=next(iter(words), None)))


def _draft(row: int, entry: object, ids: Ids) -> Answer:
    given = entry if isinstance(entry, dict) else {}
    number = given.get("id") if given else entry
    # A draft of an annotation that was submitted before has a number of its own.
    name = f"draft-{number}" if isinstance(number, int | str) else None
    answer = _common(row, given, ids, number=name, who=_who(given.get("user")))
    words = _words(given.get("result"))
    said = ", ".join(sorted(words)) or None
    return replace(answer, status="draft", raw_value=said, raw=entry)


def _flat(row: int, item: dict[str, Any]) -> Answer:
    answer = _common(
        row, item, ids_of(item), number=item["annotation_id"], who=_who(item["annotator"])
    )
    said = item.get(PREFERENCE)
    words = _words_of(said) if said is not None else set()
    answer = replace(
        answer,
        comment=_plain(item.get(COMMENT)),
        confidence=_plain(item.get(CONFIDENCE)),
        raw={name: item.get(name) for name in (*_ABOUT, PREFERENCE, COMMENT, CONFIDENCE)},
    )
    if len(words) > 1:
        listed = ", ".join(sorted(words))
        return replace(answer, raw_value=listed, detail=f"{_SEVERAL}: {listed[:80]}.")
    read = submitted(replace(answer, raw_value=next(iter(words), None)))
    return replace(read, detail=_LOST) if read.status == "submitted" else read


_ABOUT = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement")


def _common(
    row: int, entry: dict[str, Any], ids: Ids, *, number: object, who: str | None
) -> Answer:
    """Read what annotations of all forms have."""
    at = moment(entry.get("updated_at")) or moment(entry.get("created_at"))
    is_named = isinstance(number, int | str) and not isinstance(number, bool) and number != ""
    return Answer(
        row=row,
        status="unreadable",
        ids=ids,
        answer_id=str(number) if is_named else None,
        version=None if at is None else f"{at.isoformat(timespec='microseconds')}Z",
        annotator=who,
        comment=_texts(entry.get("result"), COMMENT),
        confidence=_texts(entry.get("result"), CONFIDENCE),
        seconds=entry.get("lead_time"),
        answered_at=at,
        raw={key: value for key, value in entry.items() if key != "prediction"},
    )


def _who(user: object) -> str | None:
    """Name an annotator: by number where there is one, else by the digest of the address."""
    if isinstance(user, dict):
        return person(user.get("id")) or person(user.get("email"))
    return person(user)


def _words(result: object) -> set[str]:
    """Return the choices of a result: those of our control, or of all if it has another name."""
    found = [
        (entry.get("from_name"), _words_of(entry.get("value")))
        for entry in _listed(result)
        if isinstance(entry, dict) and entry.get("type") in {"choices", "pairwise"}
    ]
    ours = [words for name, words in found if name == PREFERENCE]
    return set().union(*(ours or [words for _, words in found]))


def _words_of(value: object) -> set[str]:
    """Read the value of a choice: ``choices`` is a list, ``selected`` is left or right."""
    if isinstance(value, dict):
        given = value.get("choices", value.get("selected"))
        return _words_of(given) if not isinstance(given, dict) else {repr(given)[:80]}
    if isinstance(value, list):
        return set().union(*(_words_of(entry) for entry in value))
    return set() if value is None else {str(value)}


def _texts(result: object, control: str) -> str | None:
    """Return what was written, or how many stars were given, in one control."""
    return _plain(
        [
            entry.get("value")
            for entry in _listed(result)
            if isinstance(entry, dict) and entry.get("from_name") == control
        ]
    )


def _plain(value: object) -> str | None:
    """Take a text or a rating out of what is around it; several are lines."""
    if isinstance(value, list):
        return "\n".join(part for entry in value if (part := _plain(entry))) or None
    if isinstance(value, dict):
        return _plain(value.get("text", value.get("rating")))
    return None if value is None or value == "" else str(value)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
