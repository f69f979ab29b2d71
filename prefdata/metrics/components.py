"""Clusters of a graph: which rows hang together through pairs of alike rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["components"]


def components(n: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the connected component of each node.

    Args:
        n: Number of nodes.
        pairs: ``(m, 2)`` node numbers that are linked; order and repeats do not matter.

    Returns:
        ``(n,)``: the smallest node number of the component, so labels depend on the graph alone.
    """
    if not len(pairs):
        return np.arange(n)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    count, labels = connected_components(links, directed=False)
    smallest: NDArray[np.int64] = np.full(count, n, np.int64)
    np.minimum.at(smallest, labels, np.arange(n))
    named: NDArray[np.int64] = smallest[labels]
    return named
