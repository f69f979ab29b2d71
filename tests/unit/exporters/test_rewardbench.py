"""The rows that RewardBench reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from prefdata.exporters.rewardbench import Rewardbench, rewardbench

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
    (path,) = rewardbench.write(iter([frame]), out, Rewardbench(**params))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_a_row_has_the_columns_of_the_benchmark(pairs: Any, tmp_path: Path) -> None:
    frame = pairs(_PAIR | {"subset": "chat", "chosen_model": "m"}, _PAIR)
    rows = _write(frame, tmp_path)
    assert rows[0] == {
        "prompt": "q",
        "chosen": "good",
        "rejected": "bad",
        "chosen_model": "m",
        "rejected_model": "unknown",
        "subset": "chat",
        "id": "pair0",
    }
    assert rows[1]["subset"] == "toy"


def test_conversations_have_no_prompt_of_their_own(pairs: Any, tmp_path: Path) -> None:
    (row,) = _write(pairs(_PAIR), tmp_path, variant="conversations")
    assert "prompt" not in row
    assert row["chosen"] == [_USER, _GOOD]


def test_a_system_prompt_would_be_read_as_the_users(pairs: Any) -> None:
    frame = pairs({"prompt": [_SYSTEM, _USER]}, {"prompt": [_USER, _GOOD, _USER]})
    assert rewardbench.unfit is not None
    found = rewardbench.unfit(frame, Rewardbench(variant="conversations")).to_list()
    assert found == ["system-prompt", None]
    found = rewardbench.unfit(frame, Rewardbench()).to_list()
    assert found == ["system-prompt", "several-turns"]
