"""An index over vectors: built next to the data, measured, checked when opened, searched.

However candidates are found, every score is the dot product of the query with the row as stored
in ``vectors.npy``, so results of an exact search and of an index differ only in what was missed;
how much that is, was measured at the build and is kept in ``manifest.json``.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.core.errors import BackendError, MissingExtraError
from prefdata.core.events import Note, Progress, Report, StepFinished, StepStarted, silent
from prefdata.metrics.halves import widen
from prefdata.metrics.nearest import Exact, Nearest, rescore
from prefdata.metrics.recall import Recall, recall_at_k
from prefdata.vectors.index_faiss import FaissIndex, build_faiss, faiss_version, read_faiss
from prefdata.vectors.index_files import (
    HASHES,
    INDEX,
    MANIFEST,
    VECTORS,
    Manifest,
    MeasuredRecall,
    Refused,
    check_folder,
    describe_files,
    new_folder,
    write_hashes,
    write_vectors,
)
from prefdata.vectors.index_plan import EXACT_UP_TO, IndexPlan, choose

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from prefdata.metrics.scored import RowSource

__all__ = ["Index", "build", "memory_budget", "open_index"]

_RECALL_AT = 10
_MOST_QUERIES = 1_000
_NOISE = 0.5  # length of the noise on a stored vector of length 1, cosine 0.89 to it
_QUERIES_AT_ONCE = 1024
_FEW_ALLOWED = 50_000  # rows that are fetched and scored in about 15 ms
_BUDGET_BYTES = 3_000_000_000


@dataclass(frozen=True, eq=False)
class Index:
    """An index that is open.

    Attributes:
        hashes: ``content_hash`` of each row.
        manifest: What it is made of, and how well it finds.
        note: What the user should know, such as that faiss is missing and all is exact.
    """

    hashes: pl.Series
    manifest: Manifest
    note: str | None
    _vectors: NDArray[np.float16]
    _faiss: FaissIndex | None
    _exact: Exact

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.manifest.n

    @property
    def dimension(self) -> int:
        """Values of a vector."""
        return self.manifest.dimension

    @property
    def told(self) -> str:
        """How it searches, in words."""
        if self._faiss is None:
            return "exact"
        recall = self.manifest.recall
        said = f"{self._faiss.plan.kind} index"
        return f"{said}, recall@{recall.k} {recall.value:.3f}" if recall else said

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return rows as they are stored, ``(len(rows), d)``."""
        return widen(self._vectors[rows])

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        *,
        allowed: NDArray[np.bool_] | None = None,
    ) -> Nearest:
        """Return the k rows most like each query.

        A condition on rows holds before the best are taken. Up to 50,000 allowed rows are all
        scored, however large the index; of a graph or of half bytes, up to 200,000. Of more, as
        many are looked at as without a condition, or all where none of them is near the query.

        Args:
            queries: ``(q, d)``, finite.
            k: At least 1.
            allowed: ``(n,)``, true for rows that may be found; all when None.

        Returns:
            ``(q, k)`` scores, -inf where there are fewer rows, and row numbers, -1 there; by
            ``(-score, row number)``. With unit queries, scores are cosines.

        Raises:
            BackendError: If the queries have another number of values than the vectors.
            ValueError: If k or the shape of ``allowed`` is wrong.
        """
        if allowed is not None and allowed.shape != (self.n,):
            message = f"{allowed.shape} says of other rows than {self.n} whether they are allowed"
            raise ValueError(message)
        if k < 1 or queries.ndim != 2:  # noqa: PLR2004 - rows and columns
            message = f"{k} rows cannot be found for queries of shape {queries.shape}"
            raise ValueError(message)
        if self.n == 0:
            shape = (len(queries), k)
            return Nearest(np.full(shape, -np.inf, np.float32), np.full(shape, -1, np.int64))
        if queries.shape[1] != self.dimension:
            raise BackendError(
                f"The query has {queries.shape[1]} values, the indexed vectors have "
                f"{self.dimension}.",
                where=f"index {self.manifest.key}",
                fix="Embed the query with the model that the vectors come from.",
            )
        if allowed is not None and bool(allowed.all()):
            allowed = None
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        if self._faiss is None or (allowed is not None and self._are_few(int(allowed.sum()))):
            rows = None if allowed is None else np.flatnonzero(allowed)
            return self._exact.search(queries, k, allowed=rows)
        effort = self._faiss.plan.effort
        found, is_sure = _approximate(self._faiss, self._vectors, queries, k, effort, allowed)
        if allowed is not None and not is_sure.all():
            exact = self._exact.search(queries[~is_sure], k, allowed=np.flatnonzero(allowed))
            found.scores[~is_sure], found.rows[~is_sure] = exact
        return found

    def _are_few(self, n_allowed: int) -> bool:
        # A graph, and codes of half a byte, lose their way where few rows are allowed.
        is_steady = self.manifest.plan.kind in {"ivf-flat", "ivf-sq8"}
        return n_allowed <= (_FEW_ALLOWED if is_steady else EXACT_UP_TO)


