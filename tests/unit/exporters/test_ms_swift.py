"""The rows that ms-swift reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from prefdata.exporters.ms_swift import MsSwift, ms_swift

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
    (path,) = ms_swift.write(iter([frame]), out, MsSwift(**params))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_the_rejected_response_lies_beside_the_conversation(pairs: Any, tmp_path: Path) -> None:
    (row,) = _write(pairs(_PAIR | {"prompt": [_SYSTEM, _USER]}), tmp_path)
    assert row == {"messages": [_SYSTEM, _USER, _GOOD], "rejected_response": "bad"}


def test_a_margin_is_on_every_row(pairs: Any, tmp_path: Path) -> None:
    rows = _write(pairs({"margin": 2.0}, {}), tmp_path, with_margin=True)
    assert [row["margin"] for row in rows] == [2.0, 0.0]


def test_each_response_has_its_label(pairs: Any, tmp_path: Path) -> None:
    rows = _write(pairs(_PAIR), tmp_path, variant="kto")
    assert rows == [
        {"messages": [_USER, _GOOD], "label": True},
        {"messages": [_USER, _BAD], "label": False},
    ]


def test_a_response_alone_has_no_margin() -> None:
    with pytest.raises(ValidationError, match="with_margin needs pairs"):
        MsSwift(variant="kto", with_margin=True)
