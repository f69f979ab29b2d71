"""What an adapter hands over for one stretch of a raw file: canonical rows and rejects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["REJECT_COLUMNS", "Bundle", "RawFile", "concat_rejects", "no_rejects"]


@dataclass(frozen=True, slots=True)
class RawFile:
    """One raw file on this machine."""

    path: Path
    name: str
    """Name within the source, with forward slashes: ``harmless-base/test.jsonl.gz``."""
    revision: str | None = None
    """Upstream revision, when it was fetched by one."""


REJECT_COLUMNS: dict[str, pl.DataType] = {
    "file": pl.String(),
    "row": pl.Int64(),
    "subject": pl.String(),
    "id": pl.String(),
    "field": pl.String(),
    "rule": pl.String(),
    "reason": pl.String(),
    "raw": pl.String(),
}
"""Columns of the rejects that an adapter or a stage returns; the runner adds source and stage."""


def no_rejects() -> pl.DataFrame:
    """Return rejects without rows."""
    return pl.DataFrame(schema=REJECT_COLUMNS)


def concat_rejects(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Join rejects in the given order; the result has the columns of `REJECT_COLUMNS`."""
    return pl.concat([no_rejects(), *frames], how="vertical")


@dataclass(frozen=True, slots=True)
class Bundle:
    """Canonical rows from one stretch of one raw file, with what did not pass.

    Every raw row of the stretch is either behind at least one canonical row (same ``file`` and
    ``row``) or one row of ``rejects``: ``rows_in = rows kept + rejects.height``. A raw row that
    only completes a row of another file (such as PRISM metadata) counts as kept.
    """

    file: str
    """Name of the raw file within the source."""
    rows_in: int
    """Raw rows in the stretch, blank lines not counted."""
    tables: Mapping[str, pl.DataFrame]
    """Table name to frame with exactly the columns of its contract, provenance included."""
    rejects: pl.DataFrame = field(default_factory=no_rejects)
    """Raw rows that did not pass, one row each."""
