"""Which principles are asked about in one request, and in which order they stand there."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prefdata.core.fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["Pack", "pack"]

_DIGITS = 16
_STEPS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST = np.uint64(31)


class Pack(NamedTuple):
    """The principles of one request."""

    first: int
    """Number of the first in the list; no two packs of a comparison share a number."""
    columns: NDArray[np.intp]
    """Columns of the matrix of votes, in the order in which they are listed."""


def pack(
    missing: NDArray[np.bool_],
    comparisons: Sequence[str],
    principles: Sequence[str],
    *,
    per_request: int,
    seed: int,
    blocks: Sequence[int] = (),
) -> list[list[Pack]]:
    """Cut what is missing of each comparison into lists for requests.

    A list takes the next principles of one block by position, as many as a request may have. So a
    principle that is added at the end of a block changes one request of a comparison, or adds
    one, and all others have their answers already. Within a list the order is drawn for each
    comparison from digests and the seed: none stands at the top more often than another.

    Args:
        missing: ``(n, p)``: the votes that are to be asked for.
        comparisons: Digests that name the rows, in hex digits; what is equal is listed alike.
        principles: Ids of the columns, digests too.
        per_request: Most principles in one request.
        seed: Of the recipe.
        blocks: For each principle a number; those of different numbers are never in one list. All
            are of one block by default.

    Returns:
        For each comparison its packs, in order; none where nothing is missing.
    """
    packs: list[list[Pack]] = [[] for _ in comparisons]
    if not missing.size:
        return packs
    salt = np.uint64(int(digest(["vote-principles", seed])[:_DIGITS], 16))
    of_rows, of_columns = _numbers(comparisons) ^ salt, _numbers(principles)
    of_blocks = np.asarray(blocks or [0] * len(principles))
    patterns, which = np.unique(np.packbits(missing, axis=1), axis=0, return_inverse=True)
    n_columns = len(principles)
    for number, bits in enumerate(patterns):
        rows = np.flatnonzero(which.ravel() == number)
        columns = np.flatnonzero(np.unpackbits(bits, count=n_columns))
        for start, stop in _spans(of_blocks[columns], per_request):
            part = columns[start:stop]
            keys = _mixed(of_rows[rows, None] + _mixed(of_columns[part]))
            listed = part[np.argsort(keys, axis=1, kind="stable")]
            for row, order in zip(rows.tolist(), listed, strict=True):
                packs[row].append(Pack(start + 1, order))
    return packs


def _spans(blocks: NDArray[np.intp], size: int) -> Iterator[tuple[int, int]]:
    """Yield where lists begin and end: within one block, of at most so many."""
    edges = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(blocks)]
    for first, last in itertools.pairwise(edges):
        for start in range(first, last, size):
            yield start, min(start + size, last)


def _numbers(ids: Sequence[str]) -> NDArray[np.uint64]:
    return np.array([int(name[:_DIGITS], 16) for name in ids], np.uint64)


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return numbers of 64 bits that seem random: the last steps of SplitMix64.

    References:
        Steele, Lea and Flood (2014), *Fast splittable pseudorandom number generators*, OOPSLA.
    """
    mixed = numbers
    for shift, factor in _STEPS:
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> _LAST)
