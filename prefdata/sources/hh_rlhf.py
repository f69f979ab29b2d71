"""Anthropic HH-RLHF: pairs of transcripts, and red-team transcripts with a rating.

Bai et al. (2022), arXiv:2204.05862; Ganguli et al. (2022), arXiv:2209.07858. A transcript is split
only at a blank line followed by ``Human:`` or ``Assistant:``; role markers inside a turn stay text.
The prompt is the longest common beginning of both transcripts in whole turns; where they part
before the last turn, each response keeps its own tail. The text of a turn is what follows the
colon and one space; a transcript that does not follow that grammar is kept whole in ``raw``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from prefdata.protocols import Context, NoParams, RawFile, Source
from prefdata.sources._hh_rlhf import example, pairs, red_team
from prefdata.sources._hh_rlhf.pairs import MARKERS
from prefdata.tables.identity import Occurrences
from prefdata.tables.jsonl import read_json_rows
from prefdata.tables.raw import drift

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prefdata.tables.bundle import Bundle

__all__ = ["hh_rlhf"]

_PAIR_SCHEMA = pa.schema([("chosen", pa.string()), ("rejected", pa.string())])
_TRANCHE = re.compile(
    r"(?P<subset>harmless-base|helpful-base|helpful-online|helpful-rejection-sampled)/"
    r"(?P<split>train|test)[^/]*\.jsonl(\.gz|\.zst)?$"
)
_BARE = re.compile(r"(?:^|/)(?P<split>train|test)[^/]*\.jsonl(\.gz|\.zst)?$")
_RED_TEAM = re.compile(r"red_team_attempts[^/]*\.(jsonl|json)(\.gz|\.zst)?$")


def _place(raw: RawFile) -> tuple[str, str] | None:
    """Return (subset, split) of a pair file; the folder may only be in the path on disk."""
    found = _TRANCHE.search(raw.name) or _TRANCHE.search(raw.path.as_posix())
    if found:
        return found["subset"], found["split"]
    bare = _BARE.search(raw.name)
    return ("unknown", bare["split"]) if bare else None


def _select(files: Sequence[RawFile]) -> list[RawFile]:
    """Choose pair files and the red-team file, ordered by name."""
    chosen = [raw for raw in files if _place(raw) or _RED_TEAM.search(raw.name)]
    if not chosen:
        offered = ", ".join(raw.name for raw in files[:5]) or "nothing"
        raise drift(
            "No file of hh-rlhf is among those given: expected <tranche>/train.jsonl.gz, "
            f"<tranche>/test.jsonl.gz or red_team_attempts.jsonl.gz, got {offered}.",
            file=files[0].name if files else "(no files)",
        )
    return sorted(chosen, key=lambda raw: raw.name)


def _read(files: Sequence[RawFile], params: NoParams, context: Context) -> Iterator[Bundle]:
    """Yield the bundles of each file."""
    del params, context
    repeats = Occurrences()
    annotators = red_team.Annotators()
    has_group = False
    for raw in files:
        place = _place(raw)
        if place is None:
            for chunk in read_json_rows(
                raw, red_team.SCHEMA, required=("transcript",), normalize=red_team.normalize
            ):
                yield red_team.bundle(chunk, raw, repeats=repeats, annotators=annotators)
            continue
        is_first = True
        for chunk in read_json_rows(raw, _PAIR_SCHEMA, required=("chosen", "rejected")):
            if is_first:
                _refuse_other_pairs(chunk.frame, raw)
                is_first = False
            yield pairs.bundle(
                chunk,
                raw,
                subset=place[0],
                split=place[1],
                repeats=repeats,
                with_group=not has_group,
            )
            has_group = True


def _refuse_other_pairs(frame: pl.DataFrame, raw: RawFile) -> None:
    """Refuse pairs of another dataset, which also have a chosen and a rejected text."""
    text = pl.col("chosen")
    is_transcript = text.str.starts_with(MARKERS["user"]) | text.str.starts_with(
        MARKERS["assistant"]
    )
    if frame.height and not frame.select(is_transcript.any()).item():
        raise drift(
            "No text begins with a blank line and `Human:`; these are not transcripts of hh-rlhf. "
            "Pairs of another dataset can be read as `trl`.",
            file=raw.name,
        )


def _rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble the raw rows of both kinds of file."""
    return {**pairs.rebuild(tables), **red_team.rebuild(tables)}


hh_rlhf = Source(
    name="hh-rlhf",
    version=1,
    select=_select,
    read=_read,
    rebuild=_rebuild,
    example=example.EXAMPLE,
)
