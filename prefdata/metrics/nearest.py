"""The k rows with the greatest dot product, exactly, by blocks: never all scores at once.

Scores of a block come fast and a little wrong: sums in single precision in whatever order the
library takes, or half precision on a GPU. So a few rows more than k are kept, scored anew in one
fixed way, and the bound on the error tells whether any other row could still belong to the k
best. Where it could, as among many copies of one text, a second pass looks at all that could.
The result is therefore the same on every path: by ``(-score, row number)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.metrics.halves import widen
from prefdata.metrics.scored import FLOAT32_ROUNDING, Nearest, keep_best, no_neighbors, products

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from prefdata.metrics.scored import RowSource, Scorer

__all__ = ["Exact", "Nearest", "nearest", "rescore"]

N_SPARE = 8
"""Rows that are kept beyond k until they are scored in full precision."""
_QUERIES_AT_ONCE = 1024
_PAIRS_AT_ONCE = 8192  # 25 MB of float64 at 384 dimensions, twice
_ROWS_AT_ONCE = 1024  # few enough to stay in the cache between widening and multiplying
_LONG_NORM = 1.01  # of a unit row after rounding to half precision


class Exact:
    """Rows that are searched one by one.

    Args:
        rows: ``(n, d)`` finite, of unit length or zero, float16 or float32.
        device: None for numpy; else a device of torch, such as ``cuda`` or ``cuda:1``, where the
            rows then stay, in half precision, if they fit.

    Raises:
        MissingExtraError: If a device is asked for without torch.
        BackendError: If the device is not there.
    """

    def __init__(self, rows: RowSource, *, device: str | None = None) -> None:
        self._rows = rows
        self._scorer: Scorer
        if device is None:
            self._scorer = _NumpyScorer(rows)
        else:
            from prefdata.metrics.nearest_torch import TorchScorer

            self._scorer = TorchScorer(rows, device)

    def search(
        self, queries: NDArray[np.float32], k: int, *, allowed: NDArray[np.int64] | None = None
    ) -> Nearest:
        """Return the k best rows of each query.

        Args:
            queries: ``(q, d)``, finite.
            k: At least 1.
            allowed: Numbers of the rows that may be found, rising; all when None.

        Returns:
            ``(q, k)`` scores and row numbers. A score is the dot product of the query and the
            row as stored, summed in double precision and rounded to single.

        Raises:
            ValueError: If k or the width of the queries is wrong.
        """
        if k < 1 or queries.ndim != 2 or queries.shape[1] != self._rows.shape[1]:  # noqa: PLR2004
            message = f"k = {k}, queries {queries.shape} do not fit rows {self._rows.shape}"
            raise ValueError(message)
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        parts = [
            self._chunk(queries[start : start + _QUERIES_AT_ONCE], k, allowed)
            for start in range(0, len(queries), _QUERIES_AT_ONCE)
        ] or [no_neighbors(0, k)]
        return Nearest(*(np.concatenate(halves) for halves in zip(*parts, strict=True)))

    def _chunk(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None
    ) -> Nearest:
        n = self._rows.shape[0] if allowed is None else len(allowed)
        if not n:
            return no_neighbors(len(queries), k)
        n_kept = min(k + N_SPARE, n)
        kept = self._scorer.best(queries, n_kept, allowed)
        result = rescore(queries, self._rows, _numbers(kept.rows, allowed), k)
        if n_kept == n:
            return result
        # No row that was left out scores more than the worst that was kept, but for the error.
        error = self._scorer.error * np.linalg.norm(queries, axis=1)
        could_miss = kept.scores[:, -1] + 2 * error >= result.scores[:, -1]
        if could_miss.any():
            bars = result.scores[could_miss, -1]
            found = self._second_pass(queries[could_miss], k, bars, allowed)
            result.scores[could_miss], result.rows[could_miss] = found
        return result

    def _second_pass(
        self,
        queries: NDArray[np.float32],
        k: int,
        bars: NDArray[np.float32],
        allowed: NDArray[np.int64] | None,
    ) -> Nearest:
        """Score anew all rows that may reach the bar; equal queries are asked once."""
        asked, at = np.unique(queries, axis=0, return_inverse=True)
        least = np.full(len(asked), -np.inf, dtype=np.float32)
        np.maximum.at(least, at, bars)
        least -= (2 * self._scorer.error * np.linalg.norm(asked, axis=1)).astype(np.float32)
        best = no_neighbors(len(asked), k)
        for of_query, positions in self._scorer.above(asked, least, allowed):
            rows = _numbers(positions, allowed)
            # Pieces bound the memory where every row reaches the bar.
            for start in range(0, len(rows), 16 * _PAIRS_AT_ONCE):
                piece = slice(start, start + 16 * _PAIRS_AT_ONCE)
                scores = _scores(asked, self._rows, of_query[piece], rows[piece])
                best = keep_best(best, of_query[piece], scores, rows[piece])
        return Nearest(best.scores[at], best.rows[at])


def nearest(
    queries: NDArray[np.float32], rows: RowSource, k: int, *, device: str | None = None
) -> Nearest:
    """Return the k rows with the greatest dot product with each query.

    Args:
        queries: ``(q, d)``, finite.
        rows: ``(n, d)``, finite, of unit length or zero, float16 or float32.
        k: At least 1.
        device: None for numpy; else a device of torch.

    Returns:
        ``(q, k)`` scores and row numbers, by ``(-score, row number)``.

    Raises:
        ValueError: If k or the width of the queries is wrong.
    """
    return Exact(rows, device=device).search(queries, k)


def rescore(
    queries: NDArray[np.float32], rows: RowSource, candidates: NDArray[np.int64], k: int
) -> Nearest:
    """Return the k best of a few candidates of each query, by their exact scores.

    Args:
        queries: ``(q, d)``.
        rows: ``(n, d)``.
        candidates: ``(q, c)`` row numbers, each at most once for a query; -1 for none.
        k: At least 1.

    Returns:
        ``(q, k)`` scores and row numbers, by ``(-score, row number)``.
    """
    of_query, at = np.nonzero(candidates >= 0)
    found = candidates[of_query, at]
    scores = _scores(queries, rows, of_query, found)
    return keep_best(no_neighbors(len(queries), k), of_query, scores, found)


def _scores(
    queries: NDArray[np.float32],
    rows: RowSource,
    of_query: NDArray[np.int64],
    at: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Score pairs of a query and a row, each by itself, so that no neighbour changes its sum."""
    scores = np.empty(len(at), dtype=np.float32)
    # Over pieces of pairs, not over pairs.
    for start in range(0, len(at), _PAIRS_AT_ONCE):
        piece = slice(start, start + _PAIRS_AT_ONCE)
        left = queries[of_query[piece]].astype(np.float64)
        right = widen(rows[at[piece]]).astype(np.float64)
        scores[piece] = np.einsum("nd,nd->n", left, right)
    return scores


