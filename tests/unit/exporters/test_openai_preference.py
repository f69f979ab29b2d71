"""The rows that OpenAI's preference fine-tuning reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from prefdata.exporters.openai_preference import openai_preference
from prefdata.protocols import NoParams

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_SYSTEM = {"role": "system", "content": "Be kind."}
_USER = {"role": "user", "content": "q"}
_GOOD = {"role": "assistant", "content": "good"}
_BAD = {"role": "assistant", "content": "bad"}
_PAIR = {"prompt": [_USER], "chosen": [_GOOD], "rejected": [_BAD]}


def _write(frame: Any, out: Path) -> list[dict[str, Any]]:
    """Write one split and return its rows."""
    (path,) = openai_preference.write(iter([frame]), out, NoParams())
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_a_row_has_an_input_and_two_outputs(pairs: Any, tmp_path: Path) -> None:
    assert _write(pairs(_PAIR | {"prompt": [_SYSTEM, _USER]}), tmp_path) == [
        {
            "input": {
                "messages": [_SYSTEM, _USER],
                "tools": [],
                "parallel_tool_calls": True,
            },
            "preferred_output": [_GOOD],
            "non_preferred_output": [_BAD],
        }
    ]


def test_roles_need_not_alternate_but_the_user_speaks_last(pairs: Any) -> None:
    frame = pairs({"prompt": [_USER, _USER]}, {"prompt": [_USER, _GOOD]})
    assert openai_preference.unfit is not None
    found = openai_preference.unfit(frame, NoParams()).to_list()
    assert found == [None, "last-turn-not-user"]
