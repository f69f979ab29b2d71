"""How much two sets share, for many pairs of sets at once, exactly.

Sets are flat arrays: the elements of set ``i`` are ``items[offsets[i]:offsets[i + 1]]``, each once,
in rising order. Elements are hashes of 48 bits, so that the number of a set fits above them in 64
and one sort does the work of many; two of a thousand elements of a pair are mistaken for one in
about 3 of 10⁹ pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ELEMENT_BITS",
    "MAX_SETS",
    "Sets",
    "containment",
    "gathered",
    "jaccard",
    "merged",
    "sets_of",
    "shared",
]

ELEMENT_BITS = 48
MAX_SETS = 1 << (64 - ELEMENT_BITS)
"""Most sets that are made, or pairs that are compared, at once."""
_SHIFT = np.uint64(64 - ELEMENT_BITS)
_OWNER = np.uint64(ELEMENT_BITS)
_ELEMENT = np.uint64((1 << ELEMENT_BITS) - 1)


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets of 48-bit hashes, one after the other."""

    items: NDArray[np.uint64]
    """Elements, set by set, rising within each."""
    offsets: NDArray[np.int64]
    """``(n + 1,)``: where each set begins, and the end."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of elements of each set."""
        return np.diff(self.offsets)

    def take(self, numbers: NDArray[np.integer]) -> Sets:
        """Return some of the sets, in the order given; numbers may repeat."""
        return gathered(self.items, self.offsets[:-1][numbers], self.sizes[numbers])


def gathered(
    items: NDArray[np.uint64], starts: NDArray[np.int64], sizes: NDArray[np.int64]
) -> Sets:
    """Return the sets that lie at some places of a flat array, such as a file in memory.

    Args:
        items: Elements of many sets.
        starts: ``(n,)``: where each wanted set begins.
        sizes: ``(n,)``: how many elements it has.
    """
    offsets = _offsets(sizes)
    places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], sizes)
    return Sets(items[places], offsets)


def sets_of(hashes: NDArray[np.uint64], offsets: NDArray[np.int64]) -> Sets:
    """Return the distinct hashes of each text, cut to 48 bits.

    Args:
        hashes: Hashes of 64 even bits, text by text.
        offsets: ``(n + 1,)``, as in `prefdata.texts.ngrams.Grams`; ``n`` at most `MAX_SETS`.

    Raises:
        ValueError: If there are more texts.
    """
    return _distinct_of(_owned(hashes >> _SHIFT, offsets), len(offsets) - 1)


def merged(left: Sets, right: Sets) -> Sets:
    """Return the union of the i-th set of ``left`` and the i-th of ``right``.

    The arguments and errors are those of `shared`.
    """
    n = _count(left, right)
    return _distinct_of(
        np.concatenate([_owned(left.items, left.offsets), _owned(right.items, right.offsets)]), n
    )


def shared(left: Sets, right: Sets) -> NDArray[np.int64]:
    """Return how many elements the i-th set of ``left`` and the i-th of ``right`` share.

    Args:
        left: ``n`` sets, at most `MAX_SETS`.
        right: As many.

    Raises:
        ValueError: If there are more, or not as many.
    """
    n = _count(left, right)
    keys = np.concatenate([_owned(left.items, left.offsets), _owned(right.items, right.offsets)])
    keys.sort()
    # Each side holds an element of a pair once, so what stands twice is shared.
    twice = keys[1:][keys[1:] == keys[:-1]]
    return np.bincount((twice >> _OWNER).astype(np.int64), minlength=n)


def jaccard(
    shared: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return shared elements over all elements; 1 for two empty sets.

    Args:
        shared: ``(n,)`` elements that both sets hold.
        left: ``(n,)`` elements of one set.
        right: ``(n,)`` elements of the other.
    """
    union = left + right - shared
    values: NDArray[np.float64] = np.ones(len(union))
    np.divide(shared, union, out=values, where=union > 0)
    return values


def containment(
    shared: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return shared elements over those of the smaller set; 0 if one set is empty, 1 if both.

    The arguments are those of `jaccard`.
    """
    smaller = np.minimum(left, right)
    values: NDArray[np.float64] = (np.maximum(left, right) == 0).astype(np.float64)
    np.divide(shared, smaller, out=values, where=smaller > 0)
    return values


def _count(left: Sets, right: Sets) -> int:
    if len(left.offsets) != len(right.offsets):
        raise ValueError("as many sets are needed on both sides")
    return len(left.offsets) - 1


def _distinct_of(keys: NDArray[np.uint64], n: int) -> Sets:
    keys.sort()
    is_new = np.ones(len(keys), bool)
    is_new[1:] = keys[1:] != keys[:-1]
    keys = keys[is_new]
    sizes = np.bincount((keys >> _OWNER).astype(np.int64), minlength=n)
    return Sets(keys & _ELEMENT, _offsets(sizes))


def _owned(items: NDArray[np.uint64], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    n = len(offsets) - 1
    if n > MAX_SETS:
        raise ValueError(f"{n} sets are more than {MAX_SETS} at once")
    owners = np.repeat(np.arange(n, dtype=np.uint64) << _OWNER, np.diff(offsets))
    owners |= items
    return owners


def _offsets(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets
