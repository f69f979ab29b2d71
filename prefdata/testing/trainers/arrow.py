"""Arrow streams, read by pyarrow as `datasets.Dataset.from_file` does: the library, no stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from prefdata.testing.trainers._rows import Case, Read, Row

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CASES", "read"]

_ROLES = ("system", "user", "assistant", "tool")


def read(folder: Path) -> list[Read]:
    """Read all columns of ``<split>.arrow``.

    Raises:
        ValueError: If a cell is not what the format says.
    """
    found = []
    for path in sorted(folder.glob("*.arrow")):
        with pa.memory_map(str(path)) as mapped:
            rows = pa.ipc.open_stream(mapped).read_all().to_pylist()
        for number, values in enumerate(rows, start=1):
            row = Row(path.stem, f"{path.name} row {number}", values)
            found.append(
                Read(
                    row.split,
                    prompt=row.turns("prompt", _ROLES),
                    chosen=row.turns("chosen", _ROLES),
                    rejected=row.turns("rejected", _ROLES),
                    # Where there is none, a trainer that wants one takes 0.
                    margin=values["margin"] or 0.0,
                )
            )
    return found


CASES = (Case("arrow", "stream", {}, read),)
