"""What comes out of a data set in Argilla.

Four shapes are read, and Parquet of the first:

- flat, `to_list(flatten=True)`: lists of values, users and statuses for each question;
- nested, `to_list()` and `to_json`: a list of value and user for each question, without a status,
  because Argilla 2 drops it (`RecordResponses.to_dict`), or with one where somebody kept it;
- the service's own: for each user the values of all questions, status and times;
- the client's `Record.serialize()`: for each user and question a value and a status.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from prefdata.core.errors import DataError
from prefdata.handoffs._answers import Answer, Ids, ids_of, moment, person, submitted, unreadable
from prefdata.handoffs._argilla.dataset import COMMENT, CONFIDENCE, PREFERENCE
from prefdata.handoffs._json_files import BadLine, Items, no_known_shape, read_items

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["has_answers", "read_export"]

_TOOL = "Argilla"
_QUESTIONS = (PREFERENCE, COMMENT, CONFIDENCE)
_PARQUET = b"PAR1"
_UNKNOWN = (
    "The export does not say whether it was submitted: export with `to_list(flatten=True)`, or "
    "read it with `assume_submitted: true` if there were no drafts."
)
_STATUSES = {"draft": "draft", "discarded": "skipped"}


@dataclass(slots=True)
class _Said:
    """What one user said of one record."""

    user: str | None
    values: dict[str, Any] = field(default_factory=dict)
    statuses: set[str | None] = field(default_factory=set)
    answer_id: str | None = None
    edited_at: object = None
    raw: list[Any] = field(default_factory=list)


def read_export(path: Path, *, assume_submitted: bool) -> list[Answer]:
    """Read a file that came out of Argilla.

    Args:
        path: JSON, JSON Lines or Parquet.
        assume_submitted: Count responses of which nobody knows whether they were submitted.

    Raises:
        DataError: If it is none of these, or holds no record.
    """
    found = _items(path)
    if found.items and not any(_is_record(item) for item in found.items):
        raise no_known_shape(
            path, tool=_TOOL, wants=f"no record has `{PREFERENCE}.responses` or `responses`"
        )
    exported_at = found.envelope.get("exported_at")
    answers: list[Answer] = []
    for row, item in enumerate(found.items):
        if _is_record(item):
            answers += _answers(row, item, exported_at, assume_submitted=assume_submitted)
        else:
            answers.append(_stranger(row, item))
    return answers


def has_answers(path: Path) -> bool:
    """Tell whether a file has a response to our question in one of the shapes."""
    try:
        found = _items(path)
    except DataError:
        return False
    return any(_is_record(item) and any(True for _ in _said(item)) for item in found.items)


def _items(path: Path) -> Items:
    try:
        with path.open("rb") as file:
            is_parquet = file.read(len(_PARQUET)) == _PARQUET
    except OSError:
        is_parquet = False
    return _parquet(path) if is_parquet else read_items(path, tool=_TOOL)


def _parquet(path: Path) -> Items:
    """Read the columns that matter of a flat export; texts stay where they are."""
    try:
        with pq.ParquetFile(path) as parquet:
            wanted = [name for name in parquet.schema_arrow.names if _is_wanted(name)]
            table = parquet.read(columns=wanted)
        table.validate(full=True)
        return Items(table.to_pylist(), {})
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"The Parquet file cannot be read: {str(error)[:200]}.",
            where=str(path),
            fix="Write it again: `records.to_datasets().to_parquet(...)`.",
        ) from error


def _is_wanted(name: str) -> bool:
    ids = {"id", "comparison_id", "plan_id", "is_swapped"}
    return name in ids or name.startswith(tuple(f"{question}.responses" for question in _QUESTIONS))


def _is_record(item: object) -> bool:
    """Tell whether an object is a record, answered or not."""
    if not isinstance(item, dict):
        return False
    is_nested = isinstance(item.get("responses"), dict | list) and "fields" in item
    is_flat = f"{PREFERENCE}.responses" in item
    # Nobody has answered: the flat form then has no column of responses.
    is_silent = "_server_id" in item and "id" in item
    return is_nested or is_flat or is_silent


def _answers(
    row: int, item: dict[str, Any], exported_at: object, *, assume_submitted: bool
) -> Iterator[Answer]:
    ids = _record_ids(item)
    for said in _said(item):
        at = moment(said.edited_at) or moment(exported_at)
        answer = Answer(
            row=row,
            status="unreadable",
            ids=ids,
            answer_id=said.answer_id,
            version=None if at is None else f"{at.isoformat(timespec='microseconds')}Z",
            annotator=said.user,
            raw_value=_text(said.values.get(PREFERENCE)),
            comment=_text(said.values.get(COMMENT)),
            confidence=_text(said.values.get(CONFIDENCE)),
            answered_at=moment(said.edited_at),
            raw=said.raw,
        )
        yield _judged(answer, said.statuses, assume_submitted=assume_submitted)


def _judged(answer: Answer, statuses: set[str | None], *, assume_submitted: bool) -> Answer:
    """Say what becomes of a response with a status, or with several, or with none."""
    if len(statuses - {None}) > 1:
        named = ", ".join(sorted(status for status in statuses if status))
        return replace(answer, detail=f"It is several things at once: {named}.")
    status = next(iter(statuses - {None}), None)
    if status is None and not assume_submitted:
        return replace(answer, detail=_UNKNOWN)
    if status in _STATUSES:
        return replace(answer, status=_STATUSES[status])
    if status not in {None, "submitted"}:
        return replace(answer, detail=f"{str(status)[:80]!r} is no status of Argilla.")
    return submitted(answer)


def _record_ids(item: dict[str, Any]) -> Ids:
    """Take the ids from the metadata, nested or flat, or from the record's own id."""
    metadata = item.get("metadata")
    holder = metadata if isinstance(metadata, dict) else item
    ids = ids_of(holder)
    if ids.comparison_id is not None:
        return ids
    own = item.get("external_id", item.get("id"))
    return ids_of({**holder, "comparison_id": own})


