"""All columns as they are, as Arrow IPC streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.exporters._files import split_files
from prefdata.protocols import NoParams, exporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

__all__ = ["arrow"]


@exporter(version=1, rationales="welcome")
def arrow(frames: Iterator[pl.DataFrame], out: Path, params: NoParams) -> list[Path]:
    """Write ``<split>.arrow`` with all columns of the pairs as they are.

    `datasets.Dataset.from_file` maps such a file into memory without copying it, and the source
    `trl` reads it. A pair without a split goes to ``train.arrow``.

    References:
        Apache Arrow, *IPC streaming format*; `datasets` 5, ``Dataset.from_file``.
    """
    with split_files(out, "arrow") as files:
        for frame in frames:
            files.add(frame, frame["split"])
    return files.paths
