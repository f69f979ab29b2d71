"""Cells of a raw row: taken apart into messages, and put together again without a loss.

``prompts.raw`` keeps each field of the raw row as it is, but for the cells whose words went to
``messages``. How to put those together again stands under the key ``prefdata``, one template for
each cell: ``{"cells": {"question": ["text", "prompt"], "reply": ["messages", "chosen"]}}``.

=================================  ===========================================================
template                           the cell is
=================================  ===========================================================
``["text", part]``                 the words of the last message of the part
``["messages", part]``             the messages of the part, as role and content
``["filled", part, items]``        messages with other fields; words go back under the key given
``["one", part, item]``            the same, for a cell that is one message and no list
``["list", templates]``            a list of cells
``["object", rest, templates]``    an object: its other fields, and a template for some
``["value", value]``               the value itself
=================================  ===========================================================

A part is ``prompt``, the key of a response (what follows the last ``/`` of its id), or
``prompt+<key>`` for the messages of both in turn.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.tables.coerce import Misfit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "MARK",
    "ROLES",
    "Messages",
    "as_came",
    "from_cell",
    "pack",
    "rebuild_rows",
    "shown",
    "spell",
    "text_of",
]

MARK = "prefdata"
"""Key in ``prompts.raw`` that is ours; a field of the source with that name moves below it."""

Messages = list[dict[str, str]]

ROLES = {
    "assistant": "assistant",
    "chatgpt": "assistant",
    "developer": "system",
    "function": "tool",
    "function_call": "assistant",
    "gpt": "assistant",
    "human": "user",
    "model": "assistant",
    "observation": "tool",
    "system": "system",
    "tool": "tool",
    "user": "user",
}
"""Roles in the words of TRL, ShareGPT and their kin, and the role that stands here for each."""

_EXACT_FLOAT = 2**53


def from_cell(cell: Any, part: str, field: str, *, role: str) -> tuple[Messages, list[Any]]:
    """Take a cell apart into messages and its template.

    Args:
        cell: A string, a list of messages, or one message.
        part: Where the messages will be found again.
        field: Name of the field, for the reject.
        role: Role of a string.

    Raises:
        Misfit: If it is none of them, a role is unknown, or there are no words to show.
    """
    if isinstance(cell, str):
        return [{"role": role, "content": _unicode(cell, field)}], ["text", part]
    if isinstance(cell, dict):
        message, item = _from_message(cell, field)
        return [message], ["one", part, item]
    if not isinstance(cell, list):
        message_or = "a string or a list of messages"
        raise Misfit(field, "wrong-type", f"{field} is {shown(cell)}, expected {message_or}")
    both = [_from_message(item, field) for item in cell]
    messages = [message for message, _ in both]
    if cell == messages:
        return messages, ["messages", part]
    return messages, ["filled", part, [item for _, item in both]]


def _from_message(value: Any, field: str) -> tuple[dict[str, str], list[Any]]:
    """Return role and content, and the item that a template keeps of the message."""
    if not isinstance(value, dict):
        raise Misfit(field, "wrong-type", f"{field} holds {shown(value)}, expected a message")
    is_sharegpt = "from" in value and "role" not in value
    role_key, key = ("from", "value") if is_sharegpt else ("role", "content")
    role = value.get(role_key)
    if not isinstance(role, str):
        raise Misfit(field, "missing-field", f"a message of {field} has no {role_key!r}")
    if role not in ROLES:
        raise Misfit(field, "unknown-value", f"a message of {field} has the role {shown(role)}")
    content = value.get(key)
    if isinstance(content, str):
        rest = {name: item for name, item in value.items() if name != key}
        return {"role": ROLES[role], "content": _unicode(content, field)}, [key, rest]
    words = _unicode(_words(content, value, field), field)
    return {"role": ROLES[role], "content": words}, [None, value]


def _unicode(text: str, field: str) -> str:
    # JSON can spell half of a surrogate pair, which no UTF-8 file can hold.
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            reason = f"{field} holds half of a surrogate pair"
            raise Misfit(field, "not-unicode", reason) from error
    return text


def _words(content: Any, message: dict[str, Any], field: str) -> str:
    """Return the words of a content that is not a string: text parts, or none beside a call."""
    if isinstance(content, list) and content:
        texts = [
            part.get("text")
            for part in content
            if isinstance(part, dict) and part.get("type") == "text"
        ]
        if len(texts) == len(content) and all(isinstance(text, str) for text in texts):
            return "".join(str(text) for text in texts)
        raise Misfit(field, "not-text", f"a message of {field} holds {shown(content)}")
    if content is None and (message.get("tool_calls") or message.get("function_call")):
        return ""
    if content is None:
        raise Misfit(field, "missing-field", f"a message of {field} has no content")
    raise Misfit(field, "wrong-type", f"the content of a message of {field} is {shown(content)}")


def pack(fields: Mapping[str, Any], cells: Mapping[str, Any]) -> str:
    """Write ``prompts.raw``: the fields as they are, and how to put the cells together again.

    Raises:
        Misfit: If a string is not Unicode, or the row nests too deeply.
    """
    mark: dict[str, Any] = {"cells": cells}
    if MARK in fields:
        mark["field"] = fields[MARK]
    return spell({**fields, MARK: mark})


def spell(value: Any) -> str:
    """Write a value as JSON in one spelling: sorted keys, and whole numbers without a fraction.

    Ids come from it, so it may not depend on which reader the row came through. Times are
    written in ISO 8601, bytes in base64, decimals as strings.

    Raises:
        Misfit: If a string is not Unicode, or the value nests too deeply.
    """
    try:
        text = json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        text.encode()
    except UnicodeEncodeError as error:
        raise Misfit(None, "not-unicode", f"a string is not Unicode: {error.reason}") from error
    except (RecursionError, ValueError) as error:
        raise Misfit(None, "invalid-json", f"it cannot be written as JSON: {error}") from error
    return text


def _plain(value: Any) -> Any:  # noqa: PLR0911 - one line for each type
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _EXACT_FLOAT else value
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, pl.Series):
        return [_plain(item) for item in value.to_list()]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return repr(value)


def text_of(value: Any) -> str | None:
    """Return a single value in the source's words; null stays null."""
    return value if value is None or isinstance(value, str) else spell(value)


