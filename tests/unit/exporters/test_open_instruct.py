"""The rows that open-instruct reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from prefdata.exporters.open_instruct import OpenInstruct, open_instruct

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_SYSTEM = {"role": "system", "content": "Be kind."}
_USER = {"role": "user", "content": "q"}
_GOOD = {"role": "assistant", "content": "good"}
_BAD = {"role": "assistant", "content": "bad"}
_PAIR = {"prompt": [_USER], "chosen": [_GOOD], "rejected": [_BAD]}


def _write(frame: Any, out: Path, **params: Any) -> list[dict[str, Any]]:
    """Write one split and return its rows."""
    (path,) = open_instruct.write(iter([frame]), out, OpenInstruct(**params))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_both_conversations_are_whole_and_their_models_named(pairs: Any, tmp_path: Path) -> None:
    assert _write(pairs(_PAIR | {"chosen_model": "m"}), tmp_path) == [
        {
            "id": "pair0",
            "source": "toy",
            "chosen": [_USER, _GOOD],
            "rejected": [_USER, _BAD],
            "chosen_model": "m",
            "rejected_model": "unknown",
        }
    ]


def test_a_system_prompt_comes_first(pairs: Any, tmp_path: Path) -> None:
    (row,) = _write(pairs(_PAIR | {"prompt": [_SYSTEM, _USER]}), tmp_path)
    assert row["rejected"] == [_SYSTEM, _USER, _BAD]
