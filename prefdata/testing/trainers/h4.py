"""An independent reader of the alignment handbook's rows; it is not the handbook's code.

Written from *src/alignment/data.py* (`apply_chat_template`): ``chosen`` and ``rejected`` are whole
conversations, the prompt is ``chosen[:-1]``. Columns as in HuggingFaceH4/ultrafeedback_binarized.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.testing.trainers._rows import Case, Read, rows_in
from prefdata.testing.trainers._rules import alternates, divided, paired

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.testing.trainers._rows import Row

__all__ = ["CASES", "read"]

_SCORES = ("score_chosen", "score_rejected")


def read(folder: Path) -> list[Read]:
    """Read rows of two whole conversations.

    Raises:
        ValueError: If the handbook would stop at a row, or learn nothing or wrong things of it.
    """
    return [_read(row) for row in rows_in(folder)]


def _read(row: Row) -> Read:
    whole = row.turns("chosen")
    prompt, chosen, rejected = divided(row, whole, row.turns("rejected"))
    alternates(row, prompt)
    row.check(row.text("prompt") == prompt[-1].content, "prompt is the text to answer")
    row.text("prompt_id")
    row.check(row.turns("messages") == whole, "messages is the chosen conversation")
    scores = [row.values[name] for name in _SCORES if row.values.get(name) is not None]
    row.check(all(isinstance(score, float) for score in scores), "a score is a number")
    return paired(row, prompt, chosen, rejected)


CASES = (
    Case("h4", "parquet", {}, read),
    Case("h4", "jsonl-without-scores", {"file": "jsonl", "with_scores": False}, read),
)
