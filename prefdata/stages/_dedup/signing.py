"""Signatures of texts and of pairs: what is kept of each, to find which of them may be alike."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prefdata.metrics.jaccard import MAX_SETS, gathered, merged
from prefdata.metrics.minhash import band_keys, signatures
from prefdata.stages._dedup.rows import picked
from prefdata.stages._dedup.store import STRETCH_BYTES, shingles_of
from prefdata.texts.ngrams import spans, stretches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from prefdata.metrics.jaccard import Sets
    from prefdata.protocols import Context
    from prefdata.stages._dedup.params import Dedup
    from prefdata.stages._dedup.rows import Distinct
    from prefdata.stages._dedup.store import Part

__all__ = ["ELEMENTS_AT_ONCE", "PART_MIX", "Signed", "sign_parts", "signed_sets", "signed_texts"]

ELEMENTS_AT_ONCE = 4_000_000
PART_MIX = np.uint64(0xD6E8FEB86659FD93)
_SECOND_PART = np.uint64(0x9E3779B97F4A)
_MAX_SEED = 1 << 63


@dataclass(frozen=True, slots=True)
class Signed:
    """Band keys and sketches of the distinct things, by number."""

    keys: NDArray[np.uint64]
    """``(n, bands)``; those of a thing without shingles are like no other's."""
    sketches: NDArray[np.uint8]
    """``(n, n_permutations)``: the last byte of each value of the signatures."""

    @classmethod
    def empty(cls, n: int, params: Dedup) -> Signed:
        """Make room for ``n`` things, none of which has shingles."""
        bands, _ = params.banding
        # What has no shingle, such as punctuation alone, would all be alike.
        keys = np.arange(n * bands, dtype=np.uint64).reshape(n, bands) * PART_MIX
        return cls(keys, np.zeros((n, params.n_permutations), np.uint8))

    def put(
        self, numbers: NDArray[np.int64], keys: NDArray[np.uint64], sketches: NDArray[np.uint8]
    ) -> None:
        """Take what `signed_sets` made of some things."""
        self.keys[numbers], self.sketches[numbers] = keys, sketches


def signed_sets(
    sets: Sets, params: Dedup, seed: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Return the band keys and the sketch of each set of shingles.

    Args:
        sets: None of them empty.
        params: Signature and bands.
        seed: Of the permutations.
    """
    signed = signatures(
        sets.items, sets.offsets, n_permutations=params.n_permutations, seed=seed % _MAX_SEED
    )
    return band_keys(signed, *params.banding), signed.astype(np.uint8)


def sign_parts(parts: Sequence[Part], n: int, params: Dedup, seed: int) -> Signed:
    """Sign things that are made of parts: those whose parts are all alike are alike as wholes."""
    signed = Signed.empty(n, params)
    weights: NDArray[np.int64] = np.stack([part.weights for part in parts]).sum(axis=0)
    numbers = np.flatnonzero(weights)
    for span in spans(weights[numbers], ELEMENTS_AT_ONCE, at_most=MAX_SETS):
        here = numbers[span]
        whole = _whole([part.take(here) for part in parts])
        signed.put(here, *signed_sets(whole, params, seed))
    return signed


def _whole(parts: list[Sets]) -> Sets:
    if len(parts) == 1:
        return parts[0]
    first, second = parts
    # A shingle of the prompt is not the same as that shingle of a response.
    return merged(first, type(second)(second.items ^ _SECOND_PART, second.offsets))


def signed_texts(
    texts: pl.LazyFrame, distinct: Distinct, params: Dedup, context: Context
) -> Signed:
    """Read each distinct text once, and keep band keys and a sketch of it instead of its shingles.

    Stretches of texts are signed by the engine of the context.

    Args:
        texts: Column ``text``, of the rows that ``distinct`` was made of.
        distinct: Which rows hold which text.
        params: Say what a shingle is, and how it is signed.
        context: The seed of the permutations, and the engine.
    """
    signed = Signed.empty(len(distinct), params)
    work = functools.partial(_signer, params, context.seed)
    items = _stretches(texts, distinct)
    for found in context.engine.map(work, items, label=f"{context.step}: sign"):
        signed.put(*found)
    return signed


def _stretches(
    texts: pl.LazyFrame, distinct: Distinct
) -> Iterator[tuple[NDArray[np.int64], pl.Series]]:
    """Yield the distinct texts with their numbers, stretch by stretch."""
    mask = np.zeros(len(distinct.text_of), bool)
    mask[distinct.first_row] = True
    for batch in picked(texts.select("text"), mask):
        numbers = distinct.text_of[batch["row"].to_numpy()]
        done = 0
        for part in stretches(batch["text"], max_bytes=STRETCH_BYTES):
            yield numbers[done : done + part.len()], part
            done += part.len()


_Stretch = tuple["NDArray[np.int64]", "pl.Series"]
_Found = tuple["NDArray[np.int64]", "NDArray[np.uint64]", "NDArray[np.uint8]"]


def _signer(params: Dedup, seed: int) -> Callable[[_Stretch], _Found]:
    """Return the function that signs a stretch; texts without shingles are left out."""

    def sign(stretch: _Stretch) -> _Found:
        numbers, texts = stretch
        sets = shingles_of(texts, params)
        has_any = sets.sizes > 0
        if not has_any.all():
            kept = np.flatnonzero(has_any)
            sets = gathered(sets.items, sets.offsets[:-1][kept], sets.sizes[kept])
        return numbers[has_any], *signed_sets(sets, params, seed)

    return sign