def build(  # noqa: PLR0913 - what is indexed, where, how, and who is told
    hashes: pl.Series,
    matrix: NDArray[np.float32],
    folder: Path,
    *,
    key: str,
    memory_bytes: int,
    target_recall: float = 0.95,
    seed: int = 0,
    report: Report = silent,
    step: str = "index",
    plan: IndexPlan | None = None,
) -> Index:
    """Build an index and put it in place of what is in a folder.

    Args:
        hashes: ``content_hash`` of each row.
        matrix: ``(n, d)`` unit rows, in memory or on disk; it is read in blocks.
        folder: Of the index; made anew.
        key: Names what is indexed; asked for when it is opened.
        memory_bytes: What the build may take, ``matrix`` included.
        target_recall: Least share of the ten nearest that a search should find, as the lower
            bound of a 95 % interval; an index that cannot is left out, and search is exact.
        seed: Of samples and of k-means.
        report: Where to tell progress and what was decided.
        step: Name of this work in what is told.
        plan: Kind and parameters; chosen by size when None.

    Returns:
        The index, open.

    Raises:
        BackendError: If a vector is not finite or longer than 1.
        ValueError: If ``hashes`` and ``matrix`` differ in length.
    """
    n, d = matrix.shape
    if hashes.len() != n:
        message = f"{hashes.len()} hashes do not name {n} rows"
        raise ValueError(message)
    plan = plan or choose(n, d, memory_bytes=memory_bytes)
    started = time.perf_counter()
    report(StepStarted(step, "index", n, "vectors"))
    with new_folder(folder) as made:
        write_vectors(matrix, made / VECTORS)
        write_hashes(hashes, made / HASHES)
        recall = None
        if plan.kind != "flat":
            stored = _Rounded(matrix)
            index = build_faiss(
                stored, plan, seed=seed, done=lambda done: report(Progress(step, done))
            )
            plan, recall = _tune(index, stored, plan, target_recall, seed)
        if plan.kind != "flat":
            index.write(made / INDEX)
            del index  # it is read back from the file below
        manifest = Manifest(
            key=key,
            n=n,
            dimension=d,
            plan=plan,
            target_recall=target_recall,
            recall=None if recall is None else _kept(recall),
            seed=seed,
            faiss=None if plan.kind == "flat" else faiss_version(),
            files=describe_files(made),
        )
        (made / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    if plan.kind == "flat" and n > EXACT_UP_TO:
        report(Note(f"{step}: search is exact and slower than need be: {plan.reason}"))
    report(StepFinished(step, "index", n, n, 0, time.perf_counter() - started))
    return _open(folder, manifest, None)


def open_index(
    folder: Path, *, key: str, dimension: int | None = None, device: str | None = None
) -> Index | Refused:
    """Open an index that is whole and of what was asked for.

    Args:
        folder: Of the index.
        key: What should have been indexed.
        dimension: Values of a vector; any when None.
        device: A device of torch, such as ``cuda``, on which all is searched exactly.

    Returns:
        The index, or why it may not be used.

    Raises:
        MissingExtraError: If a device is asked for without torch.
        BackendError: If the device is not there.
    """
    manifest = check_folder(folder, key=key, dimension=dimension)
    if isinstance(manifest, Refused):
        return manifest
    try:
        return _open(folder, manifest, device)
    except (OSError, RuntimeError, pl.exceptions.PolarsError) as error:
        # Another process took its place between the check and here.
        return Refused(f"it cannot be read ({error})")


def memory_budget() -> int:
    """Return the bytes that a build may take on this machine: 3 GB, or half of less memory."""
    names = os.sysconf_names if sys.platform != "win32" else {}
    if not {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= names.keys():
        return _BUDGET_BYTES
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(_BUDGET_BYTES, physical // 2)


def _open(folder: Path, manifest: Manifest, device: str | None) -> Index:
    vectors = np.load(folder / VECTORS, mmap_mode="r" if manifest.n else None)
    hashes = pl.read_parquet(folder / HASHES)["content_hash"]
    if vectors.shape != (manifest.n, manifest.dimension) or hashes.len() != manifest.n:
        raise OSError("its files do not fit together")
    faiss = None
    note = None
    if manifest.plan.kind != "flat" and device is None:
        try:
            faiss = read_faiss(folder / INDEX, manifest.plan)
        except MissingExtraError:
            note = "faiss is not installed (pip install 'prefdata[embed]'): search is exact, slow"
    return Index(hashes, manifest, note, vectors, faiss, Exact(vectors, device=device))


@dataclass(frozen=True, slots=True)
class _Rounded:
    """Rows as they are stored, without reading them back: pages of a file count as memory."""

    matrix: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.matrix.shape

    def __getitem__(self, at: Any, /) -> NDArray[np.float16]:
        rows: NDArray[np.float16] = self.matrix[at].astype(np.float16)
        return rows


def _approximate(
    index: FaissIndex,
    rows: RowSource,
    queries: NDArray[np.float32],
    k: int,
    effort: int,
    allowed: NDArray[np.bool_] | None = None,
) -> tuple[Nearest, NDArray[np.bool_]]:
    """Find candidates by the index and score them anew; false where they are a bad guess."""
    parts: list[Nearest] = []
    is_sure = [np.empty(0, dtype=bool)]
    for start in range(0, max(len(queries), 1), _QUERIES_AT_ONCE):
        asked = queries[start : start + _QUERIES_AT_ONCE]
        candidates, sure = index.candidates(asked, k, effort=effort, allowed=allowed)
        parts.append(rescore(asked, rows, candidates, k))
        is_sure.append(sure)
    found = Nearest(*(np.concatenate(halves) for halves in zip(*parts, strict=True)))
    return found, np.concatenate(is_sure)


def _tune(
    index: FaissIndex, stored: RowSource, plan: IndexPlan, target: float, seed: int
) -> tuple[IndexPlan, Recall | None]:
    """Double the effort until the recall is what is wanted; else give the index up."""
    queries = _sample_queries(stored, seed)
    exact = Exact(stored).search(queries, _RECALL_AT).scores
    effort = plan.effort
    while True:
        found, _ = _approximate(index, stored, queries, _RECALL_AT, effort)
        recall = recall_at_k(found.scores, exact)
        if recall.lower >= target:
            return plan.model_copy(update={"effort": effort}), recall
        if effort >= index.most_effort:
            reason = (
                f"{plan.kind} found {recall.value:.3f} of the {_RECALL_AT} nearest "
                f"(at least {recall.lower:.3f}) with the greatest effort, less than {target}"
            )
            return IndexPlan(kind="flat", reason=reason), None
        effort = min(2 * effort, index.most_effort)


def _sample_queries(stored: RowSource, seed: int) -> NDArray[np.float32]:
    """Return unit queries near stored rows, but not so near that each finds itself alone."""
    n, d = stored.shape
    random = np.random.default_rng([seed, 1])
    sampled = np.sort(random.choice(n, min(n, _MOST_QUERIES), replace=False))
    noise = random.standard_normal((len(sampled), d)) * (_NOISE / np.sqrt(d))
    queries = stored[sampled].astype(np.float64) + noise
    queries /= np.maximum(np.linalg.norm(queries, axis=1, keepdims=True), np.finfo(float).tiny)
    result: NDArray[np.float32] = queries.astype(np.float32)
    return result


def _kept(recall: Recall) -> MeasuredRecall:
    return MeasuredRecall(
        k=recall.k,
        value=recall.value,
        lower=recall.lower,
        upper=recall.upper,
        n_queries=recall.n_queries,
    )
