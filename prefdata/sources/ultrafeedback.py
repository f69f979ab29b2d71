"""UltraFeedback: instructions with four completions each, rated by GPT-4 in four aspects.

Cui et al. (2023), arXiv:2310.01377. A row becomes a prompt, its completions responses, and each
aspect one judgment of all of them; the critique with its overall score and the mean of the ratings
are judgments of their own. All vintages are read, also mixed in one file. What the first release
got wrong (a score of 1 that became 10) is flagged, never changed.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.protocols import Context, NoParams, RawFile, Source
from prefdata.sources._ultrafeedback import example, tables
from prefdata.sources._ultrafeedback.files import best_of_each, json_blocks, record_batches
from prefdata.sources._ultrafeedback.nested import NESTED, flatten, misjudged
from prefdata.sources._ultrafeedback.rows import Stretch, read_stretches
from prefdata.tables.bundle import Bundle
from prefdata.tables.identity import Occurrences
from prefdata.tables.raw import drift, rejects_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["ultrafeedback"]

_SUBSETS = ("evol_instruct", "false_qa", "flan", "sharegpt", "truthful_qa", "ultrachat")
_BENCHMARK = "truthful_qa"
_STEM = re.compile(r"[^/]*$")


def _subset(stem: str) -> str | None:
    found = _STEM.search(stem)
    return found[0] if found and found[0] in _SUBSETS else None


def _select(files: Sequence[RawFile]) -> list[RawFile]:
    """Choose the files of the subsets, or else all data files: one merged, or its shards."""
    best = best_of_each(files)
    subsets = {stem: raw for stem, raw in best.items() if _subset(stem)}
    chosen = subsets or best
    if not chosen:
        offered = ", ".join(raw.name for raw in files[:5]) or "nothing"
        raise drift(
            "No file of ultrafeedback is among those given: expected one merged file or "
            f"{', '.join(f'{name}.jsonl' for name in _SUBSETS)}; got {offered}.",
            file=files[0].name if files else "(no files)",
        )
    return sorted(chosen.values(), key=lambda raw: raw.name)


def _read(files: Sequence[RawFile], params: NoParams, context: Context) -> Iterator[Bundle]:
    """Yield the bundles of each file."""
    del params, context
    repeats = Occurrences()
    benchmark = _benchmark(files)
    has_annotator = False
    for raw in files:
        for stretch in read_stretches(raw, NESTED):
            bundle = _bundle(stretch, raw, repeats, benchmark, with_annotator=not has_annotator)
            has_annotator = has_annotator or "annotators" in bundle.tables
            yield bundle


def _bundle(
    stretch: Stretch,
    raw: RawFile,
    repeats: Occurrences,
    benchmark: frozenset[str],
    *,
    with_annotator: bool,
) -> Bundle:
    """Make the canonical tables of one stretch."""
    rejects = list(stretch.rejects)
    made: dict[str, list[pl.DataFrame]] = {}
    for part in stretch.parts:
        flat = flatten(part)
        bad, off_scale = misjudged(part, flat)
        if bad.size:
            rejects += off_scale
            part = part.take(np.setdiff1d(np.arange(len(part.rows), dtype=np.int64), bad))  # noqa: PLW2901 - the rest of it
            flat = flatten(part)
        if not len(part.rows):
            continue
        frames = tables.tables_of(part, flat, raw, repeats)
        frames["flags"] = tables.flags_of(part, flat, frames, benchmark)
        for name, frame in frames.items():
            made.setdefault(name, []).append(frame)
    joined = {name: pl.concat(pieces) for name, pieces in made.items()}
    if joined and with_annotator:
        joined["annotators"] = tables.annotator(raw)
    rejects.sort(key=lambda reject: reject.row)
    return Bundle(
        file=raw.name,
        rows_in=stretch.rows_in,
        tables=joined,
        rejects=rejects_of(raw.name, rejects),
    )


def _benchmark(files: Sequence[RawFile]) -> frozenset[str]:
    """Collect the instructions of TruthfulQA in a first pass, over its own file if there is one."""
    found: set[str] = set()
    for stem, raw in best_of_each(files).items():
        if _subset(stem) not in {_BENCHMARK, None}:
            continue
        if raw.name.endswith((".parquet", ".arrow")):
            found.update(_benchmark_of_frame(raw))
        else:
            found.update(_benchmark_of_json(raw))
    return frozenset(found)


def _benchmark_of_frame(raw: RawFile) -> Iterator[str]:
    for batch in record_batches(raw):
        if not {"source", "instruction"} <= set(batch.schema.names):
            return
        frame = pl.from_arrow(batch.select(["source", "instruction"]))
        assert isinstance(frame, pl.DataFrame)  # noqa: S101 - narrows the type; a batch gives a frame
        if frame.schema == {"source": pl.String, "instruction": pl.String}:
            here = frame.filter(pl.col("source") == _BENCHMARK)["instruction"].drop_nulls()
            yield from here.to_list()


def _benchmark_of_json(raw: RawFile) -> Iterator[str]:
    for _, lines in json_blocks(raw):
        # Most lines are passed over by the search for the word, which runs at memory speed.
        for line in lines:
            if _BENCHMARK.encode() not in line:
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue  # rejected when it is read
            if isinstance(row, dict) and row.get("source") == _BENCHMARK:
                text = row.get("instruction")
                # Half of a surrogate pair is rejected when the row is read.
                if isinstance(text, str) and text == text.encode(errors="ignore").decode():
                    yield text


ultrafeedback = Source(
    name="ultrafeedback",
    version=1,
    select=_select,
    read=_read,
    rebuild=tables.rebuild,
    example=example.NESTED,
)
