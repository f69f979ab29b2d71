"""Argilla 2: tasks out as settings and records, answers back from its export.

No client of Argilla is needed here; its own reads and writes the files. Written against the
client 2.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field

from prefdata.handoffs._answers import frame_of
from prefdata.handoffs._argilla.dataset import readme, record, settings
from prefdata.handoffs._argilla.export import has_answers, read_export
from prefdata.handoffs._shown import (
    Asked,
    by_votes,
    hand_off_name,
    tasks_of,
    write_items,
    write_json,
    write_text,
)
from prefdata.protocols import ANSWERS, Handoff

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Argilla", "argilla"]


class Argilla(Asked):
    """Parameters of `argilla`."""

    assume_submitted: bool = Field(
        default=False,
        description="Count responses of an export that does not say which were submitted, drafts "
        "and all. Better: export again with `to_list(flatten=True)`.",
    )


def _write(tasks: pl.DataFrame, folder: Path, params: Argilla) -> list[Path]:
    """Write a folder ``votes-<n>`` for each number of judgments that tasks ask for.

    A data set of Argilla has one `min_submitted` for all its records.
    """
    paths = []
    for n_votes, group in by_votes(tasks_of(tasks)).items():
        place = folder / f"votes-{n_votes}"
        name = hand_off_name(group)
        paths += [
            write_json(place / "settings.json", settings(params, n_votes)),
            write_items(place / "records.json", [record(task) for task in group]),
            write_text(place / "README.md", readme(name, group)),
        ]
    return paths


def _read(paths: Sequence[Path], params: Argilla) -> pl.DataFrame:
    """Read exports; one row for each user of each record that has said anything."""
    frames = [
        frame_of(read_export(path, assume_submitted=params.assume_submitted), path.name)
        for path in paths
    ]
    return pl.concat([pl.DataFrame(schema=dict(ANSWERS)), *frames])


argilla = Handoff(
    name="argilla",
    version=1,
    write=_write,
    read=_read,
    is_answered=has_answers,
    params=Argilla,
    summary="Argilla 2: settings and records in JSON; answers from its flat export.",
)
