"""An independent reader of LLaMA-Factory's folders; it is not the trainer's code.

Written from *data/README.md*, *src/llamafactory/data/parser.py* (what an entry of
``dataset_info.json`` means), *converter.py* (roles by position, an odd number of turns before two
responses, an even number with a label; else the row is skipped).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from prefdata.testing.trainers._rows import Case, Message, Messages, Read, data_files, rows_of, said
from prefdata.testing.trainers._rules import labelled, paired

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prefdata.testing.trainers._rows import Row

__all__ = ["CASES", "read"]

_SIDES = ("chosen", "rejected")
_COLUMNS = {"prompt": "instruction", "query": "input", "messages": "conversations"}
_TAGS = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "system_tag": "system",
}


def read(folder: Path) -> list[Read]:
    """Read all datasets that ``dataset_info.json`` names.

    Raises:
        ValueError: If the file is absent, does not name all files of the folder, or the trainer
            would skip a row, stop at it, or learn nothing or wrong things of it.
    """
    place = folder / "dataset_info.json"
    if not place.is_file():
        message = f"{place}: it must ship with the data"
        raise ValueError(message)
    info = json.loads(place.read_text(encoding="utf-8"))
    named = sorted(entry["file_name"] for entry in info.values())
    present = sorted(path.name for path in data_files(folder))
    if named != present:
        message = f"{place}: it names {named}, and the folder has {present}"
        raise ValueError(message)
    found: list[Read] = []
    for entry in info.values():
        found += [_Example(row, entry).read() for row in rows_of(folder / entry["file_name"])]
    return found


class _Example:
    """A row under the entry that declares its columns and tags."""

    def __init__(self, row: Row, entry: Mapping[str, Any]) -> None:
        self._row = row
        self._entry = entry
        self._columns = entry.get("columns", _COLUMNS)
        # As the trainer does: a column that is declared is read from every row.
        missing = set(self._columns.values()) - set(row.values)
        row.check(not missing, f"declared columns are there: {sorted(missing)}")
        # As the trainer does: where tags are declared, none keeps its default.
        self._tags = entry.get("tags", _TAGS)

    def read(self) -> Read:
        if self._entry.get("formatting", "alpaca") == "alpaca":
            return self._read_alpaca()
        turns, system = self._turns()
        if "kto_tag" in self._columns:
            self._row.check(len(turns) % 2 == 0, "an even number of turns, else it is skipped")
            label = self._value("kto_tag")
            return labelled(self._row, system + turns[:-1], turns[-1:], label)
        self._row.check(self._entry.get("ranking") is True, "two responses need ranking: true")
        self._row.check(len(turns) % 2 == 1, "an odd number of turns, else it is skipped")
        sides = [self._message(self._value(side), "assistant_tag") for side in _SIDES]
        return paired(self._row, system + turns, (sides[0],), (sides[1],))

    def _read_alpaca(self) -> Read:
        self._row.check(self._entry.get("ranking") is True, "two responses need ranking: true")
        prompt: Messages = ()
        for pair in self._value("history") or []:
            self._row.check(len(pair) == len(_SIDES), "history is of questions and responses")
            prompt += said("user", pair[0]) + said("assistant", pair[1])
        asked = [text for name in ("prompt", "query") if (text := self._value(name))]
        prompt += said("user", "\n".join(asked))
        sides = [said("assistant", self._row.text(self._columns[side])) for side in _SIDES]
        return paired(self._row, self._system() + prompt, sides[0], sides[1])

    def _turns(self) -> tuple[Messages, Messages]:
        """Return the turns and the system message, roles by position."""
        told = self._value("messages")
        self._row.check(isinstance(told, list), "messages is a list")
        role, tag = self._tags["role_tag"], self._tags.get("system_tag")
        system = self._system()
        if tag and told and told[0][role] == tag:
            system, told = (self._message(told[0], "system_tag"),), told[1:]
        tags = ("user_tag", "assistant_tag")
        turns = tuple(self._message(turn, tags[i % 2]) for i, turn in enumerate(told))
        return turns, system

    def _message(self, turn: Mapping[str, str], tag: str) -> Message:
        """Return a turn that must have the role of its place."""
        role = turn[self._tags["role_tag"]]
        self._row.check(role == self._tags[tag], f"{role} is not {self._tags[tag]}: it is skipped")
        return Message(tag.removesuffix("_tag"), turn[self._tags["content_tag"]])

    def _system(self) -> Messages:
        text = self._value("system") if "system" in self._columns else ""
        return said("system", text) if text else ()

    def _value(self, column: str) -> Any:
        return self._row.values[self._columns[column]]


CASES = (
    Case("llama-factory", "sharegpt", {}, read),
    Case("llama-factory", "sharegpt-parquet", {"file": "parquet"}, read),
    Case("llama-factory", "openai", {"variant": "openai"}, read),
    Case("llama-factory", "alpaca", {"variant": "alpaca"}, read),
    Case("llama-factory", "kto", {"variant": "kto"}, read, gives="labels"),
)
