"""The index of faiss: learn, add block by block, find candidates.

What is found here is a guess, to be scored anew from the stored vectors by the caller. All is
seeded, and no result depends on the number of threads: the same vectors make the same file.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.core.errors import MissingExtraError
from prefdata.metrics.scored import products

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from prefdata.metrics.scored import RowSource
    from prefdata.vectors.index_plan import IndexPlan

__all__ = ["FaissIndex", "build_faiss", "faiss_version", "read_faiss"]

_ROWS_AT_ONCE = 1 << 15
_ROUNDS = 10  # of k-means; faiss's own number for lists
_TWO_LEVELS_FROM = 16_384  # centroids, whose k-means would take hours
_MOST_THREADS = 16
_SCATTERED = 4
"""Times as many lists as if the allowed rows were spread evenly: then they are far from a query,
where all are alike and any list may hold the best."""
_MEASURED_K = 10  # the effort was raised until this many neighbours were found


class FaissIndex:
    """An index in memory.

    Args:
        index: The object of faiss.
        plan: How it was built.
    """

    def __init__(self, index: Any, plan: IndexPlan) -> None:
        self._index = index
        self.plan = plan

    @property
    def most_effort(self) -> int:
        """Beyond this, looking at all vectors is no slower."""
        return max(self.plan.n_lists // 2, 1) if self.plan.n_lists else int(self._index.ntotal) // 8

    def candidates(
        self,
        queries: NDArray[np.float32],
        k: int,
        *,
        effort: int,
        allowed: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return rows that may be among the k best of each query.

        Args:
            queries: ``(q, d)``.
            k: Rows wanted in the end.
            effort: Lists that are visited, or candidates that are held, for k up to 10 among all
                rows; more are where k is greater or rows are barred.
            allowed: ``(n,)``, true for rows that may be found; all when None.

        Returns:
            ``(q, c)`` row numbers, -1 where there are fewer; and ``(q,)``, false where they are
            not to be relied on, because no allowed row is near the query.
        """
        faiss = _faiss()
        n = int(self._index.ntotal)
        n_wanted = min(self.plan.rerank * k, n)
        share = 1.0 if allowed is None else max(float(allowed.mean()), 1 / n)
        wanted = effort * max(k / _MEASURED_K, 1.0) / share
        selector = None
        if allowed is not None:
            selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
        is_sure = np.ones(len(queries), dtype=bool)
        if self.plan.kind == "hnsw":
            held = min(max(round(wanted), n_wanted), n)
            parameters = faiss.SearchParametersHNSW(sel=selector, efSearch=held)
            return self._search(queries, n_wanted, parameters), is_sure
        visits = np.full(len(queries), round(wanted))
        if allowed is not None:
            visits = self._visits(queries, wanted * share, allowed)
            is_sure = visits <= _SCATTERED * wanted
        visits = np.minimum(visits, self.plan.n_lists)
        found = np.full((len(queries), n_wanted), -1, dtype=np.int64)
        # Over the few numbers of lists, each a power of two.
        for n_lists in np.unique(visits[is_sure]):
            parameters = faiss.SearchParametersIVF(sel=selector, nprobe=int(n_lists))
            is_asked = is_sure & (visits == n_lists)
            found[is_asked] = self._search(queries[is_asked], n_wanted, parameters)
        return found, is_sure

    def _search(
        self, queries: NDArray[np.float32], n_wanted: int, parameters: Any
    ) -> NDArray[np.int64]:
        # faiss shares queries out among threads; more of them than queries would only wait.
        with _threads(_faiss(), max(min(len(queries) // 4, _MOST_THREADS), 1)):
            _, found = self._index.search(queries, n_wanted, params=parameters)
        rows: NDArray[np.int64] = found
        return rows

    def _visits(
        self, queries: NDArray[np.float32], n_full: float, allowed: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Return for each query how many lists hold the allowed rows of so many full ones.

        The lists nearest to a query may hold none of them.
        """
        n_lists = self.plan.n_lists
        n_held = np.bincount(self._list_of_row[allowed], minlength=n_lists)
        ranked = np.argsort(-products(queries, self._centroids), axis=1, kind="stable")
        seen = np.cumsum(n_held[ranked], axis=1)
        needed = (seen < n_full * len(allowed) / n_lists).sum(axis=1) + 1
        visits: NDArray[np.int64] = 1 << np.ceil(np.log2(np.maximum(needed, n_full))).astype(int)
        return visits

    @cached_property
    def _centroids(self) -> NDArray[np.float32]:
        centroids: NDArray[np.float32] = self._index.quantizer.reconstruct_n(0, self.plan.n_lists)
        return centroids

    @cached_property
    def _list_of_row(self) -> NDArray[np.int32]:
        """The list that each row is in."""
        faiss = _faiss()
        lists = np.empty(self._index.ntotal, dtype=np.int32)
        inverted = self._index.invlists
        # Over lists, whose ids faiss holds apart.
        for number in range(self.plan.n_lists):
            if size := inverted.list_size(number):
                lists[faiss.rev_swig_ptr(inverted.get_ids(number), size)] = number
        return lists

    def write(self, path: Path) -> None:
        """Write the index to a file."""
        _faiss().write_index(self._index, str(path))


def build_faiss(
    rows: RowSource, plan: IndexPlan, *, seed: int, done: Callable[[int], None]
) -> FaissIndex:
    """Build an index of vectors.

    Beside the rows, the sample to learn from and the index itself, one block is in memory.

    Args:
        rows: ``(n, d)``, unit rows.
        plan: Of another kind than ``flat``.
        seed: Of the sample and of k-means.
        done: Called now and then with the number of vectors added.

    Raises:
        MissingExtraError: If faiss is not installed.
    """
    faiss = _faiss()
    n, d = rows.shape
    # Links of a graph depend on the order in which threads add them; little work is done sooner
    # by one than by several that wait for each other.
    is_alone = plan.kind == "hnsw" or n < _ROWS_AT_ONCE
    n_threads = 1 if is_alone else _MOST_THREADS
    with _threads(faiss, n_threads):
        if plan.kind == "hnsw":
            index = faiss.IndexHNSWFlat(d, plan.links, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = 100
        else:
            sampled = np.sort(np.random.default_rng(seed).choice(n, plan.n_sample, replace=False))
            sample = np.asarray(rows[sampled], dtype=np.float32)
            index = _lists(faiss, sample, plan, seed)
            index.train(sample)
            del sample
        for start in range(0, n, _ROWS_AT_ONCE):
            block = np.asarray(rows[start : start + _ROWS_AT_ONCE], dtype=np.float32)
            index.add(np.ascontiguousarray(block))
            done(start + len(block))
    return FaissIndex(index, plan)


def read_faiss(path: Path, plan: IndexPlan) -> FaissIndex:
    """Read an index from a file.

    Raises:
        MissingExtraError: If faiss is not installed.
    """
    return FaissIndex(_faiss().read_index(str(path)), plan)


def faiss_version() -> str:
    """Return the version of faiss.

    Raises:
        MissingExtraError: If faiss is not installed.
    """
    return str(_faiss().__version__)


def _lists(faiss: Any, sample: NDArray[np.float32], plan: IndexPlan, seed: int) -> Any:
    """Return an index with centroids, yet without vectors."""
    d = sample.shape[1]
    metric = faiss.METRIC_INNER_PRODUCT
    centroids = _centroids(faiss, sample, plan.n_lists, seed)
    if plan.links:
        quantizer = faiss.IndexHNSWFlat(d, plan.links, metric)
        with _threads(faiss, 1):
            quantizer.add(centroids)
        quantizer.hnsw.efSearch = 4 * plan.links
    else:
        quantizer = faiss.IndexFlatIP(d)
        quantizer.add(centroids)
    match plan.kind:
        case "ivf-flat":
            index = faiss.IndexIVFFlat(quantizer, d, plan.n_lists, metric)
        case "ivf-sq8":
            byte = faiss.ScalarQuantizer.QT_8bit
            index = faiss.IndexIVFScalarQuantizer(quantizer, d, plan.n_lists, byte, metric)
        case _:
            index = faiss.IndexIVFPQFastScan(quantizer, d, plan.n_lists, plan.n_codes, 4, metric)
            index.pq.cp.seed = seed + 1  # 0 stands for the clock
    # faiss frees what the index owns; Python must not do so too.
    index.own_fields = True
    quantizer.this.disown()
    return index


def _centroids(
    faiss: Any, sample: NDArray[np.float32], n_lists: int, seed: int
) -> NDArray[np.float32]:
    """Return unit centroids by k-means; above 16,384 of them within each of a few first ones."""
    if n_lists < _TWO_LEVELS_FROM:
        return _kmeans(faiss, sample, n_lists, seed)
    first = _kmeans(faiss, sample, round(n_lists**0.5), seed)
    nearest = np.concatenate(
        [
            np.argmax(sample[start : start + _ROWS_AT_ONCE] @ first.T, axis=1)
            for start in range(0, len(sample), _ROWS_AT_ONCE)
        ]
    )
    sizes = np.bincount(nearest, minlength=len(first))
    # Shares of the lists by size that add up; none is greater than what it is a share of.
    ends = np.cumsum(sizes) * n_lists // len(sample)
    shares = np.diff(ends, prepend=0)
    parts = np.split(np.argsort(nearest, kind="stable"), np.cumsum(sizes)[:-1])
    return np.concatenate(
        [
            _kmeans(faiss, sample[part], int(share), seed)
            for part, share in zip(parts, shares, strict=True)
            if share
        ]
    )


def _kmeans(
    faiss: Any, sample: NDArray[np.float32], n_centroids: int, seed: int
) -> NDArray[np.float32]:
    d = sample.shape[1]
    parameters = faiss.ClusteringParameters()
    parameters.niter = _ROUNDS
    parameters.seed = seed + 1  # 0 stands for the clock
    parameters.spherical = True
    parameters.min_points_per_centroid = 1  # else it warns on stderr
    parameters.max_points_per_centroid = max(len(sample) // n_centroids + 1, 1)
    clustering = faiss.Clustering(d, n_centroids, parameters)
    assigner = faiss.IndexFlatIP(d)
    if hasattr(faiss, "get_num_gpus") and faiss.get_num_gpus() > 0:
        assigner = faiss.index_cpu_to_all_gpus(assigner)
    clustering.train(np.ascontiguousarray(sample), assigner)
    centroids: NDArray[np.float32] = faiss.vector_to_array(clustering.centroids)
    return centroids.reshape(n_centroids, d)


@contextmanager
def _threads(faiss: Any, most: int = _MOST_THREADS) -> Iterator[None]:
    """Keep faiss to some threads for a while, and to what this process may use."""
    before = faiss.omp_get_max_threads()
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    faiss.omp_set_num_threads(min(most, usable, before))
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise MissingExtraError("This kind of index", extra="embed") from error
    return faiss
