"""The folders that LLaMA-Factory reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from prefdata.exporters.llama_factory import LlamaFactory, llama_factory

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_SYSTEM = {"role": "system", "content": "Be kind."}
_USER = {"role": "user", "content": "q"}
_GOOD = {"role": "assistant", "content": "good"}
_BAD = {"role": "assistant", "content": "bad"}
_PAIR = {"prompt": [_USER], "chosen": [_GOOD], "rejected": [_BAD]}


def _write(frame: Any, out: Path, **params: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Write one split and return its rows, and the entry that declares it."""
    info, path = llama_factory.write(iter([frame]), out, LlamaFactory(**params))
    assert info.name == "dataset_info.json"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    return rows, json.loads(info.read_text(encoding="utf-8"))


_TALK = [_SYSTEM, _USER, _GOOD, {"role": "user", "content": "r"}]


def test_conversations_have_human_and_gpt(pairs: Any, tmp_path: Path) -> None:
    (row,), info = _write(pairs(_PAIR | {"prompt": _TALK}), tmp_path)
    assert row == {
        "conversations": [
            {"from": "human", "value": "q"},
            {"from": "gpt", "value": "good"},
            {"from": "human", "value": "r"},
        ],
        "chosen": {"from": "gpt", "value": "good"},
        "rejected": {"from": "gpt", "value": "bad"},
        "system": "Be kind.",
    }
    assert info == {
        "pairs_train": {
            "file_name": "train.jsonl",
            "formatting": "sharegpt",
            "ranking": True,
            "columns": {
                "messages": "conversations",
                "chosen": "chosen",
                "rejected": "rejected",
                "system": "system",
            },
        }
    }


def test_other_names_are_declared_by_tags(pairs: Any, tmp_path: Path) -> None:
    (row,), info = _write(pairs(_PAIR | {"prompt": _TALK}), tmp_path, variant="openai", name="hh")
    assert row == {"messages": _TALK, "chosen": _GOOD, "rejected": _BAD}
    assert info["hh_train"]["tags"]["user_tag"] == "user"


def test_earlier_turns_are_the_history_of_an_instruction(pairs: Any, tmp_path: Path) -> None:
    frame = pairs(_PAIR | {"prompt": _TALK}, _PAIR)
    rows, info = _write(frame, tmp_path, variant="alpaca")
    assert rows[0] == {
        "instruction": "r",
        "input": "",
        "chosen": "good",
        "rejected": "bad",
        "system": "Be kind.",
        "history": [["q", "good"]],
    }
    assert rows[1]["history"] == []
    assert info["pairs_train"]["ranking"] is True


def test_a_label_is_no_ranking(pairs: Any, tmp_path: Path) -> None:
    rows, info = _write(pairs(_PAIR), tmp_path, variant="kto")
    assert [row["kto_tag"] for row in rows] == [True, False]
    assert rows[1]["conversations"][-1] == {"from": "gpt", "value": "bad"}
    assert "ranking" not in info["pairs_train"]


def test_each_split_has_its_entry(pairs: Any, tmp_path: Path) -> None:
    frame = pairs({"split": "test"}, {"split": "fold.1"}, {"split": None})
    info, *_ = llama_factory.write(iter([frame]), tmp_path, LlamaFactory())
    entries = json.loads(info.read_text(encoding="utf-8"))
    assert {name: entry["file_name"] for name, entry in entries.items()} == {
        "pairs_fold.1": "fold.1.jsonl",
        "pairs_test": "test.jsonl",
        "pairs_train": "train.jsonl",
    }
