"""The rows that the alignment handbook reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.exporters.h4 import H4, h4

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
    (path,) = h4.write(iter([frame]), out, H4(**params))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_a_row_has_the_columns_of_the_handbook(pairs: Any, tmp_path: Path) -> None:
    scored = pairs(_PAIR | {"prompt_id": "p"}).with_columns(chosen_score=4, rejected_score=2.5)
    assert _write(scored, tmp_path, file="jsonl") == [
        {
            "prompt": "q",
            "prompt_id": "p",
            "chosen": [_USER, _GOOD],
            "rejected": [_USER, _BAD],
            "messages": [_USER, _GOOD],
            "score_chosen": 4.0,
            "score_rejected": 2.5,
        }
    ]


def test_scores_that_nobody_gave_are_null_and_of_a_type(pairs: Any, tmp_path: Path) -> None:
    frame = pairs(_PAIR).with_columns(chosen_score=None, rejected_score=None)
    (path,) = h4.write(iter([frame]), tmp_path, H4())
    table = pl.read_parquet(path)
    assert table.schema["score_chosen"] == pl.Float64
    assert table["score_rejected"].to_list() == [None]


def test_scores_may_be_left_out(pairs: Any, tmp_path: Path) -> None:
    (row,) = _write(pairs(_PAIR), tmp_path, file="jsonl", with_scores=False)
    assert not [name for name in row if name.startswith("score")]


def test_a_margin_is_no_score(pairs: Any, tmp_path: Path) -> None:
    (row,) = _write(pairs(_PAIR | {"margin": 3.0}), tmp_path, file="jsonl")
    assert row["score_chosen"] is None
