"""An independent reader of axolotl's folders; it is not the trainer's code.

Written from *docs/rlhf.qmd*, *docs/reward_modelling.qmd* and the modules of
*src/axolotl/prompt_strategies* that ``type`` names. It follows ``axolotl.yaml`` as the trainer
would. For the types that search a response in the text of a template (``chat_template.default``,
``argilla_chat``) it lays two templates, one that trims and one that does not, and cuts as they do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from prefdata.testing.trainers._rows import Case, Message, Messages, Read, data_files, rows_of, said
from prefdata.testing.trainers._rules import alternates, divided, labelled, paired

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from prefdata.testing.trainers._rows import Row

__all__ = ["CASES", "read"]

_KINDS = {"json": ".jsonl", "parquet": ".parquet"}
_METHODS = {"dpo": "dpo", "ipo": "dpo", "simpo": "dpo", "orpo": "orpo", "kto": "kto"}


def read(folder: Path) -> list[Read]:
    """Read all datasets that ``axolotl.yaml`` names.

    Raises:
        ValueError: If the file is absent, does not name all files of the folder, names a type that
            its method has not, or the trainer would stop at a row, or learn nothing or wrong things
            of it.
    """
    place = folder / "axolotl.yaml"
    settings = yaml.safe_load(place.read_text(encoding="utf-8"))
    entries = settings.get("datasets", []) + settings.get("test_datasets", [])
    named = sorted(entry["path"] for entry in entries)
    present = sorted(path.name for path in data_files(folder))
    if named != present:
        message = f"{place}: it names {named}, and the folder has {present}"
        raise ValueError(message)
    found: list[Read] = []
    for entry in entries:
        reader = _reader(settings, entry)
        if entry["split"] != "train" or _KINDS[entry["ds_type"]] not in entry["path"]:
            message = f"{place}: a single file is the split train of its kind"
            raise ValueError(message)
        found += [reader(row) for row in rows_of(folder / entry["path"])]
    return found


def _reader(settings: Mapping[str, Any], entry: Mapping[str, Any]) -> Callable[[Row], Read]:
    kind = entry["type"]
    method = "rm" if settings.get("reward_model") else _METHODS[settings["rl"]]
    if method == "kto" and isinstance(kind, dict):
        return lambda row: _read_kto(row, kind)
    readers = {
        ("dpo", "chat_template.default"): _read_default,
        ("dpo", "chat_template.argilla_chat"): _read_argilla,
        ("dpo", "chatml.intel"): lambda row: _read_strings(row, "question"),
        ("dpo", "llama3.intel"): lambda row: _read_strings(row, "question"),
        ("dpo", "chatml.prompt_pairs"): lambda row: _read_strings(row, "prompt"),
        ("dpo", "llama3.prompt_pairs"): lambda row: _read_strings(row, "prompt"),
        ("orpo", "chat_template.argilla"): _read_orpo,
        ("rm", "bradley_terry.chat_template"): lambda row: _read_strings(row, "input"),
    }
    if (method, kind) not in readers:
        message = f"{method} has no type {kind}"
        raise ValueError(message)
    return readers[method, kind]


def _read_default(row: Row) -> Read:
    prompt = row.turns("messages")
    chosen, rejected = (_one(row, side) for side in ("chosen", "rejected"))
    return _searched(row, prompt, chosen, rejected)


def _read_argilla(row: Row) -> Read:
    return _searched(row, *divided(row, row.turns("chosen"), row.turns("rejected")))


def _read_orpo(row: Row) -> Read:
    """Read two conversations; roles are those of their places."""
    row.check("prompt" not in row.values, "a prompt would be taken for every turn of the user")
    prompt, chosen, rejected = divided(row, row.turns("chosen"), row.turns("rejected"))
    alternates(row, prompt, system=False)
    return paired(row, _system(row) + prompt, chosen, rejected)


def _read_strings(row: Row, question: str) -> Read:
    return paired(
        row,
        _system(row) + said("user", row.text(question)),
        said("assistant", row.text("chosen")),
        said("assistant", row.text("rejected")),
    )


def _read_kto(row: Row, kind: Mapping[str, str]) -> Read:
    prompt = row.text(kind["field_prompt"])
    response = row.text(kind["field_completion"])
    marked = kind["prompt_format"].format(prompt=prompt)
    row.check(prompt in marked and prompt != marked, "a prompt has the marks of a template")
    marked = kind["completion_format"].format(completion=response)
    row.check(marked.startswith(response) and response != marked, "a response has an end mark")
    label = row.values[kind["field_label"]]
    return labelled(row, said("user", prompt), said("assistant", response), label)


def _system(row: Row) -> Messages:
    text = row.text("system")
    return said("system", text) if text else ()


def _one(row: Row, side: str) -> Messages:
    turn = row.values.get(side)
    if not isinstance(turn, dict) or set(turn) != {"role", "content"}:
        raise row.refuse(f"{side} is one message")
    return (Message(turn["role"], turn["content"]),)


def _searched(row: Row, prompt: Messages, chosen: Messages, rejected: Messages) -> Read:
    """Return a pair whose responses are found where they begin, under any template."""
    alternates(row, prompt)
    for turn in (*chosen, *rejected):
        for lay, end in ((_chatml, "<|im_end|>"), (_llama3, "<|eot_id|>")):
            text = lay("[[dummy_message]]", turn.content)
            cut = text[text.find(turn.content) :].rstrip()
            row.check(cut == turn.content + end, "a response is found where it begins")
    return paired(row, prompt, chosen, rejected)


def _chatml(question: str, response: str) -> str:
    """Lay ChatML, which takes texts as they are."""
    return "".join(
        f"<|im_start|>{role}\n{text}<|im_end|>\n"
        for role, text in (("user", question), ("assistant", response))
    )


def _llama3(question: str, response: str) -> str:
    """Lay the template of Llama 3, which trims."""
    return "<|begin_of_text|>" + "".join(
        f"<|start_header_id|>{role}<|end_header_id|>\n\n{text.strip()}<|eot_id|>"
        for role, text in (("user", question), ("assistant", response))
    )


def _trimmed(read: Read) -> Read:
    """Return a pair without blanks around its responses."""
    return replace(read, chosen=_trim(read.chosen), rejected=_trim(read.rejected))


def _trim(messages: Messages | None) -> Messages:
    return tuple(Message(turn.role, turn.content.strip()) for turn in messages or ())


def _case(variant: str, gives: str = "pairs", **params: str) -> Case:
    return Case("axolotl", variant, {"variant": variant, **params}, read, gives)


CASES = (
    replace(_case("chat-template"), keeps=_trimmed),
    replace(_case("argilla-chat", rl="simpo", file="parquet"), keeps=_trimmed),
    _case("intel", template="llama3", rl="ipo"),
    _case("prompt-pairs"),
    _case("orpo"),
    _case("kto", "labels"),
    _case("bradley-terry"),
)
