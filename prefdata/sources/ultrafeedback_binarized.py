"""UltraFeedback made into pairs: by H4, Argilla (three sets), AllenAI, TRL, and copies of these.

A row becomes a prompt (the messages that both sides begin with), two responses and one judgment,
which says what the file says: the first side was chosen, also where both scores are equal. That,
equal texts and empty ones are flagged. Who made the pairs is read off the columns; splits are read
off the names of the files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.protocols import Context, NoParams, RawFile, Source
from prefdata.sources._ultrafeedback import example, pair_tables
from prefdata.sources._ultrafeedback.files import best_of_each
from prefdata.sources._ultrafeedback.pairs import PAIRS, common_columns, refused
from prefdata.sources._ultrafeedback.rows import Stretch, read_stretches
from prefdata.tables.bundle import Bundle
from prefdata.tables.identity import Occurrences
from prefdata.tables.raw import drift, rejects_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["ultrafeedback_binarized"]

_SPLIT = re.compile(
    r"(?:^|[/._-])(?P<split>(?:train|test|validation)(?:_(?:prefs|sft|gen))?)(?=[/.-]|$)"
)


def _split(raw: RawFile) -> str | None:
    """Return the split that the name of a file tells; the part nearest to its end counts."""
    found = _SPLIT.findall(raw.name)
    return str(found[-1]) if found else None


def _select(files: Sequence[RawFile]) -> list[RawFile]:
    """Choose all data files, ordered by name."""
    chosen = best_of_each(files)
    if not chosen:
        offered = ", ".join(raw.name for raw in files[:5]) or "nothing"
        raise drift(
            "No file of ultrafeedback-binarized is among those given: expected "
            f"data/train_prefs-00000-of-00001.parquet or the like, got {offered}.",
            file=files[0].name if files else "(no files)",
        )
    return sorted(chosen.values(), key=lambda raw: raw.name)


def _read(files: Sequence[RawFile], params: NoParams, context: Context) -> Iterator[Bundle]:
    """Yield the bundles of each file."""
    del params, context
    repeats = Occurrences()
    has_annotator = False
    for raw in files:
        for stretch in read_stretches(raw, PAIRS):
            bundle = _bundle(stretch, raw, repeats, with_annotator=not has_annotator)
            has_annotator = has_annotator or "annotators" in bundle.tables
            yield bundle


def _bundle(
    stretch: Stretch, raw: RawFile, repeats: Occurrences, *, with_annotator: bool
) -> Bundle:
    """Make the canonical tables of one stretch."""
    rejects = list(stretch.rejects)
    made: dict[str, list[pl.DataFrame]] = {}
    for part in stretch.parts:
        kept, both = part, common_columns(part)
        bad, refusals = refused(part, both)
        if bad.size:
            rejects += refusals
            rest = np.setdiff1d(np.arange(len(part.rows), dtype=np.int64), bad)
            kept, both = part.take(rest), both[rest]
        if not len(kept.rows):
            continue
        tables = pair_tables.tables_of(kept, both, raw, _split(raw), repeats)
        for name, frame in tables.items():
            made.setdefault(name, []).append(frame)
    joined = {name: pl.concat(frames) for name, frames in made.items()}
    if joined and with_annotator:
        joined["annotators"] = pair_tables.annotator(raw)
    rejects.sort(key=lambda reject: reject.row)
    return Bundle(
        file=raw.name,
        rows_in=stretch.rows_in,
        tables=joined,
        rejects=rejects_of(raw.name, rejects),
    )


ultrafeedback_binarized = Source(
    name="ultrafeedback-binarized",
    version=1,
    select=_select,
    read=_read,
    rebuild=pair_tables.rebuild,
    example=example.BINARIZED,
)
