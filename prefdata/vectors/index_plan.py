"""Which index fits how many vectors and how much memory."""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["EXACT_UP_TO", "IndexKind", "IndexPlan", "choose"]

EXACT_UP_TO = 200_000
"""Vectors that are searched one by one: it takes a few dozen milliseconds, and nothing is lost."""
_LARGE_FROM = 2_000_000
_LARGE_LISTS = 65_536
_SAMPLE_PER_LIST = 40
_RERANK = 4
_RERANK_COARSE = 20  # 4 bits for 8 values leave more in doubt
_LEAST_SUBSPACE = 8

IndexKind = Literal["flat", "hnsw", "ivf-flat", "ivf-sq8", "ivf-pq"]
"""``flat`` is exact and has no index file; ``hnsw`` is a graph; ``ivf`` are lists by centroid,
of whole vectors, of one byte for each value, or of half a byte for several."""


class IndexPlan(BaseModel):
    """How vectors are indexed; kept with the index."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: IndexKind
    reason: str
    """Why this kind, in a sentence without an end."""
    n_lists: int = 0
    """Of ``ivf``: parts that the space is cut into."""
    n_sample: int = 0
    """Of ``ivf``: vectors that the parts are learned from."""
    links: int = 0
    """Of ``hnsw``: neighbours of a vector in the graph. Of ``ivf``: the same for the centroids,
    which are looked through one by one when it is 0."""
    n_codes: int = 0
    """Of ``ivf-pq``: pieces that a vector is cut into; half a byte each."""
    effort: int = 0
    """Of ``ivf``: lists that a search visits. Of ``hnsw``: candidates that it holds. Raised at
    the build until the recall is what is wanted."""
    rerank: int = _RERANK
    """Candidates for each row wanted that are scored anew from the stored vectors."""


def choose(n: int, d: int, *, memory_bytes: int, kind: IndexKind | None = None) -> IndexPlan:
    """Choose an index for vectors.

    Up to 200,000 vectors are searched exactly. Above, lists by centroid: of whole vectors when
    building fits the memory, else of bytes; above 2 million of half bytes for 8 values each.

    Args:
        n: Vectors.
        d: Values of a vector.
        memory_bytes: What the build may take in all: the vectors in single precision, the
            sample to learn from, and the index.
        kind: The kind to take, whatever the size.

    Returns:
        The plan; ``flat`` where faiss is not installed and another kind would be chosen.

    Raises:
        MissingExtraError: Never; what is missing is told in ``reason``.

    References:
        Douze et al. (2024), *The Faiss library*, arXiv:2401.08281. The sizes were measured with
        384 values per vector; see docs/benchmarks.md.
    """
    asked = kind is not None
    kind = kind or _kind(n, d, memory_bytes)
    said = "asked for" if asked else f"{n:,} vectors of {d} values"
    if kind == "flat" or n == 0:
        return IndexPlan(kind="flat", reason=said)
    if find_spec("faiss") is None:
        missing = f"{kind} needs faiss, which is not installed (pip install 'prefdata[embed]')"
        return IndexPlan(kind="flat", reason=missing)
    if kind == "hnsw":
        return IndexPlan(kind=kind, reason=said, links=32, effort=32)
    n_lists = _n_lists(n)
    is_large = n > _LARGE_FROM
    return IndexPlan(
        kind=kind,
        reason=said,
        n_lists=n_lists,
        n_sample=min(n, n_lists * _SAMPLE_PER_LIST),
        links=32 if is_large else 0,
        n_codes=_n_codes(d) if kind == "ivf-pq" else 0,
        effort=min(8, n_lists),
        rerank=_RERANK_COARSE if kind == "ivf-pq" else _RERANK,
    )


def _kind(n: int, d: int, memory_bytes: int) -> IndexKind:
    if n <= EXACT_UP_TO:
        return "flat"
    rows = 4 * n * d
    sample = 4 * d * min(n, _n_lists(n) * _SAMPLE_PER_LIST)
    if n <= _LARGE_FROM:
        # Lists grow by doubling, so a third more is taken than is filled, on the average.
        return "ivf-flat" if rows + sample + rows * 4 // 3 <= memory_bytes else "ivf-sq8"
    # Values that do not divide into pieces of about 8 make poor codes; a byte each is safe.
    return "ivf-pq" if _n_codes(d) * 2 * _LEAST_SUBSPACE >= d else "ivf-sq8"


def _n_lists(n: int) -> int:
    """Return four times the root of n, to the nearest power of two."""
    if n > _LARGE_FROM:
        return _LARGE_LISTS
    n_lists = 1 << round(math.log2(4 * math.sqrt(n)))
    # Fewer vectors than lists leave most of them empty.
    return int(min(n_lists, 1 << int(math.log2(n))))


def _n_codes(d: int) -> int:
    """Return the pieces of 8 values or a little more that d values divide into."""
    return next((d // width for width in range(_LEAST_SUBSPACE, d) if d % width == 0), 1)
