"""An independent reader of ms-swift's rows; it is not the trainer's code.

Written from *docs/source_en/Customization/Custom-dataset.md* and
*swift/dataset/preprocessor/core.py*: messages are there and have known roles, a rejected response
is a string that differs from the last message; rows that break this are deleted. A label of KTO is
a boolean (issue 1513).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.testing.trainers._rows import Case, Read, rows_in, said
from prefdata.testing.trainers._rules import alternates, labelled, paired

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.testing.trainers._rows import Row

__all__ = ["CASES", "read_kto", "read_rejected_response"]

_ROLES = ("system", "user", "assistant", "tool", "tool_call", "tool_response")


def read_rejected_response(folder: Path) -> list[Read]:
    """Read rows of a conversation and its rejected response.

    Raises:
        ValueError: If the trainer would delete a row, or learn nothing or wrong things of it.
    """
    return [_read_pair(row) for row in rows_in(folder)]


def read_kto(folder: Path) -> list[Read]:
    """Read rows of a conversation with its label.

    Raises:
        ValueError: As `read_rejected_response`.
    """
    return [_read_label(row) for row in rows_in(folder)]


def _read_pair(row: Row) -> Read:
    whole = row.turns("messages", _ROLES)
    rejected = said("assistant", row.text("rejected_response"))
    margin = row.values.get("margin")
    row.check("margin" not in row.values or isinstance(margin, float), "a margin is a number")
    alternates(row, whole[:-1])
    return paired(row, whole[:-1], whole[-1:], rejected, margin)


def _read_label(row: Row) -> Read:
    whole = row.turns("messages", _ROLES)
    alternates(row, whole[:-1])
    return labelled(row, whole[:-1], whole[-1:], row.values.get("label"))


CASES = (
    Case("ms-swift", "rejected-response", {}, read_rejected_response),
    Case("ms-swift", "margin", {"with_margin": True}, read_rejected_response),
    Case("ms-swift", "kto", {"variant": "kto"}, read_kto, gives="labels"),
)
