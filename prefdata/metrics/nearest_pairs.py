"""All pairs of vectors that are alike: exactly by blocks, or through an index where they are many.

The matrix of all similarities is never made: a block of rows meets a block of columns, and only
the most similar of each row are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.core.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = ["MAX_EXACT", "pairs_above"]

MAX_EXACT = 200_000
"""Most vectors that are compared each with each; above, an index finds the neighbors."""

_ROWS = 512
_COLUMNS = 32_768
_DIGITS = 6
_ROUNDING = 10.0**-_DIGITS
_PROBED = 64
_TRAINED_PER_LIST = 48

Hits = tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.float64]"]
"""Row, column and similarity of pairs."""


def pairs_above(
    matrix: NDArray[np.float32],
    threshold: float,
    *,
    n_neighbors: int,
    queries: NDArray[np.float32] | None = None,
    max_exact: int = MAX_EXACT,
    seed: int = 0,
    done: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the pairs of rows whose inner product reaches a threshold.

    Args:
        matrix: ``(n, d)``, unit rows, so that inner products are cosines.
        threshold: Least similarity that counts.
        n_neighbors: Each row keeps its ``n`` most similar others; of equally similar ones those
            with the smaller numbers.
        queries: ``(n, d)``: rows that are compared with those of ``matrix`` instead, where the
            similarity is the product of two different, symmetric forms of the same thing.
        max_exact: Most rows that are compared each with each. Above, an inverted file with 64
            probed lists finds the neighbors, and may miss some.
        seed: Of the index.
        done: Called now and then with the number of rows done.

    Returns:
        ``(m, 2)`` pairs, the smaller number first, rising and each once, and their similarities,
        rounded to 6 digits so that they do not depend on where in a block a row was.

    Raises:
        MissingExtraError: If there are more rows than ``max_exact`` and faiss is not installed.
    """
    asked = matrix if queries is None else queries
    if len(matrix) <= max_exact:
        blocks = _exact(asked, matrix, threshold, n_neighbors)
    else:
        blocks = _indexed(asked, matrix, threshold, n_neighbors, seed)
    firsts, seconds, values = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
    for end, (rows, columns, similarities) in blocks:
        firsts.append(np.minimum(rows, columns))
        seconds.append(np.maximum(rows, columns))
        values.append(similarities)
        if done is not None:
            done(end)
    first, second, value = np.concatenate(firsts), np.concatenate(seconds), np.concatenate(values)
    # A pair that both rows kept comes twice; the greater of its two roundings counts.
    order = np.lexsort((-value, second, first))
    first, second, value = first[order], second[order], value[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    return np.stack([first[is_new], second[is_new]], axis=1), value[is_new]


def _exact(
    asked: NDArray[np.float32], matrix: NDArray[np.float32], threshold: float, n_neighbors: int
) -> Iterator[tuple[int, Hits]]:
    for start in range(0, len(matrix), _ROWS):
        block = asked[start : start + _ROWS]
        kept: Hits = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        for left in range(0, len(matrix), _COLUMNS):
            scores = block @ matrix[left : left + _COLUMNS].T
            own = np.arange(start, start + len(block))
            is_here = (own >= left) & (own < left + scores.shape[1])
            scores[np.flatnonzero(is_here), own[is_here] - left] = -np.inf
            found = _reaching(scores, threshold, n_neighbors)
            both = (found[0] + start, found[1] + left, found[2])
            kept = _best(_chained(kept, both), n_neighbors)
        yield start + len(block), kept


def _reaching(scores: NDArray[np.float32], threshold: float, n_neighbors: int) -> Hits:
    """Return the scores that reach the threshold; few more than ``n_neighbors`` of a row."""
    least: Any = threshold - _ROUNDING
    is_hit = scores >= least
    if np.count_nonzero(is_hit) > 4 * n_neighbors * len(scores) and scores.shape[1] > n_neighbors:
        # Where nearly everything is alike, the hits of a block would not fit in memory.
        nth = np.partition(scores, -n_neighbors, axis=1)[:, -n_neighbors]
        is_hit &= scores >= nth[:, None]
    rows, columns = np.nonzero(is_hit)
    values = _rounded(scores[rows, columns])
    is_enough = values >= threshold
    return rows[is_enough], columns[is_enough], values[is_enough]


def _rounded(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    rounded = scores.astype(np.float64)
    np.round(rounded, _DIGITS, out=rounded)
    return rounded


def _chained(left: Hits, right: Hits) -> Hits:
    return (
        np.concatenate([left[0], right[0]]),
        np.concatenate([left[1], right[1]]),
        np.concatenate([left[2], right[2]]),
    )


def _best(hits: Hits, n_neighbors: int) -> Hits:
    """Keep the ``n`` most similar columns of each row."""
    rows, columns, values = hits
    order = np.lexsort((columns, -values, rows))
    rows = rows[order]
    place = np.arange(len(rows))
    is_first = np.ones(len(rows), bool)
    is_first[1:] = rows[1:] != rows[:-1]
    rank = place - np.maximum.accumulate(np.where(is_first, place, 0))
    kept = order[rank < n_neighbors]
    return hits[0][kept], columns[kept], values[kept]


def _indexed(
    asked: NDArray[np.float32],
    matrix: NDArray[np.float32],
    threshold: float,
    n_neighbors: int,
    seed: int,
) -> Iterator[tuple[int, Hits]]:
    index = _inverted_file(matrix, seed)
    for start in range(0, len(matrix), _COLUMNS):
        # One more than wanted, as each row finds itself.
        scores, found = index.search(asked[start : start + _COLUMNS], n_neighbors + 1)
        rows = np.repeat(np.arange(start, start + len(scores)), n_neighbors + 1)
        columns = found.ravel().astype(np.int64)
        values = _rounded(scores.ravel())
        is_hit = (columns >= 0) & (columns != rows) & (values >= threshold)
        hits = (rows[is_hit], columns[is_hit], values[is_hit])
        yield start + len(scores), _best(hits, n_neighbors)


def _inverted_file(matrix: NDArray[np.float32], seed: int) -> Any:
    try:
        import faiss
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"Comparing {len(matrix):,} texts by meaning", extra="embed"
        ) from error
    n, dimension = matrix.shape
    n_lists = 1 << max(2, round(np.log2(4 * np.sqrt(n))))
    n_lists = min(n_lists, max(1, n // _TRAINED_PER_LIST))
    index: Any = faiss.index_factory(dimension, f"IVF{n_lists},Flat", faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = seed
    n_trained = min(n, n_lists * _TRAINED_PER_LIST)
    chosen = np.sort(np.random.default_rng(seed).choice(n, n_trained, replace=False))
    index.train(matrix[chosen])
    index.add(matrix)
    index.nprobe = _PROBED
    return index
