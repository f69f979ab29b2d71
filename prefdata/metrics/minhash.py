"""MinHash signatures and their bands: which of many texts may be alike, without comparing all.

Two sets of similarity ``s`` (Jaccard) agree in each value of their signatures with probability
``s``. Signatures are cut into bands; texts whose values agree in a whole band are candidates.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "agreement",
    "band_keys",
    "bands_for",
    "candidates",
    "catch_probability",
    "may_reach",
    "signatures",
]

_RECALL = 0.95
_SMALL_BUCKET = 8
_DEVIATIONS = 4.0
_PAIRS_AT_ONCE = 1 << 14
_MIX = np.uint64(0x9E3779B97F4A7C15)


def catch_probability(similarity: float, bands: int, rows: int) -> float:
    """Return the probability that two sets of a similarity agree in at least one band.

    Args:
        similarity: Jaccard similarity of the sets, in ``[0, 1]``.
        bands: Number of bands.
        rows: Values in a band.

    Returns:
        ``1 - (1 - similarity ** rows) ** bands``: Leskovec, Rajaraman and Ullman, *Mining of
        Massive Datasets*, section 3.4.2.
    """
    return 1.0 - (1.0 - similarity**rows) ** bands


def bands_for(threshold: float, n_permutations: int, *, recall: float = _RECALL) -> tuple[int, int]:
    """Choose bands so that few pairs at the threshold are missed, and few below it come up.

    Args:
        threshold: Least similarity that counts.
        n_permutations: Values in a signature, at least 1.
        recall: Least probability with which a pair at the threshold becomes a candidate; pairs
            above it have a greater one.

    Returns:
        Bands and rows: the most rows that reach the recall, as more rows make fewer candidates;
        one row where none does.
    """
    rows = max(
        (
            rows
            for rows in range(1, n_permutations + 1)
            if catch_probability(threshold, n_permutations // rows, rows) >= recall
        ),
        default=1,
    )
    return n_permutations // rows, rows


def signatures(
    hashes: NDArray[np.uint64], offsets: NDArray[np.int64], *, n_permutations: int, seed: int
) -> NDArray[np.uint32]:
    """Return the MinHash signature of each set.

    Args:
        hashes: Elements, set by set; repeats do not matter.
        offsets: ``(n + 1,)``: where each set begins, and the end.
        n_permutations: Values in a signature.
        seed: Chooses the permutations.

    Returns:
        ``(n, n_permutations)``. All empty sets have one signature.
    """
    from rensa import RMinHash

    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        np.ascontiguousarray(hashes), offsets.astype(np.uint64), n_permutations, seed
    )
    # A loop over sets: the library hands its matrix over as lists only, and packing each is the
    # fastest way from there to an array.
    pack = struct.Struct(f"={n_permutations}I").pack
    packed = b"".join([pack(*row) for row in matrix.to_rows()])
    return np.frombuffer(packed, np.uint32).reshape(-1, n_permutations)


def band_keys(signatures: NDArray[np.uint32], bands: int, rows: int) -> NDArray[np.uint64]:
    """Return one hash for each band of each signature.

    Args:
        signatures: ``(n, p)``; the first ``bands * rows`` values are used.
        bands: Number of bands.
        rows: Values in a band.

    Returns:
        ``(n, bands)``. Equal bands have equal keys; others almost never have.

    Raises:
        ValueError: If the signatures are too short.
    """
    if bands * rows > signatures.shape[1]:
        raise ValueError(f"{bands} bands of {rows} values need more than {signatures.shape[1]}")
    parts = signatures[:, : bands * rows].reshape(-1, bands, rows)
    keys = np.zeros(parts.shape[:2], np.uint64)
    for row in range(rows):
        # Each value is mixed in after what is there was spread over all bits.
        keys ^= keys >> np.uint64(29)
        keys *= _MIX
        keys += parts[:, :, row]
    keys ^= keys >> np.uint64(32)
    keys *= _MIX
    return keys


def candidates(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the pairs of sets that share a band.

    In a bucket of up to 8 sets all pairs come up. In a larger one each set is paired with the
    first and with the one after it: that holds the bucket together with two pairs for each set
    instead of a number that grows with its square, and a set that is like neither of the two is
    mostly caught by another band.

    Args:
        keys: ``(n, bands)``, as `band_keys` returns them.

    Returns:
        ``(m, 2)`` rising pairs of set numbers, the smaller first, each once.
    """
    n = len(keys)
    codes = np.empty(0, np.uint64)
    found: list[NDArray[np.uint64]] = []
    for band in range(keys.shape[1]):
        first, second = _linked(np.ascontiguousarray(keys[:, band]))
        found.append(np.unique(first * np.uint64(n) + second))
        # Most bands find the same pairs: putting them together now and then takes a fraction of
        # the memory that all bands would, and few sorts more.
        if sum(map(len, found)) > len(codes):
            codes = np.unique(np.concatenate([codes, *found]))
            found = []
    codes = np.unique(np.concatenate([codes, *found]))
    return np.stack(np.divmod(codes, np.uint64(max(n, 1))), axis=1).astype(np.int64)


def agreement(sketches: NDArray[np.uint8], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of values in which two signatures agree: an estimate of their similarity.

    Args:
        sketches: ``(n, p)``: the last byte of each value of the signatures.
        pairs: ``(m, 2)`` set numbers.

    Returns:
        ``(m,)``: with similarity ``s`` its mean is ``s + (1 - s) / 256`` and its variance
        about ``s (1 - s) / p``.
    """
    shares: NDArray[np.float64] = np.empty(len(pairs))
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        left, right = pairs[start : start + _PAIRS_AT_ONCE].T
        np.mean(
            sketches[left] == sketches[right],
            axis=1,
            out=shares[start : start + _PAIRS_AT_ONCE],
        )
    return shares


def may_reach(
    sketches: NDArray[np.uint8], pairs: NDArray[np.int64], threshold: float
) -> NDArray[np.bool_]:
    """Tell which pairs may reach a similarity; a pair that does is refused once in 30,000 times.

    Args:
        sketches: As in `agreement`.
        pairs: As in `agreement`.
        threshold: Least similarity that counts.
    """
    deviation = (threshold * (1 - threshold) / sketches.shape[1]) ** 0.5
    return np.asarray(agreement(sketches, pairs) >= threshold - _DEVIATIONS * deviation)


def _linked(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Link the members of each bucket of one band; members come in rising order."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    is_same = ordered[1:] == ordered[:-1]
    if not is_same.any():
        return np.empty(0, np.uint64), np.empty(0, np.uint64)
    # Buckets of one member, which are most, are left out before anything else is done.
    is_shared = np.zeros(len(keys), bool)
    is_shared[1:] = is_same
    is_shared[:-1] |= is_same
    members, ordered = order[is_shared].astype(np.uint64), ordered[is_shared]
    place = np.arange(len(members))
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(np.append(starts, len(members)))
    left = np.repeat(starts + sizes, sizes) - place
    """Members from this one to the end of its bucket."""
    is_small = np.repeat(sizes <= _SMALL_BUCKET, sizes)
    first, second = [], []
    for step in range(1, _SMALL_BUCKET):
        here = place[(left > step) & (is_small | (step == 1))]
        first.append(members[here])
        second.append(members[here + step])
    is_star = ~is_small
    is_star[starts] = False
    first.append(members[np.repeat(starts, sizes)[is_star]])
    second.append(members[is_star])
    return np.concatenate(first), np.concatenate(second)
