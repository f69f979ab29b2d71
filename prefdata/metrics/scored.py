"""What a search over rows reads, what it gives, and how a device takes part in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = [
    "FLOAT32_ROUNDING",
    "Nearest",
    "RowSource",
    "Scorer",
    "keep_best",
    "no_neighbors",
    "products",
]

FLOAT32_ROUNDING = 2.0**-24


class Nearest(NamedTuple):
    """The best rows of each query, best first; of equal scores the first row."""

    scores: NDArray[np.float32]
    """``(q, k)`` dot products; -inf where there are fewer rows."""
    rows: NDArray[np.int64]
    """``(q, k)`` row numbers; -1 where there are fewer rows."""


class RowSource(Protocol):
    """What rows are read from: an array in memory, one on disk, or a view that computes them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, d)``."""
        ...

    def __getitem__(self, at: Any, /) -> Any:
        """Return the rows of a slice or of row numbers, float16 or float32."""
        ...


class Scorer(Protocol):
    """Scores rows for a few queries, fast and with a known error.

    ``allowed`` are numbers of rows, rising, or None for all; what is returned are positions in
    it.
    """

    error: float
    """Bound on the error of a score, for queries of unit length."""

    def best(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None
    ) -> Nearest:
        """Return the k of best approximate score, best first; of equal ones, any."""
        ...

    def above(
        self,
        queries: NDArray[np.float32],
        least: NDArray[np.float32],
        allowed: NDArray[np.int64] | None,
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield, block by block, queries and those whose approximate score reaches ``least``."""
        ...


def keep_best(
    best: Nearest,
    of_query: NDArray[np.int64],
    scores: NDArray[np.float32],
    rows: NDArray[np.int64],
) -> Nearest:
    """Merge scored rows into the best of each query so far.

    Args:
        best: ``(q, k)``.
        of_query: ``(m,)`` number of the query that each new row was scored for.
        scores: ``(m,)``.
        rows: ``(m,)`` row numbers.

    Returns:
        ``(q, k)``, by ``(-score, row number)``.
    """
    n_queries, k = best.rows.shape
    queries = np.concatenate([np.repeat(np.arange(n_queries), k), of_query])
    all_scores = np.concatenate([best.scores.ravel(), scores])
    all_rows = np.concatenate([best.rows.ravel(), rows])
    order = np.lexsort((all_rows, -all_scores, queries))
    firsts = np.searchsorted(queries[order], np.arange(n_queries))
    kept = order[firsts[:, None] + np.arange(k)]
    return Nearest(all_scores[kept], all_rows[kept])


def no_neighbors(n_queries: int, k: int) -> Nearest:
    """Return the best of no rows."""
    return Nearest(
        np.full((n_queries, k), -np.inf, dtype=np.float32),
        np.full((n_queries, k), -1, dtype=np.int64),
    )


def products(queries: NDArray[np.float32], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the dot products of queries and rows, ``(q, n)``.

    Of one query they are taken row by row: a product of matrices would share them out among
    threads, which on a busy machine wait for each other far longer than they work.
    """
    if len(queries) == 1:
        one: NDArray[np.float32] = np.vecdot(rows, queries[0])[None]
        return one
    many: NDArray[np.float32] = queries @ rows.T
    return many
