"""Words, characters and their n-grams of many texts, as flat arrays of 64-bit hashes.

A word is a run of letters, digits and underscores, in lower case after NFKC. Scripts that are
written without spaces (Chinese, Japanese, Thai, Khmer, Lao, Burmese) give one word a character.
The hash of a word is the first half of the digest that `prefdata.tables.identity` documents, so it
is the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.tables.identity import hash_texts
from prefdata.texts.normal import normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = [
    "UNSPACED",
    "Grams",
    "characters",
    "joined",
    "ngrams",
    "spans",
    "stretches",
    "word_lists",
    "words",
]

# Scripts that are written without spaces, as parts of a class in a pattern.
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Khmer}\p{Lao}\p{Myanmar}"
WORD = rf"[{UNSPACED}]|[\w--[{UNSPACED}]]+"
_HASH_DIGITS = 16
_STRETCH_BYTES = 16_000_000
_BLOCK = 1 << 16
_BASE = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Grams:
    """Hashed words or n-grams of ``n`` texts, one after the other."""

    hashes: NDArray[np.uint64]
    """All hashes, text by text, in the order of the words."""
    offsets: NDArray[np.int64]
    """``(n + 1,)``: text ``i`` has ``hashes[offsets[i]:offsets[i + 1]]``."""

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of hashes of each text."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> NDArray[np.int64]:
        """Number of the text that each hash belongs to."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.counts)

    def of(self, text: int) -> NDArray[np.uint64]:
        """Return the hashes of one text."""
        return self.hashes[self.offsets[text] : self.offsets[text + 1]]


def joined(parts: Sequence[Grams]) -> Grams:
    """Return the hashes of several stretches of texts as those of one."""
    hashes = np.concatenate([np.empty(0, np.uint64), *(part.hashes for part in parts)])
    return Grams(
        hashes, _offsets(np.concatenate([np.empty(0, np.int64), *(p.counts for p in parts)]))
    )


def spans(sizes: NDArray[np.integer], limit: int, *, at_most: int | None = None) -> Iterator[slice]:
    """Yield slices, in order, of things that together have about a size.

    What is made of a text takes several times its size, so this bounds the memory of it.

    Args:
        sizes: ``(n,)`` size of each thing.
        limit: Greatest total of a slice, unless one thing alone is larger.
        at_most: Greatest number of things in a slice.
    """
    ends = np.cumsum(sizes, dtype=np.int64)
    start = 0
    while start < len(ends):
        taken = int(ends[start - 1]) if start else 0
        end = max(int(np.searchsorted(ends, taken + limit, side="right")), start + 1)
        end = end if at_most is None else min(end, start + at_most)
        yield slice(start, end)
        start = end


def stretches(texts: pl.Series, *, max_bytes: int = _STRETCH_BYTES) -> Iterator[pl.Series]:
    """Yield the texts in order, in slices of about ``max_bytes``, or of one longer text."""
    for span in spans(texts.str.len_bytes().fill_null(0).to_numpy(), max_bytes):
        yield texts[span]


def word_lists(texts: pl.Series, *, unicode: bool = True, case: bool = True) -> pl.Series:
    """Return the words of each text as lists of strings; a null text has none.

    Args:
        texts: The texts.
        unicode: Apply NFKC first.
        case: Make all letters lower case first.
    """
    column = normalised(pl.col("text"), unicode=unicode, case=case, space=False)
    column = column.fill_null("").str.extract_all(WORD)
    return texts.alias("text").to_frame().select(column.alias("words")).to_series()


def words(texts: pl.Series, *, unicode: bool = True, case: bool = True) -> Grams:
    """Return the hashed words of each text; the options are those of `word_lists`."""
    return joined(
        [_hashed_words(word_lists(part, unicode=unicode, case=case)) for part in stretches(texts)]
    )


def _hashed_words(lists: pl.Series) -> Grams:
    flat = lists.explode(empty_as_null=False, keep_nulls=False)
    # Texts repeat their words: each distinct one is hashed once.
    distinct = flat.unique()
    known = hash_texts(distinct).str.head(_HASH_DIGITS).str.to_integer(base=16, dtype=pl.UInt64)
    table = pl.DataFrame({"word": distinct, "hash": known})
    hashed = flat.alias("word").to_frame().join(table, on="word", how="left", maintain_order="left")
    return Grams(hashed["hash"].to_numpy(), _offsets(lists.list.len().to_numpy()))


def characters(texts: pl.Series) -> Grams:
    """Return the code points of each text, as they are; a null text has none."""
    filled = texts.fill_null("")
    whole = "".join(filled.to_list()).encode("utf-32-le")
    return Grams(
        np.frombuffer(whole, np.uint32).astype(np.uint64),
        _offsets(filled.str.len_chars().to_numpy()),
    )


def ngrams(grams: Grams, n: int) -> Grams:
    """Return the hashed runs of ``n`` words of each text.

    A text of fewer words has one run, of all its words; a text without words has none.

    Args:
        grams: The words, as `words` returns them, or `characters`.
        n: Words in a run, at least 1.
    """
    starts, counts = grams.offsets[:-1], grams.counts
    total = len(grams.hashes)
    rolled = np.zeros(total, np.uint64)
    # Horner's scheme over the n words that begin at each place, in blocks that a cache holds.
    for start in range(0, total - n + 1, _BLOCK):
        end = min(start + _BLOCK, total - n + 1)
        block = rolled[start:end]
        for ahead in range(n):
            block *= _BASE
            block += grams.hashes[start + ahead : end + ahead]
    is_kept = np.ones(total, bool)
    for left in range(1, n):
        # A run that begins among the last n - 1 words of a text would reach into the next one.
        is_kept[grams.offsets[1:][counts >= left] - left] = False
    short = np.flatnonzero((counts > 0) & (counts < n))
    whole = np.zeros(len(short), np.uint64)
    for ahead in range(n - 1):
        is_in = counts[short] > ahead
        whole[is_in] = whole[is_in] * _BASE + grams.hashes[starts[short[is_in]] + ahead]
    rolled[starts[short]] = whole
    is_kept[starts[short]] = True
    sizes = np.where(counts >= n, counts - n + 1, np.minimum(counts, 1))
    return Grams(_mixed(rolled[is_kept]), _offsets(sizes))


def _offsets(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits of hashes (the finaliser of SplitMix64), so that any of them can be used.

    The values are overwritten.
    """
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            block ^= block >> np.uint64(shift)
            block *= np.uint64(factor)
        block ^= block >> np.uint64(31)
    return values
