"""TRL's dataset formats, read by TRL's own functions where it is installed, else independently.

With TRL (1.16) a row goes through `trl.data_utils`: `is_conversational`, `extract_prompt` where the
prompt is implicit, and `maybe_apply_chat_template` with a template that takes any roles. The rest
is written from *docs/source/dataset_formats.md*: which columns a type of dataset has, that margins
are on every row, that labels are booleans.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from prefdata.testing.trainers._rows import Case, Read, messages, rows_in, said

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import ModuleType

    from prefdata.testing.trainers._rows import Messages, Row

__all__ = ["CASES", "read", "read_by_trl"]

_ROLES = ("system", "user", "assistant", "tool")
_TYPES = {
    frozenset({"prompt", "chosen", "rejected"}): "explicit",
    frozenset({"chosen", "rejected"}): "implicit",
    frozenset({"prompt", "completion", "label"}): "unpaired",
    frozenset({"prompt"}): "prompt-only",
    frozenset({"prompt", "completion"}): "prompt-completion",
    frozenset({"messages"}): "messages",
}
_BESIDE = {"margin", "rationale", "rationale_kind", "rationale_origin", "rationale_chosen"}


def read(folder: Path) -> list[Read]:
    """Read rows of any type of dataset of TRL, without TRL.

    Raises:
        ValueError: If TRL would stop at a row, or learn nothing or wrong things of it.
    """
    return [_read(row, None) for row in rows_in(folder)]


def read_by_trl(folder: Path) -> list[Read]:
    """Read them by TRL's own functions where it is installed; else as `read` does.

    Raises:
        ValueError: If TRL stops at a row, or would learn nothing or wrong things of it.
    """
    own = _own()
    return [_read(row, own) for row in rows_in(folder)]


@cache
def _own() -> ModuleType | None:
    try:
        from trl import data_utils
    except ModuleNotFoundError:
        return None
    found: ModuleType = data_utils
    return found


def _read(row: Row, own: ModuleType | None) -> Read:
    kind = _TYPES.get(frozenset(set(row.values) - _BESIDE))
    if kind is None:
        raise row.refuse(f"no type of dataset has the columns {', '.join(sorted(row.values))}")
    values = {name: value for name, value in row.values.items() if name not in _BESIDE}
    if own is not None:
        values = _through_trl(row, values, own)
    elif kind == "implicit":
        values = _divided(row, values)
    turns = {name: _turns(row, name, value) for name, value in values.items() if name != "label"}
    if kind == "messages":
        return _of_conversation(row, turns["messages"])
    _asks(row, turns["prompt"], is_whole=kind == "implicit")
    if kind == "prompt-only":
        return Read(row.split, prompt=turns["prompt"])
    if kind == "prompt-completion":
        _answers(row, turns["completion"])
        return Read(row.split, prompt=turns["prompt"], response=turns["completion"])
    if kind == "unpaired":
        _answers(row, turns["completion"])
        label = values["label"]
        row.check(isinstance(label, bool), "a label is true or false")
        return Read(
            row.split, prompt=turns["prompt"], response=turns["completion"], label=bool(label)
        )
    for name in ("chosen", "rejected"):
        _answers(row, turns[name])
    row.check(turns["chosen"] != turns["rejected"], "chosen and rejected are different")
    return Read(
        row.split,
        prompt=turns["prompt"],
        chosen=turns["chosen"],
        rejected=turns["rejected"],
        margin=_margin(row),
    )


def _through_trl(row: Row, values: Mapping[str, Any], own: ModuleType) -> dict[str, Any]:
    """Return what TRL makes of a row: with the prompt apart.

    Raises:
        ValueError: If TRL stops.
    """
    example = dict(values)
    try:
        # Of an implicit row TRL takes the prompt where a trainer needs one.
        if "messages" not in example and "prompt" not in example:
            example = own.extract_prompt(example)
        texts = sorted(example.keys() - {"label"})
        taken = [own.is_conversational({name: example[name]}) for name in texts]
        made = own.maybe_apply_chat_template(dict(example), _Template())
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise row.refuse(f"TRL stops: {type(error).__name__}: {error}") from error
    kinds = [isinstance(example[name], list) for name in texts]
    row.check(taken == kinds, "TRL takes conversations for conversations")
    row.check(all(made[name] for name in made.keys() - {"label"}), "TRL leaves some text of each")
    return example


class _Template:
    """A template that takes any roles; what a tokenizer is to `maybe_apply_chat_template`."""

    def apply_chat_template(
        self, turns: list[dict[str, str]], *, add_generation_prompt: bool = False, **_: object
    ) -> str:
        text = "".join(f"<{turn['role']}>{turn['content']}\n" for turn in turns)
        return f"{text}<assistant>" if add_generation_prompt else text


def _divided(row: Row, values: Mapping[str, Any]) -> dict[str, Any]:
    chosen, rejected = values["chosen"], values["rejected"]
    row.check(isinstance(chosen, list) and isinstance(rejected, list), "they are conversations")
    n_shared = 0
    for one, other in zip(chosen, rejected, strict=False):
        if one != other:
            break
        n_shared += 1
    return {
        "prompt": chosen[:n_shared],
        "chosen": chosen[n_shared:],
        "rejected": rejected[n_shared:],
    }


def _turns(row: Row, name: str, value: object) -> Messages:
    if isinstance(value, str):
        return said("user" if name == "prompt" else "assistant", value)
    found = messages(row, value, name, _ROLES)
    row.check(found, f"{name} has a message")
    return found


def _asks(row: Row, prompt: Messages, *, is_whole: bool) -> None:
    row.check(prompt[-1].content.strip(), "the last message of a prompt has text")
    is_open = prompt[-1].role in {"user", "tool"}
    row.check(is_open or is_whole, "a prompt ends with what an assistant answers")


def _answers(row: Row, response: Messages) -> None:
    row.check(response[-1].role == "assistant", "a response ends with the assistant")
    row.check(response[-1].content.strip(), "a response has text")


def _of_conversation(row: Row, turns: Messages) -> Read:
    _answers(row, turns)
    row.check(len(turns) > 1, "a conversation has a question and an answer")
    return Read(row.split, prompt=turns[:-1], response=turns[-1:])


def _margin(row: Row) -> float | None:
    if "margin" not in row.values:
        return None
    margin = row.values["margin"]
    row.check(isinstance(margin, float) and math.isfinite(margin), "a margin is a number")
    return float(margin)


def _last_turn(read: Read) -> Read:
    """Return it with the last message as the response; a conversation does not tell more."""
    turns = (read.prompt or ()) + (read.response or ())
    return replace(read, prompt=turns[:-1], response=turns[-1:])


CASES = (
    Case("trl", "explicit", {}, read),
    Case("trl", "explicit-margin-jsonl", {"with_margin": True, "file": "jsonl"}, read),
    Case("trl", "explicit-strings", {"messages": False}, read),
    Case("trl", "implicit", {"kind": "implicit"}, read),
    Case("trl", "unpaired", {"kind": "unpaired"}, read, "labels"),
    Case("trl", "prompt-only", {"kind": "prompt-only"}, read, "prompts"),
    Case("trl", "prompt-completion", {"kind": "prompt-completion"}, read, "responses"),
    Case("trl", "messages", {"kind": "messages"}, read, "responses", _last_turn),
)
