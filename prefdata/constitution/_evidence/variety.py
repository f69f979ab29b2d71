"""A few comparisons of many, the best of them first and each unlike those before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["farthest_first", "varied"]

_CANDIDATES_PER_ROW = 4
_DIGITS = 6


def varied(
    openings: NDArray[np.integer], k: int, vectors: NDArray[np.float32] | None = None
) -> NDArray[np.int64]:
    """Choose k of some comparisons.

    No two open with the same words, as long as there are others. With vectors, those are chosen
    of the best four times k that are farthest from those before them; else the best.

    Args:
        openings: ``(n,)`` numbers that are equal where prompts open with the same words, of the
            best comparison first.
        k: How many are wanted.
        vectors: ``(n, d)`` unit vectors of the prompts; zero where there is none.

    Returns:
        Places among the ``n``, in the order in which they are to be read.
    """
    first = np.sort(np.unique(openings, return_index=True)[1])
    if vectors is not None and len(first) > k:
        near = first[: _CANDIDATES_PER_ROW * k]
        first = near[farthest_first(vectors[near], k)]
    others = np.setdiff1d(np.arange(len(openings)), first)
    return np.concatenate([first, others])[:k].astype(np.int64)


def farthest_first(vectors: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Return the first row, then again and again that which is least like any taken.

    Args:
        vectors: ``(n, d)`` unit rows, the best first; of equals the first is taken.
        k: How many, at most n.

    References:
        Gonzalez (1985), *Clustering to minimize the maximum intercluster distance*.
    """
    exact = vectors.astype(np.float64)
    taken = [0]
    likeness = np.full(len(exact), -np.inf)
    while len(taken) < min(k, len(exact)):
        likeness = np.maximum(likeness, np.einsum("nd,d->n", exact, exact[taken[-1]]))
        likeness[taken] = np.inf
        taken.append(int(np.argmin(likeness.round(_DIGITS))))
    return np.array(taken, np.int64)
