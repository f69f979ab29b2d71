"""Groups of vectors by k-means or HDBSCAN; the same on any number of threads."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HDBSCAN_TEXTS", "by_density", "by_means", "default_number", "similarity"]

HDBSCAN_TEXTS = 20_000
"""Most texts of HDBSCAN, which compares them pair by pair: its time grows with their square."""
_LLOYD_TEXTS = 20_000
_STARTS = 4
_BATCH = 4096
_MOST_BY_DEFAULT = 100
_DENSITY_AXES = 25
_DENSITY_NEIGHBOURS = 2


def default_number(n_texts: int) -> int:
    """Return the number of topics when none is asked for: the root of half the texts, 2 to 100."""
    return min(max(round(math.sqrt(n_texts / 2)), 2), _MOST_BY_DEFAULT)


def by_means(vectors: NDArray[np.float32], n_groups: int, seed: int) -> NDArray[np.int64]:
    """Group vectors by k-means, on batches when there are many.

    Args:
        vectors: ``(n, d)`` unit rows, each distinct text once.
        n_groups: Number of groups; there are fewer when fewer vectors differ.
        seed: Seed of the starts.

    Returns:
        ``(n,)`` number of each vector's group.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    n_clusters = min(n_groups, len(vectors))
    random_state = seed % 2**32
    means = (
        KMeans(n_clusters, n_init=_STARTS, random_state=random_state)
        if len(vectors) <= _LLOYD_TEXTS
        else MiniBatchKMeans(
            n_clusters, n_init=_STARTS, batch_size=_BATCH, random_state=random_state
        )
    )
    # One thread: several add up their parts of a centre in the order in which they finish.
    with threadpool_limits(limits=1), warnings.catch_warnings():
        # Fewer vectors differ than groups were asked for; the groups left are those there are.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = means.fit_predict(vectors)
    return np.asarray(labels, dtype=np.int64)


def by_density(vectors: NDArray[np.float32], min_size: int) -> NDArray[np.int64]:
    """Group vectors by HDBSCAN on their first principal axes.

    In hundreds of dimensions all distances are much alike, so that density says little: vectors
    are brought to 25 principal axes and to unit length first.

    Args:
        vectors: ``(n, d)`` unit rows, each distinct text once.
        min_size: Fewest vectors of a group.

    Returns:
        ``(n,)`` number of each vector's group, -1 for those in none.

    References:
        Campello et al. (2013), *Density-based clustering based on hierarchical density estimates*.
    """
    from sklearn.cluster import HDBSCAN
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import normalize
    from threadpoolctl import threadpool_limits

    n_texts = len(vectors)
    if n_texts < min_size:
        return np.full(n_texts, -1)
    if np.ptp(vectors, axis=0).max() == 0:
        # No density is higher than another; what is alike is still one group.
        return np.zeros(n_texts, np.int64)
    with threadpool_limits(limits=1):
        axes = min(_DENSITY_AXES, *vectors.shape)
        few = PCA(axes, svd_solver="covariance_eigh").fit_transform(vectors.astype(np.float64))
        found = HDBSCAN(
            min_cluster_size=min_size, min_samples=_DENSITY_NEIGHBOURS, copy=True
        ).fit_predict(normalize(few))
    return np.asarray(found, dtype=np.int64)


def similarity(vectors: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the cosine of each vector to the mean direction of its group.

    Args:
        vectors: ``(n, d)`` unit rows.
        labels: ``(n,)`` number of each vector's group; -1 for none.

    Returns:
        ``(n,)``, NaN for vectors in no group.
    """
    cosines: NDArray[np.float64] = np.full(len(vectors), np.nan)
    # A loop over groups, of which there are at most hundreds.
    for label in np.unique(labels[labels >= 0]):
        own = vectors[labels == label].astype(np.float64)
        centre = own.sum(axis=0)
        length = np.linalg.norm(centre)
        # Opposite vectors cancel out: then all are as far from the centre as can be told.
        cosines[labels == label] = (own * centre).sum(axis=1) / length if length > 0 else 0.0
    return cosines.clip(-1, 1)
