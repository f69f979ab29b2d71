"""Which runs of words two sets of texts share, on flat arrays of hashes.

Texts and items are `Grams` of hashed words. A *run* is ``n`` consecutive words of one text; a text
of fewer words has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.texts.ngrams import Grams, ngrams

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "RunIndex",
    "Runs",
    "common_counts",
    "find_runs",
    "index_runs",
    "longest_stretches",
    "runs_of",
    "shuffled",
]

_FILTER_BITS = 23
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_STEP = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Runs:
    """All runs of ``n`` words of some texts, text by text, in the order of the words."""

    hashes: NDArray[np.uint64]
    owners: NDArray[np.int64]
    """Number of the text that each run belongs to."""
    places: NDArray[np.int64]
    """Number of the first word of each run in its text, from 0."""


@dataclass(frozen=True, slots=True)
class RunIndex:
    """The runs of ``n`` words of a set of items, and the items that hold each."""

    n: int
    hashes: NDArray[np.uint64]
    """Distinct hashes of the runs, sorted; a run is named by its position here."""
    offsets: NDArray[np.int64]
    """``(runs + 1,)``: run ``i`` is in ``items[offsets[i]:offsets[i + 1]]``."""
    items: NDArray[np.int64]
    """Items of each run, sorted, each once."""
    places: NDArray[np.int64]
    """Where the run first stands in the item: the number of its first word."""
    sizes: NDArray[np.int64]
    """``(items,)``: distinct runs of each item."""
    known: NDArray[np.bool_]
    """Whether any run begins with these bits; spares most searches."""

    @property
    def n_items(self) -> NDArray[np.int64]:
        """Number of items that hold each run."""
        return np.diff(self.offsets)


def runs_of(words: Grams, n: int) -> Runs:
    """Return the runs of ``n`` words of each text; texts of fewer words have none.

    Args:
        words: Hashed words of the texts.
        n: Words in a run, at least 1.
    """
    grams = ngrams(words, n)
    owners = grams.owners
    places = np.arange(len(grams.hashes)) - grams.offsets[owners]
    # `ngrams` gives a shorter text one run of all its words, which is no run of n.
    is_whole = (words.counts >= n)[owners]
    return Runs(grams.hashes[is_whole], owners[is_whole], places[is_whole])


def index_runs(words: Grams, n: int, *, among: NDArray[np.bool_] | None = None) -> RunIndex:
    """Index the runs of a set of items.

    Args:
        words: Hashed words of the items.
        n: Words in a run, at least 1.
        among: ``(items,)``: which items to index; all when None.
    """
    runs = runs_of(words, n)
    n_items = len(words.offsets) - 1
    kept = np.ones(len(runs.hashes), bool) if among is None else among[runs.owners]
    order = np.flatnonzero(kept)
    order = order[np.lexsort((runs.places[order], runs.owners[order], runs.hashes[order]))]
    hashes, owners = runs.hashes[order], runs.owners[order]
    is_new_run = np.ones(len(hashes), bool)
    is_new_run[1:] = hashes[1:] != hashes[:-1]
    is_new = is_new_run.copy()
    is_new[1:] |= owners[1:] != owners[:-1]
    items = owners[is_new]
    starts = np.flatnonzero(is_new_run[is_new])
    distinct = hashes[is_new_run]
    known = np.zeros(1 << _FILTER_BITS, bool)
    known[_leading_bits(distinct)] = True
    return RunIndex(
        n=n,
        hashes=distinct,
        offsets=np.append(starts, len(items)).astype(np.int64),
        items=items,
        places=runs.places[order][is_new],
        sizes=np.bincount(items, minlength=n_items).astype(np.int64),
        known=known,
    )


def find_runs(words: Grams, index: RunIndex) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which texts hold which runs of an index.

    Returns:
        Numbers of texts and of runs, of equal length: each pair once, sorted.
    """
    found = runs_of(words, index.n)
    likely = np.flatnonzero(index.known[_leading_bits(found.hashes)])
    hashes = found.hashes[likely]
    runs = np.searchsorted(index.hashes, hashes)
    is_run = runs < len(index.hashes)
    is_run[is_run] = index.hashes[runs[is_run]] == hashes[is_run]
    texts = found.owners[likely[is_run]]
    pairs = np.unique(texts * len(index.hashes) + runs[is_run])
    return np.divmod(pairs, max(len(index.hashes), 1))