def _numbers(positions: NDArray[np.int64], allowed: NDArray[np.int64] | None) -> NDArray[np.int64]:
    if allowed is None:
        return positions
    numbers: NDArray[np.int64] = allowed[positions]
    return numbers


class _NumpyScorer:
    """Blocks of rows times queries, in single precision."""

    def __init__(self, rows: RowSource) -> None:
        # A file that is mapped is a plain array from here on, which is faster to cut.
        self._rows = np.asarray(rows) if isinstance(rows, np.ndarray) else rows
        # Higham (2002), Accuracy and Stability of Numerical Algorithms, section 3.1.
        self.error = _LONG_NORM * rows.shape[1] * FLOAT32_ROUNDING

    def best(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None
    ) -> Nearest:
        best = no_neighbors(len(queries), k)
        for start, scores in self._blocks(queries, allowed):
            if start == 0 and scores.shape[1] > k:
                # Later blocks have a bar to clear; the first is cut by selection.
                columns = np.argpartition(scores, -k, axis=1)[:, -k:].ravel()
                of_query = np.repeat(np.arange(len(queries)), k)
            else:
                of_query, columns = np.nonzero(scores > best.scores[:, -1:])
            if len(columns):
                best = keep_best(best, of_query, scores[of_query, columns], columns + start)
        return best

    def above(
        self,
        queries: NDArray[np.float32],
        least: NDArray[np.float32],
        allowed: NDArray[np.int64] | None,
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        for start, scores in self._blocks(queries, allowed):
            of_query, columns = np.nonzero(scores >= least[:, None])
            yield of_query, columns + start

    def _blocks(
        self, queries: NDArray[np.float32], allowed: NDArray[np.int64] | None
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        n = self._rows.shape[0] if allowed is None else len(allowed)
        buffer = np.empty((min(_ROWS_AT_ONCE, n), queries.shape[1]), dtype=np.float32)
        for start in range(0, n, _ROWS_AT_ONCE):
            stop = min(start + _ROWS_AT_ONCE, n)
            block = self._rows[start:stop] if allowed is None else self._take(allowed[start:stop])
            if block.dtype == np.float16:
                block = widen(block, buffer)
            yield start, products(queries, block)

    def _take(self, at: NDArray[np.int64]) -> Any:
        # Three times as fast as indexing, where the rows are in an array.
        return self._rows.take(at, axis=0) if isinstance(self._rows, np.ndarray) else self._rows[at]
