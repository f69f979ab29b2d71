"""Reading a table of texts without holding it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

__all__ = ["batches"]

_BATCH_ROWS = 20_000
_STRETCH_ROWS = 100_000


def batches(frame: pl.LazyFrame, where: pl.Expr | None = None) -> Iterator[pl.DataFrame]:
    """Yield a frame in order, a batch at a time, without holding it.

    Stretch by stretch, and not with `collect_batches`: that reads ahead of a slow consumer as far
    as it can, in the end the whole frame.

    Args:
        frame: A scan and what is computed row by row. A stretch of anything else, such as of a
            filter, is found by reading all rows before it.
        where: Which rows of it are wanted; all when None.
    """
    start = 0
    while True:
        stretch = frame.slice(start, _STRETCH_ROWS).collect()
        wanted = stretch if where is None else stretch.filter(where)
        yield from wanted.iter_slices(_BATCH_ROWS)
        if stretch.height < _STRETCH_ROWS:
            return
        start += _STRETCH_ROWS
