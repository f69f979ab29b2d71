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


@exporter(version=1, rationales="welcome")
def parquet(frames: Iterator[pl.DataFrame], out: Path, params: NoParams) -> list[Path]:
    """Write ``<split>.parquet`` with all columns of the pairs as they are.

    A pair without a split goes to ``train.parquet``.
    """
    with split_files(out, "parquet") as files:
        for frame in frames:
            files.add(frame, frame["split"])
    return files.paths
