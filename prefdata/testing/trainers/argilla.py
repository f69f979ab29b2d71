"""An independent reader of Argilla's records; it is not the client's code.

Written from the client 2.8.0 (``Record.from_dict``, ``DatasetModel``, ``Settings.from_json``) and
the server's schemas (``chat.py``, ``records.py``): which keys a record has, that values are among
those of the question, that users are UUIDs, that messages have at most 20,000 characters.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from prefdata.testing.trainers._rows import Case, Read, Row, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["CASES", "read"]

_SIDES = ("response_a", "response_b")
_ROLES = ("system", "user", "assistant", "tool")
_LONGEST = 20_000
_KEYS = {
    *("id", "fields", "metadata", "suggestions", "responses", "vectors", "status", "_server_id"),
}


def read(folder: Path) -> list[Read]:
    """Read records with the settings that lie beside them.

    Raises:
        ValueError: If the client or the server would refuse a record.
    """
    settings = json.loads((folder / ".argilla" / "settings.json").read_text("ascii"))
    json.loads((folder / ".argilla" / "dataset.json").read_text("ascii"))["name"]
    (asked,) = (one for one in settings["questions"] if one["name"] == "preference")
    options = [option["value"] for option in asked["settings"]["options"]]
    types = {one["name"]: one["settings"]["type"] for one in settings["metadata"]}
    return [_read(row, options, types) for row in _rows(folder)]


def _rows(folder: Path) -> Iterator[Row]:
    path = folder / "records.json"
    if path.exists():
        values = json.loads(path.read_text("ascii"))
    else:
        path = folder / "records.jsonl"
        values = [json.loads(line) for line in path.read_text("ascii").split("\n") if line]
    for number, value in enumerate(values, start=1):
        yield Row(value["metadata"]["split"], f"{path.name} record {number}", value)


def _read(row: Row, options: list[str], types: dict[str, str]) -> Read:
    row.check(set(row.values) == _KEYS, "a record has the keys of the client")
    fields = Row(row.split, row.place, row.values["fields"])
    prompt = fields.turns("prompt", _ROLES)
    row.check(prompt, "a chat has a message")
    row.check(max(len(turn.content) for turn in prompt) <= _LONGEST, "messages are not too long")
    for name, value in row.values["metadata"].items():
        kind = {"terms": str, "float": float, "integer": int}[types[name]]
        row.check(isinstance(value, kind), f"{name} is of the type {types[name]}")
    texts = [fields.text(side) for side in _SIDES]
    row.check("\0" not in "".join([*texts, *(turn.content for turn in prompt)]), "no NUL")
    value = _value(row)
    if value is None:
        return Read(row.split, prompt=prompt)
    first = value[0] if isinstance(value, list) else value
    row.check(first in options, "a value is one of the question's options")
    is_a = first == _SIDES[0]
    return Read(
        row.split,
        prompt=prompt,
        chosen=said("assistant", texts[0 if is_a else 1]),
        rejected=said("assistant", texts[1 if is_a else 0]),
    )


def _value(row: Row) -> Any:
    """Return the value that somebody submitted, else the one that is suggested."""
    for response in row.values["responses"].get("preference", []):
        uuid.UUID(response["user_id"])
        row.check(response["status"] in {"draft", "submitted", "discarded"}, "a known status")
        return response["value"]
    suggestion = row.values["suggestions"].get("preference")
    if suggestion is None:
        return None
    row.check(set(suggestion) <= {"value", "score", "agent", "type"}, "a known suggestion")
    row.check(suggestion.get("type") in {None, "model", "human"}, "a known type of suggestion")
    return suggestion["value"]


CASES = (
    Case("argilla", "suggestions", {}, read),
    Case("argilla", "responses-ranking", {"choice": "response", "question": "ranking"}, read),
    Case("argilla", "jsonl", {"file": "jsonl"}, read),
)
