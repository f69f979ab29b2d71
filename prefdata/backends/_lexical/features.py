"""Counts of hashed word and character n-grams of texts, in two spaces side by side.

A text is first brought into one form: NFKC, lower case, and white space for each run of
punctuation and control characters. What is left of it are letters, digits, marks and symbols; a
text without any of these has no feature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.texts.ngrams import word_lists
from prefdata.texts.normal import normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["SPACES", "Space", "counts", "cut", "stretches", "without_surrogates"]


@dataclass(frozen=True, slots=True)
class Space:
    """One kind of n-gram: how texts are cut up, and into how many buckets it is hashed."""

    analyzer: str
    shortest: int
    longest: int
    n_buckets: int = 2**20


SPACES = (Space("word", 1, 2), Space("char_wb", 3, 5))
"""Runs of one or two words, and of three to five characters within a word and its spaces."""

_DEBRIS = r"[\p{P}\p{C}]+"
_TEXTS_AT_ONCE = 2_000
# A character gives three n-grams of twelve bytes before equal ones are summed.
_CHARS_AT_ONCE = 4_000_000


def cut(text: str, n_chars: int, keep: str) -> str:
    """Return the start or the end of a text that is longer than ``n_chars``."""
    if len(text) <= n_chars:
        return text
    return text[:n_chars] if keep == "start" else text[-n_chars:]


def without_surrogates(texts: Sequence[str]) -> list[str]:
    """Replace halves of characters, which a command line may hold and UTF-8 cannot."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return [text.encode("utf-8", "replace").decode() for text in texts]
    return list(texts)


def stretches(texts: Sequence[str]) -> Iterator[slice]:
    """Part texts so that the n-grams of one part fit in memory; the parts change no result."""
    if not texts:
        return
    ends = np.cumsum([len(text) for text in texts])
    start, before = 0, 0
    while start < len(texts):
        by_chars = int(np.searchsorted(ends, before + _CHARS_AT_ONCE, side="right"))
        stop = min(max(by_chars, start + 1), start + _TEXTS_AT_ONCE)
        yield slice(start, stop)
        start, before = stop, int(ends[stop - 1])


def counts(texts: Sequence[str]) -> list[Any]:
    """Return the counts of the n-grams of texts.

    Args:
        texts: ``n`` texts, without halves of characters.

    Returns:
        For each of `SPACES` a sparse matrix ``(n, n_buckets)`` in rows.
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    plain = pl.Series("text", texts, dtype=pl.String).to_frame().select(_plain("text"))["text"]
    forms = {"word": word_lists(plain).list.join(" ").to_list(), "char_wb": plain.to_list()}
    return [
        HashingVectorizer(
            analyzer=space.analyzer,
            ngram_range=(space.shortest, space.longest),
            n_features=space.n_buckets,
            # The words are cut already; sklearn's own pattern would drop those of one character.
            token_pattern=r"\S+" if space.analyzer == "word" else None,
            lowercase=False,
            norm=None,
            alternate_sign=False,
            dtype=np.float32,
        ).transform(forms[space.analyzer])
        for space in SPACES
    ]


def _plain(text: str) -> pl.Expr:
    return normalised(pl.col(text).str.replace_all(_DEBRIS, " ")).alias(text)
