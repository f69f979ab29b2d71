"""What users and agents said of one record, whatever the shape of the export.

- nested, `to_list()` and `to_json` of the client: for each question a list of value and user,
  without a status, because Argilla 2 drops it; with one where somebody kept it;
- the service's own: for each user the values of all questions, and a status;
- the client's `Record.serialize()`: for each user and question a value and a status;
- flat, `to_list(flatten=True)` and `to_datasets()`: lists of values, users and statuses for each
  question, and ``<question>.suggestion`` with score and agent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal

from prefdata.sources._generic.cells import shown, text_of
from prefdata.tables.coerce import Misfit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Answer", "answers", "suggestion"]

Kind = Literal["human", "model", "group"]
_STATUSES = ("submitted", "draft", "discarded")


@dataclass(slots=True)
class Answer:
    """What one user, or one agent, said of a record."""

    who: str | None
    kind: Kind
    values: dict[str, Any] = field(default_factory=dict)
    """By question."""
    statuses: set[str] = field(default_factory=set)
    score: str | None = None

    @property
    def status(self) -> str | None:
        """Return whether it was submitted; null where nobody knows."""
        return next(iter(self.statuses), None)


def answers(record: Mapping[str, Any], questions: tuple[str, ...]) -> list[Answer]:
    """Return what each user said, in the order of the record.

    Args:
        record: In any of the shapes.
        questions: Those that are read, the preference first.

    Raises:
        Misfit: If it is in none of them, a status is unknown, or a user answered twice.
    """
    responses = record.get("responses")
    if isinstance(responses, list):
        found = list(_listed(responses, questions))
    elif isinstance(responses, dict):
        found = list(_by_question(responses, questions))
    elif responses is None:
        found = list(_flat(record, questions))
    else:
        reason = f"responses is {shown(responses)}, expected an object or a list"
        raise Misfit("responses", "wrong-type", reason)
    return _merged(found)


def suggestion(record: Mapping[str, Any], question: str) -> Answer | None:
    """Return the suggestion to a question, if there is one.

    Raises:
        Misfit: If it is in none of the shapes.
    """
    given = record.get("suggestions")
    if isinstance(given, dict):
        told = given.get(question)
    elif isinstance(given, list):
        mine = [one for one in given if isinstance(one, dict)]
        told = next((one for one in mine if one.get("question_name") == question), None)
    elif given is None:
        name = f"{question}.suggestion"
        parts = {"value": name, "score": f"{name}.score", "agent": f"{name}.agent"}
        told = {part: record.get(key) for part, key in parts.items()}
    else:
        reason = f"suggestions is {shown(given)}, expected an object or a list"
        raise Misfit("suggestions", "wrong-type", reason)
    if told is None or (isinstance(told, dict) and told.get("value") is None):
        return None
    if not isinstance(told, dict):
        reason = f"the suggestion to {question} is {shown(told)}, expected an object"
        raise Misfit("suggestions", "wrong-type", reason)
    agent = text_of(told.get("agent")) or None
    # An agent is a model, unless the file says that people suggested it; how many, it never says.
    kind: Kind = "group" if agent is None or told.get("type") == "human" else "model"
    score = text_of(told.get("score"))
    return Answer(agent, kind, {question: told["value"]}, {"submitted"}, score)


def _listed(responses: list[Any], questions: tuple[str, ...]) -> Iterator[Answer]:
    for entry in responses:
        if not isinstance(entry, dict):
            reason = f"a response is {shown(entry)}, expected an object"
            raise Misfit("responses", "wrong-type", reason)
        if "question_name" in entry:
            name = entry["question_name"]
            if isinstance(name, str) and name in questions:
                yield _one(entry, {name: entry.get("value")})
            continue
        values = entry.get("values") or {}
        if not isinstance(values, dict):
            reason = f"the values of a response are {shown(values)}, expected an object"
            raise Misfit("responses", "wrong-type", reason)
        said = {name: _bare(values[name]) for name in questions if name in values}
        yield _one(entry, said)


def _by_question(responses: dict[str, Any], questions: tuple[str, ...]) -> Iterator[Answer]:
    for name in questions:
        entries = responses.get(name) or []
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            reason = f"the responses to {name} are {shown(entries)}, expected a list of objects"
            raise Misfit("responses", "wrong-type", reason)
        for entry in entries:
            yield _one(entry, {name: _bare(entry.get("value"))})


def _flat(record: Mapping[str, Any], questions: tuple[str, ...]) -> Iterator[Answer]:
    for name in questions:
        key = f"{name}.responses"
        columns = [record.get(part) or [] for part in (key, f"{key}.users", f"{key}.status")]
        if not all(isinstance(column, list) for column in columns):
            reason = f"{key} is {shown(columns)}, expected lists"
            raise Misfit(key, "wrong-type", reason)
        if any(len(column) not in {0, len(columns[0])} for column in columns[1:]):
            lengths = ", ".join(str(len(column)) for column in columns)
            reason = f"{key} and its users and statuses have the lengths {lengths}"
            raise Misfit(key, "unequal-lengths", reason)
        for value, user, status in zip_longest(*columns):
            yield _one({"user_id": user, "status": status}, {name: value})


def _one(entry: Mapping[str, Any], values: dict[str, Any]) -> Answer:
    user = text_of(entry.get("user_id")) or None
    answer = Answer(user, "group" if user is None else "human", values)
    # Python writes the status as `ResponseStatus.draft` where nobody took its value.
    status = (text_of(entry.get("status")) or "").rpartition(".")[2]
    if status and status not in _STATUSES:
        raise Misfit("responses", "unknown-value", f"{shown(status)} is no status of a response")
    if status:
        answer.statuses.add(status)
    return answer


def _merged(found: list[Answer]) -> list[Answer]:
    """Gather the values of each user. Those without a name stay apart."""
    named: dict[str, Answer] = {}
    merged: list[Answer] = []
    for answer in found:
        mine = named.get(answer.who) if answer.who is not None else None
        if mine is None:
            merged.append(answer)
            if answer.who is not None:
                named[answer.who] = answer
            continue
        twice = mine.values.keys() & answer.values.keys()
        if twice:
            reason = f"the user {shown(answer.who)} answered {min(twice)!a} twice"
            raise Misfit("responses", "duplicate-response", reason)
        mine.values |= answer.values
        mine.statuses |= answer.statuses
        if len(mine.statuses) > 1:
            reason = f"a response of {shown(answer.who)} is several things at once"
            raise Misfit("responses", "unknown-value", reason)
    return merged


def _bare(value: Any) -> Any:
    """Return a value out of the object that the service wraps it in."""
    return value["value"] if isinstance(value, dict) and "value" in value else value
