"""The fitted model: which n-grams count, how much, and the axes that texts are placed on."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.backends._lexical.features import SPACES, counts, stretches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["DamagedError", "Model", "fit", "load", "save"]

_MAX_FEATURES = 2**15
"""N-grams of one space that count: the most frequent, so that the axes fit in 64 MB."""
_ITERATIONS = 3
_OVERSAMPLES = 10
_NO_AXIS = 1e-5
"""Singular values below this share of the first are rounding."""
_ONE_TEXT = float(np.sqrt(len(SPACES)))
"""Weight of one text: each space gives a row of unit length."""
_NO_PLACE = 1e-5
"""Texts with less weight than this on the axes are not placed by them."""


class DamagedError(Exception):
    """A file of a model is not what was written."""


@dataclass(frozen=True, slots=True)
class Model:
    """N-grams that count, their weights, and the axes.

    Attributes:
        buckets: Of each space the buckets that count, ascending.
        weights: Of each space the inverse document frequencies of those buckets.
        axes: ``(n_features, d)``; the features of the spaces in turn.
    """

    buckets: tuple[NDArray[np.int32], ...]
    weights: tuple[NDArray[np.float32], ...]
    axes: NDArray[np.float32]

    def place(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the vectors of texts, and which of them could not be placed.

        Args:
            texts: ``n`` texts, without halves of characters.

        Returns:
            ``(n, d)`` rows of unit length, or zero; and ``(n,)``, true where they are zero.
        """
        rows = weighted(counts(texts), self.buckets, self.weights)
        # Sparse times dense runs on one thread, row by row: neither threads nor neighbours change
        # the sum.
        placed = np.asarray(rows @ self.axes, dtype=np.float32)
        length = np.linalg.norm(placed, axis=1)
        is_void = length <= _NO_PLACE
        placed[is_void] = 0
        placed /= np.where(is_void, np.float32(1), length)[:, None]
        return placed, is_void


def weighted(
    found: list[Any],
    buckets: Sequence[NDArray[np.int32]],
    weights: Sequence[NDArray[np.float32]],
) -> Any:
    """Weigh counts by TF-IDF: ``(1 + ln tf) * idf``, each space with rows of unit length.

    Args:
        found: Counts of each space, as `counts` returns them.
        buckets: Of each space the buckets that count.
        weights: Of each space the inverse document frequencies.

    Returns:
        A sparse matrix ``(n, n_features)``, the features of the spaces side by side.
    """
    import scipy.sparse as sp
    from sklearn.preprocessing import normalize

    parts = []
    for matrix, kept, weight in zip(found, buckets, weights, strict=True):
        part = matrix[:, kept]
        part.data = (np.log(part.data) + 1) * weight[part.indices]
        parts.append(normalize(part, copy=False) if part.shape[1] else part)
    return sp.hstack(parts, format="csr", dtype=np.float32)


def fit(texts: Sequence[str], dimension: int) -> Model:
    """Fit the model: the n-grams that most texts have, and a truncated SVD of their TF-IDF.

    Axes are divided by the root of their singular values, which tames the first ones: they hold
    what all texts have ("how do I"). Axes with less than the weight of one text are not raised, or
    a small corpus would be placed by rounding and by what sets two copies apart.

    A corpus with fewer texts or n-grams than ``dimension`` has so many axes fewer; a corpus
    without any n-gram has one axis, on which no text is placed.

    Args:
        texts: Distinct texts, in an order that depends on their content only.
        dimension: Greatest number of axes.

    References:
        Deerwester et al. (1990), *Indexing by latent semantic analysis*, JASIS 41(6); Halko et
        al. (2011), *Finding structure with randomness*, arXiv:0909.4061; Caron (2001),
        *Experiments with LSA scoring*, for the power of the singular values.
    """
    import scipy.sparse as sp

    chunks = [counts(texts[part]) for part in stretches(texts)] or [counts([""])]
    found = [sp.vstack(parts, format="csr") for parts in zip(*chunks, strict=True)]
    n_texts = len(texts)
    buckets, weights = [], []
    for matrix, space in zip(found, SPACES, strict=True):
        frequency = np.bincount(matrix.indices, minlength=space.n_buckets)
        # Ties by the number of the bucket, which depends on the n-gram only.
        order = np.argsort(-frequency, kind="stable")[:_MAX_FEATURES]
        kept = np.sort(order[frequency[order] > 0]).astype(np.int32)
        buckets.append(kept)
        weights.append((np.log((1 + n_texts) / (1 + frequency[kept])) + 1).astype(np.float32))
    rows = weighted(found, buckets, weights)
    return Model(tuple(buckets), tuple(weights), _axes(rows, dimension))


def _axes(rows: Any, dimension: int) -> NDArray[np.float32]:
    """Return the scaled right singular vectors of a sparse matrix as columns."""
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    n_axes = min(dimension, *rows.shape)
    if not n_axes or not rows.nnz:
        return np.zeros((rows.shape[1], 1), np.float32)
    # One thread: how many there are would decide in which order sums are rounded.
    with threadpool_limits(limits=1):
        _, sizes, axes = randomized_svd(
            rows,
            n_axes,
            n_oversamples=_OVERSAMPLES,
            n_iter=_ITERATIONS,
            power_iteration_normalizer="LU",
            random_state=0,
        )
    is_axis = sizes > _NO_AXIS * sizes[0]
    scaled = axes[is_axis].T / np.sqrt(np.maximum(sizes[is_axis], _ONE_TEXT))
    return np.ascontiguousarray(scaled, dtype=np.float32)


def save(model: Model, path: Path) -> None:
    """Write a model to a file, whole or not at all."""
    arrays = _arrays(model)
    header = json.dumps({"sha256": _checksum(arrays)})
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as file:
            np.savez(file, allow_pickle=False, header=np.array(header), **arrays)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load(path: Path) -> Model:
    """Read a model from a file.

    Raises:
        FileNotFoundError: If there is no such file.
        DamagedError: If it is not what `save` wrote.
    """
    try:
        # numpy leaves a file open that it opened itself and cannot read.
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(str(arrays.pop("header")))
        is_whole = header["sha256"] == _checksum(arrays)
    except FileNotFoundError:
        raise
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise DamagedError(str(error)) from error
    if not is_whole:
        raise DamagedError("its content does not have the checksum that it holds")
    names = range(len(SPACES))
    return Model(
        tuple(arrays[f"buckets_{i}"] for i in names),
        tuple(arrays[f"weights_{i}"] for i in names),
        arrays["axes"],
    )


def _arrays(model: Model) -> dict[str, NDArray[Any]]:
    buckets = {f"buckets_{i}": part for i, part in enumerate(model.buckets)}
    weights = {f"weights_{i}": part for i, part in enumerate(model.weights)}
    return {**buckets, **weights, "axes": model.axes}


def _checksum(arrays: dict[str, NDArray[Any]]) -> str:
    state = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        state.update(f"{name} {array.dtype.str} {array.shape}".encode())
        state.update(array.data)
    return state.hexdigest()