def _said(item: dict[str, Any]) -> Iterator[_Said]:
    """Return what each user said of a record, whatever the shape."""
    responses = item.get("responses")
    if isinstance(responses, list):
        return _by_user(responses)
    if isinstance(responses, dict):
        return _by_question(responses)
    return _flat(item)


def _flat(item: dict[str, Any]) -> Iterator[_Said]:
    columns: dict[str, list[dict[str, Any]]] = {}
    for question in _QUESTIONS:
        values, users, statuses = (
            _listed(item.get(f"{question}.responses{part}")) for part in ("", ".users", ".status")
        )
        columns[question] = [
            {"value": value, "user_id": user, "status": status}
            for value, user, status in zip_longest(values, users, statuses)
        ]
    return _by_question(columns)


def _by_question(responses: dict[str, Any]) -> Iterator[_Said]:
    """Gather the values of each user. Of one without a name, only the preference is known."""
    said: list[_Said] = []
    named: dict[str, _Said] = {}
    for question in _QUESTIONS:
        for entry in _listed(responses.get(question)):
            given = entry if isinstance(entry, dict) else {"value": entry}
            user = person(given.get("user_id"))
            mine = named.get(user) if user else None
            if mine is None or question in mine.values:
                mine = _Said(user)
                said.append(mine)
                if user:
                    named[user] = mine
            mine.values[question] = given.get("value")
            mine.statuses.add(_status(given.get("status")))
            mine.raw.append({"question": question, **given})
    return iter(said)


def _by_user(responses: list[Any]) -> Iterator[_Said]:
    """Read the shapes that say of each response who gave it."""
    questions: dict[str, list[Any]] = {}
    said: list[_Said] = []
    for entry in responses:
        if isinstance(entry, dict) and isinstance(entry.get("question_name"), str):
            questions.setdefault(entry["question_name"], []).append(entry)
            continue
        given = entry if isinstance(entry, dict) else {"value": entry}
        values = given.get("values")
        values = values if isinstance(values, dict) else {}
        name = given.get("id")
        said.append(
            _Said(
                user=person(given.get("user_id")),
                values={question: values.get(question) for question in _QUESTIONS},
                statuses={_status(given.get("status"))},
                answer_id=name if isinstance(name, str) and name else None,
                edited_at=given.get("updated_at", given.get("inserted_at")),
                raw=[given],
            )
        )
    said += _by_question(questions)
    return iter(said)


def _stranger(row: int, item: object) -> Answer:
    if isinstance(item, BadLine):
        return unreadable(row, item.text, f"The line is no JSON: {item.reason}.")
    return unreadable(row, item, "It is no record of Argilla.")


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _status(value: object) -> str | None:
    """Return the name of a status, also of one that was written as `ResponseStatus.draft`."""
    return None if value is None else f"{value}"[:80].rpartition(".")[2]


def _text(value: object) -> str | None:
    """Return a value as a text; the service wraps values in objects."""
    if isinstance(value, dict) and "value" in value:
        value = value["value"]
    if value is None or isinstance(value, str):
        return value
    return str(value) if isinstance(value, bool | int | float) else repr(value)[:200]