def shown(value: Any) -> str:
    """Return the start of a value as a reason or a heading shows it."""
    try:
        return ascii(value)[:80]
    except RecursionError:
        return "a deeply nested value"


def as_came(value: Any) -> str:
    """Return a rejected row as JSON, whatever it holds."""
    try:
        return json.dumps(value, default=repr)
    except (RecursionError, ValueError, TypeError):
        return shown(value)


def rebuild_rows(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble the raw rows of each file, in their order, from prompts and responses."""
    responses: dict[str, dict[str, Messages]] = {}
    columns = ["prompt_id", "response_id", "messages"]
    for prompt_id, response_id, messages in tables["responses"].select(columns).iter_rows():
        responses.setdefault(prompt_id, {})[response_id.rsplit("/", 1)[1]] = messages
    files: dict[str, list[dict[str, Any]]] = {}
    prompts = tables["prompts"].select("prompt_id", "messages", "raw", "file", "row")
    # A loop over rows: this is the proof that nothing is lost, not a hot path.
    for row in prompts.sort("file", "row").iter_rows(named=True):
        parts = {"prompt": row["messages"], **responses.get(row["prompt_id"], {})}
        fields = json.loads(row["raw"])
        mark = fields.pop(MARK)
        fields |= {MARK: mark["field"]} if "field" in mark else {}
        fields |= {name: _to_cell(how, parts) for name, how in mark["cells"].items()}
        files.setdefault(row["file"], []).append(fields)
    return files


def _to_cell(how: Sequence[Any], parts: Mapping[str, Messages]) -> Any:
    kind = how[0]
    if kind == "value":
        return how[1]
    if kind == "list":
        return [_to_cell(item, parts) for item in how[1]]
    if kind == "object":
        return {**how[1], **{name: _to_cell(item, parts) for name, item in how[2].items()}}
    messages = [turn for part in how[1].split("+") for turn in parts[part]]
    if kind == "text":
        return messages[-1]["content"]
    if kind == "messages":
        return messages
    items = [how[2]] if kind == "one" else how[2]
    filled = [
        rest if key is None else {**rest, key: turn["content"]}
        for (key, rest), turn in zip(items, messages, strict=True)
    ]
    return filled[0] if kind == "one" else filled
