"""Words and word n-grams of many texts as flat arrays of 64-bit hashes.

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
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Grams", "ngrams", "word_lists", "words"]

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Khmer}\p{Lao}\p{Myanmar}"
WORD = rf"[{_UNSPACED}]|[\w--[{_UNSPACED}]]+"
_HASH_DIGITS = 16
_TEXTS_AT_ONCE = 50_000
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


def word_lists(texts: pl.Series) -> pl.Series:
    """Return the words of each text as lists of strings; a null text has none."""
    column = normalised(pl.col("text"), space=False).fill_null("").str.extract_all(WORD)
    return texts.alias("text").to_frame().select(column.alias("words")).to_series()


def words(texts: pl.Series) -> Grams:
    """Return the hashed words of each text."""
    parts = list(_word_parts(texts))
    counts = np.concatenate([part[1] for part in parts]) if parts else np.empty(0, np.int64)
    hashes = np.concatenate([part[0] for part in parts]) if parts else np.empty(0, np.uint64)
    return Grams(hashes, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def _word_parts(texts: pl.Series) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
    """Yield hashes of words and words per text, a stretch of texts at a time."""
    for start in range(0, texts.len(), _TEXTS_AT_ONCE):
        lists = word_lists(texts.slice(start, _TEXTS_AT_ONCE))
        flat = lists.explode(empty_as_null=False, keep_nulls=False)
        # Texts repeat their words: each distinct one is hashed once.
        distinct = flat.unique()
        known = hash_texts(distinct).str.head(_HASH_DIGITS).str.to_integer(base=16, dtype=pl.UInt64)
        table = pl.DataFrame({"word": distinct, "hash": known})
        hashed = flat.alias("word").to_frame().join(
            table, on="word", how="left", maintain_order="left"
        )
        yield hashed["hash"].to_numpy(), lists.list.len().to_numpy().astype(np.int64)


def ngrams(grams: Grams, n: int) -> Grams:
    """Return the hashed runs of ``n`` words of each text.

    A text of fewer words has one run, of all its words; a text without words has none.

    Args:
        grams: The words, as `words` returns them.
        n: Words in a run, at least 1.
    """
    counts = grams.counts
    total = len(grams.hashes)
    rolled = np.zeros(total, np.uint64)
    alive = np.repeat(grams.offsets[1:], counts) - np.arange(total)
    # Horner's scheme over the n words that begin at each place; a run ends with its text.
    for i in range(n):
        ahead = np.zeros(total, np.uint64)
        ahead[: total - i] = grams.hashes[i:] if i else grams.hashes
        rolled = np.where(alive > i, rolled * _BASE + ahead, rolled)
    is_first = np.zeros(total, bool)
    is_first[grams.offsets[:-1][counts > 0]] = True
    kept = (alive >= n) | is_first & (np.repeat(counts, counts) < n)
    sizes = np.where(counts >= n, counts - n + 1, np.minimum(counts, 1))
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Grams(_mixed(rolled[kept]), offsets)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits of hashes (the finaliser of SplitMix64), so that any of them can be used."""
    mixed = values.copy()
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return mixed