def common_counts(
    texts: NDArray[np.int64], runs: NDArray[np.int64], index: RunIndex
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return how many runs each text shares with each item that it shares any with.

    Args:
        texts: Numbers of texts, as `find_runs` returns them.
        runs: Numbers of the runs that they hold.
        index: Where the runs are from.

    Returns:
        Numbers of texts and of items, sorted, and the number of distinct runs that both hold.
    """
    sizes = index.n_items[runs]
    postings = _ranges(index.offsets[runs], sizes)
    n_items = max(len(index.sizes), 1)
    pairs, counts = np.unique(
        np.repeat(texts, sizes) * n_items + index.items[postings], return_counts=True
    )
    return *np.divmod(pairs, n_items), counts


def longest_stretches(
    texts: Grams,
    items: Grams,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    n: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the longest stretch of words that a text and an item share.

    A run that an item repeats counts at its first place. Stretches are compared word by word, so
    runs that only share a hash are not taken for equal.

    Args:
        texts: Hashed words of the texts.
        items: Hashed words of the items.
        pairs: Numbers of texts and of items, of equal length ``p``.
        n: Words that a stretch has at least.

    Returns:
        ``(p,)`` numbers of the first word in the text, the first of equals, and ``(p,)`` lengths
        in words; both are 0 where no ``n`` words are shared.
    """
    of_text = _runs_of_pairs(texts, pairs[0], n)
    of_item = _runs_of_pairs(items, pairs[1], n).unique(
        ["pair", "hash"], keep="first", maintain_order=True
    )
    shared = of_text.join(of_item, on=["pair", "hash"], suffix="_item")
    stretches = (
        shared.with_columns(shift=pl.col("place") - pl.col("place_item"))
        .sort("pair", "shift", "place")
        # Consecutive places of one diagonal have one difference to their rank.
        .with_columns(step=pl.col("place") - pl.int_range(pl.len()))
        .group_by("pair", "shift", "step")
        .agg(pl.col("place").min(), (pl.len() + n - 1).cast(pl.Int64).alias("length"))
    )
    pair, start, shift, length = (
        stretches[name].to_numpy() for name in ("pair", "place", "shift", "length")
    )
    words = texts.hashes[_ranges(texts.offsets[pairs[0][pair]] + start, length)]
    others = items.hashes[_ranges(items.offsets[pairs[1][pair]] + start - shift, length)]
    differs = np.bincount(np.repeat(np.arange(len(pair)), length)[words != others])
    is_real = np.ones(len(pair), bool)
    is_real[np.flatnonzero(differs)] = False
    best = (
        stretches.filter(pl.Series(is_real))
        .sort("pair", "length", "place", descending=[False, True, False])
        .unique("pair", keep="first", maintain_order=True)
    )
    starts = np.zeros(len(pairs[0]), np.int64)
    lengths = np.zeros(len(pairs[0]), np.int64)
    starts[best["pair"].to_numpy()] = best["place"].to_numpy()
    lengths[best["pair"].to_numpy()] = best["length"].to_numpy()
    return starts, lengths


def shuffled(words: Grams, seeds: NDArray[np.uint64]) -> Grams:
    """Put the words of each text in an order of chance.

    Args:
        words: Hashed words of the texts.
        seeds: ``(texts,)``: decides the order of each; a text does not depend on the others.
    """
    owners = words.owners
    places = (np.arange(len(owners)) - words.offsets[owners]).astype(np.uint64)
    chance = seeds[owners] + places * _STEP
    # The finaliser of SplitMix64: neighbouring inputs give unrelated outputs.
    chance = (chance ^ (chance >> np.uint64(30))) * _MIX[0]
    chance = (chance ^ (chance >> np.uint64(27))) * _MIX[1]
    chance ^= chance >> np.uint64(31)
    return Grams(words.hashes[np.lexsort((chance, owners))], words.offsets)


def _leading_bits(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    return (hashes >> np.uint64(64 - _FILTER_BITS)).astype(np.int64)


def _ranges(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of several ranges, one after the other."""
    before = np.cumsum(sizes) - sizes
    return np.repeat(starts - before, sizes) + np.arange(int(sizes.sum()))


def _runs_of_pairs(words: Grams, members: NDArray[np.int64], n: int) -> pl.DataFrame:
    """Return pair, hash and place of the runs of one member of each pair."""
    distinct, position = np.unique(members, return_inverse=True)
    sizes = words.counts[distinct]
    chosen = Grams(
        words.hashes[_ranges(words.offsets[distinct], sizes)],
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
    )
    runs = runs_of(chosen, n)
    counts = np.bincount(runs.owners, minlength=len(distinct))
    rows = _ranges((np.cumsum(counts) - counts)[position], counts[position])
    return pl.DataFrame(
        {
            "pair": np.repeat(np.arange(len(members)), counts[position]),
            "hash": runs.hashes[rows],
            "place": runs.places[rows],
        },
        schema={"pair": pl.Int64, "hash": pl.UInt64, "place": pl.Int64},
    )
