"""ROUGE-1 F of many pairs of texts at once.

The words are those of `prefdata.texts.ngrams`: in lower case after NFKC, and single characters in
scripts without spaces. Words of more than three letters, all of them a to z, are stemmed by
Porter's rules as in the program that HyPER calls; words of other scripts are compared as they are.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.metrics.jaccard import ELEMENT_BITS, Sets, shared
from prefdata.tables.identity import hash_texts
from prefdata.texts.ngrams import Grams, joined, stretches, word_lists

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["hashed_lists", "multisets", "rouge_1", "stems"]

_STEMMED = re.compile(r"[a-z]{4,}")
_HASH_DIGITS = 16
_ELEMENT = np.uint64((1 << ELEMENT_BITS) - 1)
_OWNER = np.uint64(ELEMENT_BITS)
_AGAIN = np.uint64(0x9E3779B97F4B)


def stems(texts: pl.Series) -> Grams:
    """Return the hashed stems of the words of each text, in their order; a null text has none.

    Args:
        texts: The texts.
    """
    return joined([hashed_lists(_stemmed(word_lists(part))) for part in stretches(texts)])


def hashed_lists(lists: pl.Series) -> Grams:
    """Return lists of strings as lists of their hashes.

    Args:
        lists: A list of strings for each text.
    """
    flat = lists.explode(empty_as_null=False, keep_nulls=False).alias("word").to_frame()
    # Texts repeat their words: each distinct one is hashed once.
    distinct = flat["word"].unique()
    known = hash_texts(distinct).str.head(_HASH_DIGITS).str.to_integer(base=16, dtype=pl.UInt64)
    table = pl.DataFrame({"word": distinct, "hash": known})
    hashed = flat.join(table, on="word", how="left", maintain_order="left")
    return Grams(hashed["hash"].to_numpy(), _offsets(lists.list.len().to_numpy()))


def multisets(grams: Grams) -> Sets:
    """Return texts as sets in which the second time of a word is an element of its own.

    What two such sets share is what two bags of words share.

    Args:
        grams: The words of at most `prefdata.metrics.jaccard.MAX_SETS` texts.
    """
    owners = grams.owners.astype(np.uint64) << _OWNER
    keys = np.sort(owners | (grams.hashes >> np.uint64(64 - ELEMENT_BITS)))
    places = np.arange(len(keys))
    is_new = np.ones(len(keys), bool)
    is_new[1:] = keys[1:] != keys[:-1]
    times = (places - np.maximum.accumulate(np.where(is_new, places, 0))).astype(np.uint64)
    items = (keys & _ELEMENT) + times * _AGAIN & _ELEMENT
    items = np.sort((keys & ~_ELEMENT) | items) & _ELEMENT
    return Sets(items, grams.offsets)


def rouge_1(left: Sets, right: Sets) -> NDArray[np.float64]:
    """Return twice the shared words over all words, each as often as it occurs.

    That is the harmonic mean of the shares of the one text's words that are in the other, and of
    the other's that are in the one, so it does not matter which is which.

    Args:
        left: ``n`` texts, as `multisets` returns them; at most
            `prefdata.metrics.jaccard.MAX_SETS`.
        right: As many.

    Returns:
        ``(n,)`` from 0 to 1; NaN where neither text has a word.

    References:
        Lin (2004), *ROUGE: A Package for Automatic Evaluation of Summaries*, ROUGE-N with N = 1
        and equal weight of precision and recall.
    """
    total = left.sizes + right.sizes
    values: NDArray[np.float64] = np.full(len(total), np.nan)
    np.divide(2 * shared(left, right), total, out=values, where=total > 0)
    return values


def _stemmed(lists: pl.Series) -> pl.Series:
    distinct = lists.explode(empty_as_null=False, keep_nulls=False).unique().to_list()
    words = [word for word in distinct if _STEMMED.fullmatch(word)]
    found = _stemmer().stemWords(words)
    changed = {word: stem for word, stem in zip(words, found, strict=True) if word != stem}
    if not changed:
        return lists
    return lists.list.eval(pl.element().replace(changed))


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("porter")


def _offsets(sizes: NDArray[np.integer]) -> NDArray[np.int64]:
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets
