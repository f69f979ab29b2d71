"""An independent reader of NeMo RL's preference rows; it is not the trainer's code.

Written from *docs/guides/dpo.md*, the docstrings of PreferenceDataset and BinaryPreferenceDataset,
and *nemo_rl/data/processors.py* (`preference_preprocessor`): two completions, the lower rank is
preferred, equal ranks are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.testing.trainers._rows import Case, Read, messages, rows_in, said
from prefdata.testing.trainers._rules import alternates, paired

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.testing.trainers._rows import Row

__all__ = ["CASES", "read_binary", "read_rank"]

_PAIR = 2


def read_rank(folder: Path) -> list[Read]:
    """Read rows of a context and two ranked completions.

    Raises:
        ValueError: If the trainer would stop at a row, or learn nothing or wrong things of it.
    """
    return [_read_rank(row) for row in _lines(folder)]


def read_binary(folder: Path) -> list[Read]:
    """Read rows of three strings.

    Raises:
        ValueError: As `read_rank`.
    """
    return [
        paired(
            row,
            said("user", row.text("prompt")),
            said("assistant", row.text("chosen")),
            said("assistant", row.text("rejected")),
        )
        for row in _lines(folder)
    ]


def _lines(folder: Path) -> list[Row]:
    if list(folder.glob("*.parquet")):
        message = f"{folder}: the datasets are JSON Lines"
        raise ValueError(message)
    return list(rows_in(folder))


def _read_rank(row: Row) -> Read:
    prompt = row.turns("context")
    alternates(row, prompt)
    completions = row.values.get("completions")
    if not isinstance(completions, list) or len(completions) != _PAIR:
        raise row.refuse("there are exactly two completions")
    ranks = [completion.get("rank") for completion in completions]
    row.check(all(type(rank) is int for rank in ranks), "a rank is a whole number")
    row.check(ranks[0] != ranks[1], "ranks are not tied")
    better, worse = sorted(completions, key=lambda completion: completion["rank"])
    return paired(
        row,
        prompt,
        messages(row, better.get("completion"), "completion"),
        messages(row, worse.get("completion"), "completion"),
    )


CASES = (
    Case("nemo-rl", "rank", {}, read_rank),
    Case("nemo-rl", "binary", {"variant": "binary"}, read_binary),
)
