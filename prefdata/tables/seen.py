"""Native ids met so far: a source that names two rows alike has one of them rejected."""

from __future__ import annotations

import polars as pl

__all__ = ["SeenIds"]


class SeenIds:
    """Remembers the ids of kept rows over all stretches and files of a source."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._ids = pl.Series("id", [], dtype=pl.String)

    def is_repeat(self, ids: pl.Series) -> pl.Series:
        """Tell which ids were kept before, or stand earlier in ``ids``."""
        return ~ids.is_first_distinct() | ids.is_in(self._ids.implode())

    def add(self, ids: pl.Series) -> None:
        """Remember the ids of rows that were kept."""
        self._ids = pl.concat([self._ids, ids.alias("id")])
