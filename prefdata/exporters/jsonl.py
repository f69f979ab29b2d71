"""All columns as they are, as JSON Lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.exporters._files import split_files
from prefdata.protocols import NoParams, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

__all__ = ["jsonl"]


@exporter(version=1, rationales="welcome")
def jsonl(frames: Iterator[pl.DataFrame], out: Path, params: NoParams) -> list[Path]:
    """Write ``<split>.jsonl`` with all columns of the pairs as they are.

    Prompts and responses are messages: lists of role and content. Where the export names a step of
    rationales, ``rationales`` has all of each pair. A pair without a split goes to
    ``train.jsonl``; a split without pairs has no file.

    ``load_dataset("json", ...)`` of `datasets` and the source `trl` read it. Lines end at a line
    feed and nowhere else.
    """
    with split_files(out, "jsonl") as files:
        for frame in frames:
            files.add(frame, frame["split"])
    return files.paths
