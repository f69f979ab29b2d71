"""An independent reader of open-instruct's preference rows; it is not the trainer's code.

Written from *open_instruct/dataset_transformation.py* (`preference_tokenize_v1`): the prompt is
``chosen[:-1]``, and the template is laid over both conversations as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.testing.trainers._rows import Case, Read, rows_in
from prefdata.testing.trainers._rules import alternates, divided, paired

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.testing.trainers._rows import Row

__all__ = ["CASES", "read"]


def read(folder: Path) -> list[Read]:
    """Read rows of two whole conversations.

    Raises:
        ValueError: If the trainer would stop at a row, or learn nothing or wrong things of it.
    """
    return [_read(row) for row in rows_in(folder)]


def _read(row: Row) -> Read:
    for name in ("id", "source", "chosen_model", "rejected_model"):
        row.text(name)
    prompt, chosen, rejected = divided(row, row.turns("chosen"), row.turns("rejected"))
    alternates(row, prompt)
    return paired(row, prompt, chosen, rejected)


CASES = (
    Case("open-instruct", "jsonl", {}, read),
    Case("open-instruct", "parquet", {"file": "parquet"}, read),
)
