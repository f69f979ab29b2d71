"""Sums over clusters: what intervals and tests need of labels that are not independent.

Labels of one annotator, or of one prompt, lean together. The cluster is then the unit, and a sum
per cluster is all that is needed of its labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating]

__all__ = ["MOST_CLUSTERS", "Partition", "cluster_sums", "crossed", "folded", "squared_error"]

MOST_CLUSTERS = 4096
"""More clusters than these are put together by chance before any are drawn, see `folded`."""


@dataclass(frozen=True, slots=True)
class Partition:
    """Which cluster each label is in."""

    codes: NDArray[np.intp]
    """``(n,)``: clusters from 0."""
    n_clusters: int


def cluster_sums(values: Floats, partition: Partition) -> NDArray[np.float64]:
    """Add up the rows of each cluster.

    Args:
        values: ``(n, p)``.
        partition: Of the n rows.

    Returns:
        ``(n_clusters, p)``.
    """
    from scipy.sparse import csr_array

    n = len(partition.codes)
    # A row for each label, with a one at its cluster: nothing is to be sorted.
    members = csr_array(
        (np.ones(n), partition.codes, np.arange(n + 1)), shape=(n, partition.n_clusters)
    )
    return np.asarray(members.T @ values.astype(np.float64, copy=False))


def crossed(first: Partition, second: Partition) -> Partition:
    """Return the partition in which labels are together if they are in both."""
    cells, codes = np.unique(first.codes * second.n_clusters + second.codes, return_inverse=True)
    return Partition(codes, len(cells))


def folded(partition: Partition, *, seed: int, at_most: int = MOST_CLUSTERS) -> Partition:
    """Put clusters together by chance, as evenly as can be, until there are few enough.

    Clusters that are independent are so in groups as well. A bootstrap that draws groups has the
    same expectation, and a variance that is itself uncertain by a share of sqrt(2 / groups): 1.1 %
    of the width of an interval for 4,096, a third of what 2,000 resamples leave open. A test that
    flips groups flips fewer ways, and is as exact. What is drawn then no longer costs more for
    more clusters.

    Args:
        partition: Clusters.
        seed: Decides which come together.
        at_most: Groups.
    """
    if partition.n_clusters <= at_most:
        return partition
    place = np.random.default_rng(seed).permutation(partition.n_clusters)
    return Partition((place % at_most)[partition.codes], at_most)


def squared_error(sums: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the variance of totals from sums per cluster that have a mean of 0.

    With one partition that is the sum of squares. With two it is that of the first, and of the
    second, less that of the cells in which both are the same, because these are in both; but no
    less than either, where the cells say more than the clusters.

    Args:
        sums: ``(n_clusters, p)`` of one partition, or of two and of `crossed`.

    Returns:
        ``(p,)``.

    References:
        Cameron, Gelbach and Miller (2011), *Robust inference with multiway clustering*, Journal
        of Business & Economic Statistics 29, 238-249.
    """
    squares = [np.einsum("ij,ij->j", each, each) for each in sums]
    if len(squares) == 1:
        return np.asarray(squares[0])
    first, second, both = squares
    return np.asarray(np.maximum(first + second - both, np.maximum(first, second)))
