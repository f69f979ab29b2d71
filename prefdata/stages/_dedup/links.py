"""Which texts are alike: in wording through MinHash, in meaning through vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prefdata.metrics.jaccard import MAX_SETS, containment, jaccard, shared
from prefdata.metrics.minhash import candidates, may_reach
from prefdata.metrics.nearest_pairs import pairs_above
from prefdata.stages._dedup.signing import ELEMENTS_AT_ONCE, PART_MIX
from prefdata.texts.ngrams import spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.stages._dedup.params import Dedup
    from prefdata.stages._dedup.rows import Distinct
    from prefdata.stages._dedup.signing import Signed
    from prefdata.stages._dedup.store import Part

__all__ = [
    "MEASURES",
    "Links",
    "compared",
    "no_links",
    "proposed",
    "semantic_links",
]

MEASURES = ("jaccard", "containment", "cosine")
_JACCARD, _CONTAINMENT, _COSINE = range(3)


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of distinct texts that are alike."""

    pairs: NDArray[np.int64]
    """``(n, 2)`` numbers of texts, the smaller first."""
    similarity: NDArray[np.float64]
    measure: NDArray[np.int8]
    """Place in `MEASURES`."""


def no_links() -> Links:
    """Return no pairs."""
    return Links(np.empty((0, 2), np.int64), np.empty(0), np.empty(0, np.int8))


def proposed(signed: Signed, distinct: Distinct, params: Dedup) -> NDArray[np.int64]:
    """Return the pairs of things that may be alike: ``(m, 2)`` numbers, the smaller first.

    Keys of things that are not to be compared are changed in place.
    """
    if distinct.part.any():
        np.bitwise_xor(
            signed.keys,
            distinct.part.astype(np.uint64)[:, None] * PART_MIX,
            out=signed.keys,
        )
    found = candidates(signed.keys)
    if params.verify and params.min_containment is None:
        # Where many texts follow one pattern most candidates are far from the threshold, and
        # exact comparison takes thirty times as long.
        found = found[may_reach(signed.sketches, found, params.least)]
    return found[~distinct.is_old[found].all(axis=1)]


def compared(parts: Sequence[Part], found: NDArray[np.int64], params: Dedup) -> Links:
    """Return those of the proposed pairs that are alike, by their exact shingles.

    Args:
        parts: The shingles of the things; things of two parts (prompt and responses) are alike
            when each part is, and as alike as the part that is less so.
        found: ``(m, 2)`` numbers of things.
        params: Threshold.
    """
    weights: NDArray[np.int64] = np.stack([part.weights for part in parts]).sum(axis=0)
    return _joined(
        [
            _compared(parts, found[span], params)
            for span in spans(weights[found].sum(axis=1), ELEMENTS_AT_ONCE, at_most=MAX_SETS)
        ]
    )


def _compared(parts: Sequence[Part], pairs: NDArray[np.int64], params: Dedup) -> Links:
    """Return those of the pairs that are alike, by their exact shingles."""
    likeness = np.ones(len(pairs))
    held = np.ones(len(pairs))
    for part in parts:
        left, right = part.take(pairs[:, 0]), part.take(pairs[:, 1])
        common = shared(left, right)
        np.minimum(likeness, jaccard(common, left.sizes, right.sizes), out=likeness)
        np.minimum(held, containment(common, left.sizes, right.sizes), out=held)
    is_alike = likeness >= params.least
    is_held = np.zeros(len(pairs), bool)
    if params.min_containment is not None:
        is_held = ~is_alike & (held >= params.min_containment)
    is_kept = is_alike | is_held if params.verify else np.ones(len(pairs), bool)
    measure = np.where(is_held, _CONTAINMENT, _JACCARD).astype(np.int8)
    similarity = np.where(is_held, held, likeness)
    return Links(pairs[is_kept], similarity[is_kept], measure[is_kept])


def semantic_links(
    matrix: NDArray[np.float32],
    numbers: NDArray[np.int64],
    distinct: Distinct,
    params: Dedup,
    *,
    seed: int,
    queries: NDArray[np.float32] | None = None,
) -> Links:
    """Find the texts that are alike in meaning.

    Args:
        matrix: ``(n, d)`` unit vectors.
        numbers: ``(n,)``: the distinct thing of each vector.
        distinct: The distinct things.
        params: Threshold and number of neighbors.
        seed: Of the index, where there are too many for exact search.
        queries: ``(n, d)`` another form of the vectors, to be compared with ``matrix``.
    """
    found = [no_links()]
    part = distinct.part[numbers]
    # A loop over sources, or over the one catalog.
    for one in np.unique(part):
        here = np.flatnonzero(part == one)
        whole = len(here) == len(part)
        pairs, similarity = pairs_above(
            matrix if whole else matrix[here],
            params.least,
            n_neighbors=params.n_neighbors,
            queries=queries if queries is None or whole else queries[here],
            seed=seed % (1 << 31),
        )
        pairs = np.sort(numbers[here[pairs]], axis=1)
        is_new = ~distinct.is_old[pairs].all(axis=1)
        measure = np.full(np.count_nonzero(is_new), _COSINE, np.int8)
        found.append(Links(pairs[is_new], np.minimum(similarity[is_new], 1.0), measure))
    return _joined(found)


def _joined(links: Sequence[Links]) -> Links:
    links = [no_links(), *links]
    return Links(
        np.concatenate([link.pairs for link in links]),
        np.concatenate([link.similarity for link in links]),
        np.concatenate([link.measure for link in links]),
    )
