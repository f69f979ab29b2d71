"""An independent reader of OpenAI's preference format; it is not the service's code.

Written from OpenAI's *Direct preference optimization*, section Data format, and Microsoft's *Direct
preference optimization dataset format*: three fields; each output is a list that holds messages of
the assistant or of tools, the last of them of the assistant; training is on one message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.testing.trainers._rows import Case, Read, messages, rows_in
from prefdata.testing.trainers._rules import paired

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.testing.trainers._rows import Row

__all__ = ["CASES", "read"]

_FIELDS = {"input", "preferred_output", "non_preferred_output"}
_INPUT = {"messages", "tools", "parallel_tool_calls"}
_OUTPUT = ("assistant", "tool")


def read(folder: Path) -> list[Read]:
    """Read JSON Lines of an input and two outputs.

    Raises:
        ValueError: If the service would refuse a row, or learn nothing or wrong things of it.
    """
    return [_read(row) for row in rows_in(folder)]


def _read(row: Row) -> Read:
    row.check(set(row.values) == _FIELDS, f"the fields are {', '.join(sorted(_FIELDS))}")
    given = row.values["input"]
    row.check(set(given) <= _INPUT, "input has messages, tools and parallel_tool_calls")
    row.check(isinstance(given.get("tools", []), list), "tools is a list")
    return paired(
        row,
        messages(row, given.get("messages"), "input.messages"),
        row.turns("preferred_output", _OUTPUT),
        row.turns("non_preferred_output", _OUTPUT),
    )


CASES = (Case("openai-preference", "jsonl", {}, read),)
