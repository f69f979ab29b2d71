"""Pairs with their texts, as an exporter gets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from prefdata.tables.messages import MESSAGES

__all__: list[str] = []

_COLUMNS: dict[str, pl.DataType] = {
    "pair_id": pl.String(),
    "source": pl.String(),
    "subset": pl.String(),
    "prompt_id": pl.String(),
    "prompt": MESSAGES,
    "chosen": MESSAGES,
    "rejected": MESSAGES,
    "margin": pl.Float64(),
    "margin_unit": pl.String(),
    "strength": pl.String(),
    "n_votes": pl.Int32(),
    "aspect": pl.String(),
    "annotator_id": pl.String(),
    "chosen_model": pl.String(),
    "rejected_model": pl.String(),
    "language": pl.String(),
    "split": pl.String(),
}
_TOLD = pl.Struct(
    {
        "rationale_id": pl.String(),
        "kind": pl.String(),
        "origin": pl.String(),
        "scope": pl.String(),
        "status": pl.String(),
        "text": pl.String(),
        "language": pl.String(),
        "about": pl.String(),
        "preferred": pl.String(),
        "verdict": pl.String(),
        "aspect": pl.String(),
        "aspects": pl.List(pl.String()),
        "generator": pl.String(),
        "attempt": pl.Int32(),
        "is_passed": pl.Boolean(),
        "is_kept": pl.Boolean(),
        "failed": pl.List(pl.String()),
    }
)
Make = Callable[..., pl.DataFrame]


@pytest.fixture
def rationale() -> Callable[..., dict[str, Any]]:
    """Return a function that makes a rationale that passed and is kept, but for differences."""

    def make(text: str | None, **differences: Any) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "rationale_id": f"r:{text}",
            "kind": "specific",
            "origin": "given",
            "scope": "pair",
            "status": "ok",
            "text": text,
            "language": "en",
            "about": "both",
            "preferred": "x",
            "attempt": 1,
            "is_passed": True,
            "is_kept": True,
            "failed": [],
        }
        return {**dict.fromkeys(_TOLD.to_schema()), **plain, **differences}

    return make


@pytest.fixture
def add() -> Make:
    """Return a function that adds the rationales of each pair, as an export has them."""

    def to(frame: pl.DataFrame, *told: list[dict[str, Any]] | None) -> pl.DataFrame:
        return frame.with_columns(pl.Series("rationales", list(told), dtype=pl.List(_TOLD)))

    return to


def say(*turns: str) -> list[dict[str, str]]:
    """Make messages of turns that alternate and end with the user's, or of ``role|content``."""
    roles = ["user" if (len(turns) - i) % 2 else "assistant" for i in range(len(turns))]
    parts = [
        turn.split("|", 1) if "|" in turn else [role, turn]
        for role, turn in zip(roles, turns, strict=True)
    ]
    return [{"role": role, "content": content} for role, content in parts]


@pytest.fixture
def pairs() -> Make:
    """Return a function that makes a frame of pairs: one dict of differences for each."""

    def make(*rows: dict[str, Any]) -> pl.DataFrame:
        whole = [
            {
                "pair_id": f"pair{number}",
                "source": "toy",
                "prompt_id": f"p{number}",
                "prompt": say(f"Question {number} “é”?"),
                "chosen": say(f"assistant|Good {number}.\nÜber\u2028"),
                "rejected": say(f"assistant|Bad {number}."),
                "aspect": "overall",
                "split": "train",
                **row,
            }
            for number, row in enumerate(rows)
        ]
        filled = [{name: row.get(name) for name in _COLUMNS} for row in whole]
        return pl.DataFrame(filled, schema=_COLUMNS, orient="row")

    return make
