"""Rows of files as a trainer meets them, and what a reader makes of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = [
    "Case",
    "Message",
    "Messages",
    "Read",
    "Reader",
    "Row",
    "data_files",
    "messages",
    "rows_in",
    "rows_of",
    "said",
    "split_of",
]


_SUFFIXES = (".parquet", ".jsonl")


class Message(NamedTuple):
    """One turn of a conversation."""

    role: str
    content: str


Messages = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """What a trainer would train on, of one row: a pair, or one response with its label."""

    split: str
    prompt: Messages | None = None
    """None where the format does not tell the prompt from the responses."""
    chosen: Messages | None = None
    rejected: Messages | None = None
    margin: float | None = None
    response: Messages | None = None
    """Of formats with a row for each response; those of prompts alone have none either."""
    label: bool | None = None
    """Whether `response` was the chosen one."""


def _all(read: Read) -> Read:
    return read


Reader = Callable[["Path"], list[Read]]
"""Reads the folder of an export; raises ValueError where its trainer would refuse or misread."""


@dataclass(frozen=True, slots=True)
class Case:
    """A format, one of its variants, and who reads it."""

    exporter: str
    variant: str
    params: Mapping[str, Any]
    """Parameters of the exporter that give this variant."""
    read: Reader
    gives: str = "pairs"
    """What its rows are: ``pairs``, ``labels`` (each response with its label, two for a pair),
    ``responses`` (each chosen one once) or ``prompts`` (each prompt once)."""
    keeps: Callable[[Read], Read] = _all
    """What the format keeps of a row, where that is not all: blanks that it takes away, say."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file."""

    split: str
    place: str
    """File and number of the row, from 1."""
    values: Mapping[str, Any]

    def refuse(self, rule: str) -> ValueError:
        """Return the error of a row that breaks a rule of the trainer."""
        return ValueError(f"{self.place}: {rule}")

    def check(self, is_kept: object, rule: str) -> None:
        """Refuse the row unless a rule of the trainer is kept.

        Raises:
            ValueError: With the place and the rule.
        """
        if not is_kept:
            raise self.refuse(rule)

    def text(self, column: str) -> str:
        """Return a column that must be a string.

        Raises:
            ValueError: If it is absent or something else.
        """
        value = self.values.get(column)
        if not isinstance(value, str):
            raise self.refuse(f"{column} is a string")
        return value

    def turns(
        self, column: str, roles: Sequence[str] = ("system", "user", "assistant")
    ) -> Messages:
        """Return a column that must be a list of messages with role and content.

        Raises:
            ValueError: If it is absent, something else, or a role is not among those named.
        """
        return messages(self, self.values.get(column), column, roles)


def messages(
    row: Row, value: object, name: str, roles: Sequence[str] = ("system", "user", "assistant")
) -> Messages:
    """Return a value that must be a list of messages with role and content.

    Args:
        row: Whose value it is.
        value: The value.
        name: What to call it.
        roles: Those that the trainer knows.

    Raises:
        ValueError: If it is no list of messages, or a role is another.
    """
    row.check(isinstance(value, list), f"{name} is a list of messages")
    found = []
    for turn in value if isinstance(value, list) else []:
        is_plain = isinstance(turn, dict) and {"role", "content"} <= set(turn)
        row.check(is_plain, f"each message of {name} has role and content")
        row.check(isinstance(turn["content"], str), f"the content of {name} is a string")
        row.check(turn["role"] in roles, f"a role of {name} is one of {', '.join(roles)}")
        found.append(Message(turn["role"], turn["content"]))
    return tuple(found)


def said(role: str, text: str) -> Messages:
    """Return one message."""
    return (Message(role, text),)


def split_of(name: str) -> str:
    """Return the split that a file is of: its name without suffix and number of the shard.

    >>> split_of("train-00000-of-00002.parquet")
    'train'
    """
    return re.sub(r"-\d{5}-of-\d{5}$", "", name.rsplit(".", 1)[0])


def rows_in(folder: Path) -> Iterator[Row]:
    """Yield the rows of all Parquet and JSON Lines files of a folder, files in order of names."""
    for path in data_files(folder):
        yield from rows_of(path)


def data_files(folder: Path) -> list[Path]:
    """Return the Parquet and JSON Lines files of a folder, in order of their names."""
    return sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES)


def rows_of(path: Path) -> Iterator[Row]:
    """Yield the rows of a Parquet or JSON Lines file.

    Lines end at a line feed and nowhere else: texts may hold other separators of lines.
    """
    if path.suffix == ".parquet":
        values = pq.read_table(path).to_pylist()
    else:
        values = [json.loads(line) for line in path.read_bytes().split(b"\n") if line]
    split = split_of(path.name)
    for number, row in enumerate(values, start=1):
        yield Row(split, f"{path.name} row {number}", row)
