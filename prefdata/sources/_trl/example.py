"""Rows in each shape of TRL, written for this project."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["EXAMPLE"]


def _lines(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _turn(role: str, content: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


_EXPLICIT = _lines(
    {"prompt": "The sky is", "chosen": " blue.", "rejected": " loud.", "margin": 0.0},
    {"prompt": "Name a prime.", "chosen": "7", "rejected": "", "margin": 1.5},
    # The same row twice: two rows with two ids.
    {"prompt": "Name a prime.", "chosen": "7", "rejected": "", "margin": 1.5},
)
_SCORED = _lines(
    {
        "prompt": "Which tea is mild?",
        "prompt_id": "t-1",
        "chosen": [_turn("user", "Which tea is mild?"), _turn("assistant", "White tea.")],
        "rejected": [_turn("user", "Which tea is mild?"), _turn("assistant", "Tea?")],
        "score_chosen": 8.5,
        "score_rejected": 3,
        "metadata": {"from": None, "tags": ["tea", "mild"]},
    },
)
_IMPLICIT = _lines(
    {
        "chosen": [
            _turn("system", "Be brief."),
            _turn("user", "Hi."),
            _turn("assistant", "Hello."),
            _turn("user", "Translate: gato."),
            _turn("assistant", "Cat."),
        ],
        "rejected": [
            _turn("system", "Be brief."),
            _turn("user", "Hi."),
            _turn("assistant", "Hello."),
            _turn("user", "Translate: gato."),
            _turn("assistant", "Dog."),
        ],
    },
    {
        "chosen": [{"from": "human", "value": "2 + 2?"}, {"from": "gpt", "value": "4"}],
        "rejected": [{"from": "human", "value": "2 + 2?"}, {"from": "gpt", "value": "5"}],
    },
    {"chosen": "\n\nHuman: Hi\n\nAssistant: Hello", "rejected": "\n\nHuman: Hi\n\nAssistant: No"},
)
_TOOLS = _lines(
    {
        "prompt": [
            _turn("user", "Weather in Porto?", name="ana"),
            _turn("assistant", "", tool_calls=[{"function": {"name": "weather"}}]),
            _turn("tool", "18 °C", name="weather"),
        ],
        "chosen": [_turn("assistant", "18 °C.")],
        "rejected": [
            {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "w"}}]},
            _turn("tool", "?"),
            _turn("assistant", "I do not know."),
        ],
        "tools": "[]",
    },
)
_UNPAIRED = _lines(
    {"prompt": "Say yes.", "completion": "Yes.", "label": True},
    {"prompt": [_turn("user", "Say no.")], "completion": [_turn("assistant", "?")], "label": False},
)
_CSV = (
    b"prompt,chosen,rejected,score_chosen,score_rejected\n"
    b'Say a.,"a, of course",b,4,1\n'
    b'Say b.,b,"",5,\n'
)

EXAMPLE = {
    "explicit/train.jsonl": _EXPLICIT,
    "explicit/test.csv": _CSV,
    "scored.jsonl": _SCORED,
    "implicit.jsonl": _IMPLICIT,
    "tools.jsonl": _TOOLS,
    "unpaired.jsonl": _UNPAIRED,
}
"""Raw rows by file name."""
