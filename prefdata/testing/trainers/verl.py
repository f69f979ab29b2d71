"""An independent reader of verl's Parquet files; it is not the trainer's code.

Written from *docs/preparation/prepare_data.rst* (the five fields of a prompt) and
*verl/utils/dataset/rm_dataset.py* (three columns of strings) and *rl_dataset.py* (messages under a
chat template, ``extra_info.index``).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prefdata.testing.trainers._rows import Case, Read, rows_in, said
from prefdata.testing.trainers._rules import alternates, ends_with_question, paired

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.testing.trainers._rows import Row

__all__ = ["CASES", "read_prompts", "read_reward_model"]


def read_reward_model(folder: Path) -> list[Read]:
    """Read rows of three strings.

    Raises:
        ValueError: If the trainer would stop at a row, or learn nothing or wrong things of it.
    """
    return [
        paired(
            row,
            said("user", row.text("prompt")),
            said("assistant", row.text("chosen")),
            said("assistant", row.text("rejected")),
        )
        for row in _rows(folder)
    ]


def read_prompts(folder: Path) -> list[Read]:
    """Read rows of prompts.

    Raises:
        ValueError: As `read_reward_model`.
    """
    counts: Counter[str] = Counter()
    found = []
    for row in _rows(folder):
        found.append(_read_prompt(row, counts[row.split]))
        counts[row.split] += 1
    return found


def _rows(folder: Path) -> list[Row]:
    if list(folder.glob("*.jsonl")):
        message = f"{folder}: the datasets are Parquet"
        raise ValueError(message)
    return list(rows_in(folder))


def _read_prompt(row: Row, number: int) -> Read:
    row.text("data_source")
    row.text("ability")
    prompt = row.turns("prompt")
    ends_with_question(row, prompt)
    alternates(row, prompt)
    judged, extra = row.values["reward_model"], row.values["extra_info"]
    row.check(judged["style"] == "model", "nothing but a model judges it")
    row.check(isinstance(judged["ground_truth"], str), "ground_truth is a string")
    row.check(extra["split"] == row.split, "extra_info names the split")
    row.check(extra["index"] == number, "extra_info counts the rows")
    return Read(row.split, prompt=prompt)


CASES = (
    Case("verl", "reward-model", {}, read_reward_model),
    Case("verl", "prompts", {"variant": "prompts"}, read_prompts, gives="prompts"),
)
