"""All columns as they are, as Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.exporters._files import split_files
from prefdata.protocols import NoParams, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

__all__ = ["parquet"]


@exporter(version=2, rationales="welcome")
def parquet(frames: Iterator[pl.DataFrame], out: Path, params: NoParams) -> list[Path]:
    """Write ``<split>.parquet`` with all columns of the pairs as they are.

    Prompts and responses are messages: lists of role and content. Where the export names a step of
    rationales, ``rationales`` has all of each pair. A pair without a split goes to
    ``train.parquet``; a split without pairs has no file.

    ``load_dataset("parquet", ...)`` of `datasets` and the source `trl` read it.
    """
    with split_files(out, "parquet") as files:
        for frame in frames:
            files.add(frame, frame["split"])
    return files.paths
