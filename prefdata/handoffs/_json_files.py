"""Read what annotation tools export as JSON: an array, an envelope around one, or JSON Lines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BadLine", "Items", "no_known_shape", "read_items"]

_ENVELOPES = ("records", "tasks", "items")
"""Keys under which an array of items may lie: ours, and those of the tools' own services."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of JSON Lines that is no JSON."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Items:
    """What a file holds."""

    items: list[Any]
    """JSON values, and a `BadLine` for each line that is none."""
    envelope: dict[str, Any]
    """What stood beside the array; empty where there was nothing around it."""


def read_items(path: Path, *, tool: str) -> Items:
    """Read a file of JSON or JSON Lines.

    Args:
        path: The file.
        tool: Name of the tool, as people write it, for errors.

    Raises:
        DataError: If it is neither, or cannot be read.
    """
    text = _text(path, tool)
    if not text.strip():
        raise _wrong("The file is empty.", path, tool)
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise _wrong("The JSON nests too deeply.", path, tool) from error
    except json.JSONDecodeError as error:
        lines = _lines(text)
        if lines is not None:
            return Items(lines, {})
        place = f"{path.name}: line {error.lineno}, column {error.colno}"
        raise _wrong(f"The file is no JSON: {error.msg}.", place, tool) from error
    except ValueError as error:
        # An integer with thousands of digits.
        raise _wrong(f"The JSON cannot be read: {str(error)[:100]}.", path, tool) from error
    return _opened(value)


def no_known_shape(path: Path, *, tool: str, wants: str) -> DataError:
    """Make the error for JSON that holds nothing of a tool.

    Args:
        path: The file.
        tool: Name of the tool, as people write it.
        wants: What each item should have.
    """
    return _wrong(
        f"Nothing in the file is an answer in {tool}: {wants}.", f"{path.name}: item 0", tool
    )


def _opened(value: Any) -> Items:
    """Take the array out of what is around it."""
    if isinstance(value, list):
        return Items(value, {})
    if isinstance(value, dict):
        for key in _ENVELOPES:
            if isinstance(value.get(key), list):
                rest = {name: item for name, item in value.items() if name != key}
                return Items(value[key], rest)
        # The columns of Argilla's `to_dict(flatten=True)`.
        if isinstance(value.get("id"), list):
            return Items(_rows(value), {})
    return Items([value], {})


def _rows(columns: dict[str, Any]) -> list[Any]:
    n_rows = max(len(column) for column in columns.values() if isinstance(column, list))
    return [
        {
            name: column[place]
            for name, column in columns.items()
            if isinstance(column, list) and place < len(column)
        }
        for place in range(n_rows)
    ]


def _lines(text: str) -> list[Any] | None:
    """Read JSON Lines; None if that is not what the file is."""
    if not text.lstrip().startswith("{"):
        return None
    values: list[Any] = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            values.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            values.append(BadLine(line.strip(), str(error)[:100]))
    n_objects = sum(isinstance(value, dict) for value in values)
    return values if n_objects and len(values) > 1 else None


def _text(path: Path, tool: str) -> str:
    try:
        data = path.read_bytes()
        return data.decode(json.detect_encoding(data))
    except UnicodeDecodeError as error:
        place = f"{path.name}: byte {error.start}"
        raise _wrong(f"The file is no text in {error.encoding}.", place, tool) from error
    except OSError as error:
        raise _wrong(f"The file cannot be read: {error.strerror}.", path, tool) from error


def _wrong(what: str, where: Path | str, tool: str) -> DataError:
    return DataError(
        what,
        where=where if isinstance(where, str) else str(where),
        fix=f"Export the answers from {tool} again, as the README beside the tasks says.",
    )
