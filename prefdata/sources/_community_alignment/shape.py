"""The wide file of Community Alignment: its names, its columns, and which rows are kept."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.tables.bundle import concat_rejects
from prefdata.tables.raw import RAW_TEXT_LIMIT, drift, read_blocks
from prefdata.tables.tabular import read_csv_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prefdata.protocols import RawFile
    from prefdata.tables.raw import RawChunk
    from prefdata.tables.seen import SeenIds

__all__ = [
    "ANNOTATOR_CELLS",
    "CHOICES",
    "COMMON",
    "FACTS",
    "LETTERS",
    "SOURCE",
    "TURNS",
    "Layout",
    "accept",
    "layout",
    "read_chunks",
    "select",
    "turn_cells",
]

SOURCE = "community-alignment"
TURNS = ("first", "second", "third", "fourth")
LETTERS = ("a", "b", "c", "d")
CHOICES = tuple(f"response_{letter}" for letter in LETTERS)

ANNOTATOR_CELLS = {
    "annotator_age": "age_band",
    "annotator_gender": "gender",
    "annotator_education_level": "education",
    "annotator_political": "politics",
    "annotator_ethnicity": "ethnicity",
    "annotator_country": "country",
}
"""Cells that describe the annotator, and the columns of `annotators` they fill."""

FACTS = ("is_pregenerated_first_prompt", "in_balanced_subset", "in_balanced_subset_10")


def turn_cells(turn: str) -> tuple[str, ...]:
    """Name the cells that both releases have for one turn."""
    return tuple(
        f"{turn}_turn_{cell}" for cell in ("prompt", *CHOICES, "preferred_response", "feedback")
    )


COMMON = (
    "conversation_id",
    "assigned_lang",
    "annotator_id",
    *(cell for turn in TURNS for cell in turn_cells(turn)),
    *ANNOTATOR_CELLS,
    *FACTS,
)
"""The 40 columns that both releases have; v1.0 adds four lists, v1.1 adds ``wave``."""

_LISTS = tuple(f"{turn}_turn_responses" for turn in TURNS)
_KNOWN = (*COMMON, *_LISTS, "wave")
_KEYS = ("conversation_id", "annotator_id")
_CORE = (*_KEYS, "assigned_lang", *turn_cells("first")[:-1])
_HEADER_BYTES = 1 << 20

_ENDING = r"[^/]*\.csv(\.gz|\.zst|\.bz2)?$"
# In the order of reading: the newest and largest first, so that a conversation published twice
# is read from there.
_RELEASES = {
    "train": re.compile(rf"(?:^|/)community_alignment{_ENDING}"),
    "full": re.compile(rf"(?:^|/)full_community_alignment{_ENDING}"),
    "filtered": re.compile(rf"(?:^|/)filtered_community_alignment{_ENDING}"),
}
_ANY_CSV = re.compile(_ENDING)


def split_of(name: str) -> str | None:
    """Return the split that a file name stands for; None for a file under a name of the user's."""
    return next((split for split, pattern in _RELEASES.items() if pattern.search(name)), None)


def select(files: Sequence[RawFile]) -> list[RawFile]:
    """Choose the files of either release, newest first; a file given alone may have any name.

    Raises:
        SourceDriftError: If none of them is among the files.
    """
    chosen = [raw for raw in files if split_of(raw.name)]
    if not chosen and len(files) == 1 and _ANY_CSV.search(files[0].name):
        return list(files)
    if not chosen:
        offered = ", ".join(raw.name for raw in files[:5]) or "nothing"
        raise drift(
            f"No file of {SOURCE} is among those given: expected community_alignment.csv (v1.1) or "
            "data/full_community_alignment.csv, data/filtered_community_alignment.csv (v1.0), "
            f"got {offered}.",
            file=files[0].name if files else "(no files)",
        )
    order = list(_RELEASES)
    return sorted(chosen, key=lambda raw: (order.index(split_of(raw.name) or ""), raw.name))


@dataclass(frozen=True, slots=True)
class Layout:
    """What the header of one file says."""

    columns: tuple[str, ...]
    """Known columns that the file has."""
    absent: tuple[str, ...]
    """Columns of `COMMON` that it has not."""
    release: str | None
    """``v1.0`` or ``v1.1``, by the columns that only one of them has."""
    split: str | None


