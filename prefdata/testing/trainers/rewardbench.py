"""An independent reader of RewardBench's rows; it is not RewardBench's code.

Written from *rewardbench/utils.py*: `load_eval_dataset` reads strings and reports scores by
``subset``; `load_and_process_dataset` takes the prompt of ``chosen[:-1]`` and
`prepare_dialogue_from_tokenizer` gives its messages roles by position, the first is the user's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.testing.trainers._rows import Case, Read, rows_in, said
from prefdata.testing.trainers._rules import alternates, divided, paired

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.testing.trainers._rows import Row

__all__ = ["CASES", "read_benchmark", "read_conversations"]


def read_benchmark(folder: Path) -> list[Read]:
    """Read rows of three strings.

    Raises:
        ValueError: If a row would stop the evaluation, or be judged as something else.
    """
    return [_read_strings(row) for row in rows_in(folder)]


def read_conversations(folder: Path) -> list[Read]:
    """Read rows of two whole conversations.

    Raises:
        ValueError: As `read_benchmark`.
    """
    return [_read_whole(row) for row in rows_in(folder)]


def _read_strings(row: Row) -> Read:
    _columns(row)
    return paired(
        row,
        said("user", row.text("prompt")),
        said("assistant", row.text("chosen")),
        said("assistant", row.text("rejected")),
    )


def _read_whole(row: Row) -> Read:
    _columns(row)
    row.check("prompt" not in row.values, "the prompt is made of the chosen conversation")
    prompt, chosen, rejected = divided(row, row.turns("chosen"), row.turns("rejected"))
    alternates(row, prompt, system=False)
    return paired(row, prompt, chosen, rejected)


def _columns(row: Row) -> None:
    for name in ("chosen_model", "rejected_model", "subset", "id"):
        row.text(name)


CASES = (
    Case("rewardbench", "benchmark", {}, read_benchmark),
    Case("rewardbench", "conversations", {"variant": "conversations"}, read_conversations),
)
