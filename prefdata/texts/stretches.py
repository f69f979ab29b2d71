"""Reading a table of texts without holding it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["batches", "numbered"]

_BATCH_ROWS = 20_000


def batches(frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Yield a frame in order, a batch at a time, without holding it.

    Args:
        frame: A scan, what filters it, and what is computed row by row by expressions that stream.
            `replace_strict`, joins and windows do not: then polars holds the whole frame.
    """
    yield from frame.collect_batches(chunk_size=_BATCH_ROWS, maintain_order=True)


def numbered(column: str, names: Sequence[str]) -> pl.Expr:
    """Return the number of each name, as 16 bits; an expression that streams.

    Args:
        column: Holds no other names.
        names: Each once; the first has the number 0.
    """
    return pl.col(column).cast(pl.Enum(names)).to_physical().cast(pl.Int16).alias(column)