def layout(raw: RawFile) -> Layout:
    """Read the header of a file.

    Raises:
        SourceDriftError: If a column is missing without which nothing can be read.
    """
    start = next(iter(read_blocks(raw.path, file=raw.name, block_bytes=_HEADER_BYTES)), b"")
    text = io.StringIO(start.decode(errors="replace"), newline="")
    header = next(csv.reader(text), [])
    missing = [name for name in _CORE if name not in header]
    if missing:
        raise drift(
            f"The columns {', '.join(missing)} are missing; the file has {', '.join(header[:12])}.",
            file=raw.name,
        )
    release = "v1.1" if "wave" in header else None
    return Layout(
        columns=tuple(name for name in _KNOWN if name in header),
        absent=tuple(name for name in COMMON if name not in header),
        release="v1.0" if any(name in header for name in _LISTS) else release,
        split=split_of(raw.name),
    )


def read_chunks(raw: RawFile, shape: Layout) -> Iterator[RawChunk]:
    """Yield stretches of the file; ids stay strings, because they pass what a double holds."""
    return read_csv_rows(raw, shape.columns, required=_KEYS)


def accept(chunk: RawChunk, raw: RawFile, seen: SeenIds) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows of a stretch into those to keep and the rejects of the whole stretch."""
    frame = chunk.frame.with_columns(
        pl.lit(None, pl.String).alias(name) for name in COMMON if name not in chunk.frame.columns
    )
    blank = pl.coalesce(pl.when(pl.col(name) == "").then(pl.lit(name)) for name in _KEYS)
    # An empty cell is no answer; any other spelling is a shape that this adapter does not know.
    unknown = pl.coalesce(
        pl.when(~pl.col(name).is_in([*CHOICES, ""])).then(pl.lit(name)) for name in _preferred()
    )
    frame = frame.with_columns(blank=blank, unknown=unknown)
    is_whole = frame["blank"].is_null() & frame["unknown"].is_null()
    if not is_whole.all():
        found = _unfit(frame.filter(~is_whole), raw)
        frame = frame.filter(is_whole)
    else:
        found = concat_rejects([])
    is_repeat = seen.is_repeat(frame["conversation_id"])
    repeats = _repeats(frame.filter(is_repeat), raw)
    kept = frame.filter(~is_repeat).drop("blank", "unknown")
    seen.add(kept["conversation_id"])
    return kept, concat_rejects([chunk.rejects, found, repeats])


def _unfit(rows: pl.DataFrame, raw: RawFile) -> pl.DataFrame:
    field = pl.coalesce("blank", "unknown")
    value = pl.coalesce(pl.when(field == name).then(name) for name in (*_KEYS, *_preferred()))
    is_blank = pl.col("blank").is_not_null()
    return _reject(
        rows,
        raw,
        field=field,
        rule=pl.when(is_blank).then(pl.lit("missing-field")).otherwise(pl.lit("unknown-value")),
        reason=pl.when(is_blank)
        .then(pl.format("the field '{}' is empty", field))
        .otherwise(
            pl.format(
                "'{}' is '{}'; known: {}", field, value.str.slice(0, 80), pl.lit(", ".join(CHOICES))
            )
        ),
    )


def _preferred() -> list[str]:
    return [f"{turn}_turn_preferred_response" for turn in TURNS]


def _repeats(rows: pl.DataFrame, raw: RawFile) -> pl.DataFrame:
    return _reject(
        rows,
        raw,
        field=pl.lit("conversation_id"),
        rule=pl.lit("duplicate-id"),
        reason=pl.format("the conversation '{}' was read before", "conversation_id"),
    )


def _reject(
    rows: pl.DataFrame, raw: RawFile, *, field: pl.Expr, rule: pl.Expr, reason: pl.Expr
) -> pl.DataFrame:
    cells = pl.struct(pl.exclude("row", "blank", "unknown")).struct.json_encode()
    return rows.select(
        file=pl.lit(raw.name),
        row="row",
        subject=pl.lit("conversations"),
        id=pl.lit(f"{SOURCE}:") + pl.col("conversation_id"),
        field=field,
        rule=rule,
        reason=reason,
        raw=cells.str.slice(0, RAW_TEXT_LIMIT),
    )
