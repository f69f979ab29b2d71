"""Digests of rows that do not depend on how they are cut into files, row groups or batches."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

__all__ = ["rows_digest"]


def rows_digest(frames: Iterable[pl.DataFrame]) -> tuple[int, str]:
    """Return the number of rows and a SHA-256 of them, in their order.

    Rows count as JSON objects with the columns in their order, so the digest stands any change of
    encoding (dictionaries, large strings, chunks) and none of a value, a null, a name or the
    order of rows or columns.

    Args:
        frames: Pieces of one table, in order.
    """
    hasher = hashlib.sha256()
    rows = 0
    for frame in frames:
        rows += frame.height
        # Not as a string, which would be copied twice.
        lines = io.BytesIO()
        frame.write_ndjson(lines)
        hasher.update(lines.getbuffer())
    return rows, hasher.hexdigest()
