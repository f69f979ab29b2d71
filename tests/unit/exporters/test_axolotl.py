"""The folders that axolotl reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from prefdata.exporters.axolotl import Axolotl, axolotl

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_SYSTEM = {"role": "system", "content": "Be kind."}
_USER = {"role": "user", "content": "q"}
_GOOD = {"role": "assistant", "content": "good"}
_BAD = {"role": "assistant", "content": "bad"}
_PAIR = {"prompt": [_USER], "chosen": [_GOOD], "rejected": [_BAD]}


def _write(frame: Any, out: Path, **params: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Write one split and return its rows, and the configuration that reads them."""
    settings, path = axolotl.write(iter([frame]), out, Axolotl(**params))
    assert settings.name == "axolotl.yaml"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    return rows, yaml.safe_load(settings.read_text(encoding="utf-8"))


_TALK = {**_PAIR, "prompt": [_SYSTEM, _USER]}
_STRINGS = {"system": "Be kind.", "chosen": "good", "rejected": "bad"}
_ROWS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "chat-template",
        {"messages": [_SYSTEM, _USER], "chosen": _GOOD, "rejected": _BAD},
        {"rl": "dpo", "type": "chat_template.default"},
    ),
    (
        "argilla-chat",
        {"chosen": [_SYSTEM, _USER, _GOOD], "rejected": [_SYSTEM, _USER, _BAD]},
        {"rl": "dpo", "type": "chat_template.argilla_chat"},
    ),
    ("intel", _STRINGS | {"question": "q"}, {"rl": "dpo", "type": "chatml.intel"}),
    ("prompt-pairs", _STRINGS | {"prompt": "q"}, {"rl": "dpo", "type": "chatml.prompt_pairs"}),
    (
        "orpo",
        {"system": "Be kind.", "chosen": [_USER, _GOOD], "rejected": [_USER, _BAD]},
        {"rl": "orpo", "type": "chat_template.argilla", "remove_unused_columns": False},
    ),
    (
        "bradley-terry",
        _STRINGS | {"input": "q"},
        {"reward_model": True, "type": "bradley_terry.chat_template"},
    ),
]


@pytest.mark.parametrize(("variant", "row", "method"), _ROWS)
def test_each_variant_has_its_columns_and_its_type(
    pairs: Any, tmp_path: Path, variant: str, row: dict[str, Any], method: dict[str, Any]
) -> None:
    rows, settings = _write(pairs(_TALK), tmp_path, variant=variant)
    assert rows == [row]
    (entry,) = settings.pop("datasets")
    kind = {"path": "train.jsonl", "ds_type": "json", "split": "train", "type": method.pop("type")}
    assert entry == kind
    assert settings == method


def test_labels_come_with_the_marks_of_a_template(pairs: Any, tmp_path: Path) -> None:
    rows, settings = _write(pairs(_PAIR), tmp_path, variant="kto", template="llama3")
    assert rows == [
        {"prompt": "q", "completion": "good", "label": True},
        {"prompt": "q", "completion": "bad", "label": False},
    ]
    kind = settings["datasets"][0]["type"]
    assert kind["prompt_format"].format(prompt="q") == (
        "<|start_header_id|>user<|end_header_id|>\n\nq<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )
    assert kind["completion_format"] == "{completion}<|eot_id|>"


def test_blanks_that_a_template_would_trim_are_taken_away(pairs: Any, tmp_path: Path) -> None:
    padded = _PAIR | {"chosen": [{"role": "assistant", "content": " \u2028Yes.\x1c\n"}]}
    (row,), _ = _write(pairs(padded), tmp_path)
    assert row["chosen"]["content"] == "Yes."
    (row,), _ = _write(pairs(padded), tmp_path / "orpo", variant="orpo")
    assert row["chosen"][-1]["content"] == " \u2028Yes.\x1c\n"


def _unfit(frame: Any, variant: Any) -> list[str | None]:
    assert axolotl.unfit is not None
    return axolotl.unfit(frame, Axolotl(variant=variant)).to_list()


def test_responses_that_differ_in_blanks_alone_are_the_same(pairs: Any) -> None:
    frame = pairs(_PAIR | {"rejected": [{"role": "assistant", "content": "good\n"}]})
    assert _unfit(frame, "chat-template") == ["identical-responses"]
    assert _unfit(frame, "orpo") == [None]


@pytest.mark.parametrize("text", ["user", "assistant", "a", "message", "You are a helpful"])
def test_a_response_found_in_the_marks_of_a_template_does_not_fit(pairs: Any, text: str) -> None:
    frame = pairs(_PAIR | {"rejected": [{"role": "assistant", "content": text}]}, _PAIR)
    assert _unfit(frame, "argilla-chat") == ["found-in-template", None]
    assert _unfit(frame, "intel") == [None, None]


def test_splits_to_test_on_are_apart(pairs: Any, tmp_path: Path) -> None:
    frame = pairs({"split": "test"}, {"split": "train"}, {"split": "validation"})
    settings, *_ = axolotl.write(iter([frame]), tmp_path, Axolotl(rl="simpo"))
    text = settings.read_text(encoding="utf-8")
    assert "&" not in text
    read = yaml.safe_load(text)
    assert [entry["path"] for entry in read["datasets"]] == ["train.jsonl"]
    assert [entry["path"] for entry in read["test_datasets"]] == [
        "test.jsonl",
        "validation.jsonl",
    ]
    assert read["rl"] == "simpo"
