"""An independent reader of OpenRLHF's preference rows; it is not the trainer's code.

Written from *openrlhf/datasets/reward_dataset.py* (`preprocess_data`): with a key for the prompt,
prompt and response are lists that are joined; without, the DPO trainer takes ``chosen[:-1]`` for
the prompt of both. A margin is read where it is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.testing.trainers._rows import Case, Read, rows_in
from prefdata.testing.trainers._rules import alternates, divided, paired

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.testing.trainers._rows import Row

__all__ = ["CASES", "read_prompt_key", "read_whole"]


def read_prompt_key(folder: Path) -> list[Read]:
    """Read rows with prompt, chosen and rejected.

    Raises:
        ValueError: If the trainer would stop at a row, or learn nothing or wrong things of it.
    """
    return [_read_parts(row) for row in rows_in(folder)]


def read_whole(folder: Path) -> list[Read]:
    """Read rows of two whole conversations.

    Raises:
        ValueError: As `read_prompt_key`.
    """
    return [_read_whole(row) for row in rows_in(folder)]


def _read_parts(row: Row) -> Read:
    prompt = row.turns("prompt")
    alternates(row, prompt)
    return paired(row, prompt, row.turns("chosen"), row.turns("rejected"), _margin(row))


def _read_whole(row: Row) -> Read:
    row.check("prompt" not in row.values, "without a key for the prompt there is no prompt")
    prompt, chosen, rejected = divided(row, row.turns("chosen"), row.turns("rejected"))
    alternates(row, prompt)
    return paired(row, prompt, chosen, rejected, _margin(row))


def _margin(row: Row) -> float | None:
    if "margin" not in row.values:
        return None
    margin = row.values["margin"]
    row.check(isinstance(margin, float), "a margin is a number")
    return float(margin)


CASES = (
    Case("openrlhf", "prompt-key", {}, read_prompt_key),
    Case("openrlhf", "prompt-key-margin", {"with_margin": True}, read_prompt_key),
    Case("openrlhf", "prompt-key-parquet", {"file": "parquet"}, read_prompt_key),
    Case("openrlhf", "whole", {"variant": "whole"}, read_whole),
)
