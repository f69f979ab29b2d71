"""The rows that NeMo RL reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from prefdata.exporters.nemo_rl import NemoRl, nemo_rl

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
    (path,) = nemo_rl.write(iter([frame]), out, NemoRl(**params))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_the_chosen_response_has_the_lower_rank(pairs: Any, tmp_path: Path) -> None:
    assert _write(pairs(_PAIR), tmp_path) == [
        {
            "context": [_USER],
            "completions": [
                {"rank": 0, "completion": [_GOOD]},
                {"rank": 1, "completion": [_BAD]},
            ],
        }
    ]


def test_strings_hold_one_question(pairs: Any, tmp_path: Path) -> None:
    (row,) = _write(pairs(_PAIR), tmp_path, variant="binary")
    assert row == {"prompt": "q", "chosen": "good", "rejected": "bad"}


def test_what_strings_cannot_hold_does_not_fit(pairs: Any) -> None:
    frame = pairs(_PAIR, {"prompt": [_SYSTEM, _USER]}, {"prompt": [_USER, _GOOD, _USER]})
    assert nemo_rl.unfit is not None
    assert nemo_rl.unfit(frame, NemoRl()).to_list() == [None, None, None]
    found = nemo_rl.unfit(frame, NemoRl(variant="binary")).to_list()
    assert found == [None, "system-prompt", "several-turns"]
