"""Label Studio: tasks out as its import format, answers back from its JSON.

No client of Label Studio is needed. Written against its client 2.1.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.handoffs._answers import frame_of
from prefdata.handoffs._label_studio.export import has_answers, read_export
from prefdata.handoffs._label_studio.project import interface, readme, task_data
from prefdata.handoffs._shown import (
    Asked,
    by_votes,
    hand_off_name,
    tasks_of,
    write_items,
    write_text,
)
from prefdata.protocols import ANSWERS, Handoff

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["LabelStudio", "label_studio"]


class LabelStudio(Asked):
    """Parameters of `label-studio`."""


def _write(tasks: pl.DataFrame, folder: Path, params: LabelStudio) -> list[Path]:
    """Write a folder ``votes-<n>`` for each number of judgments that tasks ask for.

    A project of Label Studio has one overlap for all its tasks.
    """
    paths = []
    for n_votes, group in by_votes(tasks_of(tasks)).items():
        place = folder / f"votes-{n_votes}"
        paths += [
            write_text(place / "config.xml", interface(params)),
            write_items(place / "tasks.json", [task_data(task) for task in group]),
            write_text(place / "README.md", readme(hand_off_name(group), group, params)),
        ]
    return paths


def _read(paths: Sequence[Path], params: LabelStudio) -> pl.DataFrame:
    """Read exports; one row for each annotation and each draft."""
    frames = [frame_of(read_export(path), path.name) for path in paths]
    return pl.concat([pl.DataFrame(schema=dict(ANSWERS)), *frames])


label_studio = Handoff(
    name="label-studio",
    version=1,
    write=_write,
    read=_read,
    is_answered=has_answers,
    params=LabelStudio,
    summary="Label Studio: interface in XML, tasks in JSON; answers from its JSON or JSON-MIN.",
)
