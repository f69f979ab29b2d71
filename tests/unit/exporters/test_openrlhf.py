"""The rows that OpenRLHF reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from prefdata.exporters.openrlhf import Openrlhf, openrlhf

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
    (path,) = openrlhf.write(iter([frame]), out, Openrlhf(**params))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_prompt_and_responses_are_lists_of_messages(pairs: Any, tmp_path: Path) -> None:
    assert _write(pairs(_PAIR), tmp_path) == [_PAIR]


def test_without_a_key_of_the_prompt_both_conversations_are_whole(
    pairs: Any, tmp_path: Path
) -> None:
    (row,) = _write(pairs(_PAIR | {"prompt": [_SYSTEM, _USER]}), tmp_path, variant="whole")
    assert row == {"chosen": [_SYSTEM, _USER, _GOOD], "rejected": [_SYSTEM, _USER, _BAD]}


def test_a_margin_is_on_every_row(pairs: Any, tmp_path: Path) -> None:
    rows = _write(pairs({"margin": 1.5}, {}), tmp_path, with_margin=True)
    assert [row["margin"] for row in rows] == [1.5, 0.0]


def test_responses_of_several_messages_do_not_fit(pairs: Any) -> None:
    frame = pairs({}, {"chosen": [_GOOD, _USER, _GOOD]}, {"prompt": [_USER, _USER]})
    assert openrlhf.unfit is not None
    found = openrlhf.unfit(frame, Openrlhf()).to_list()
    assert found == [None, "divergent-tail", "repeated-role"]
