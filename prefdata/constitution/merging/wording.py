"""Sentences of principles without what all of them share."""

from __future__ import annotations

import polars as pl

from prefdata.texts.normal import normalised

__all__ = ["bare"]

# How requests have principles begin; the words after it are what sets one apart from another.
_OPENING = (
    r"(?i)^(?:please )?(?:select|choose|pick|prefer|favou?r) the "
    r"(?:response|reply|answer|output|sample|text|one) (?:that|which|who) "
)
_CLOSING = " .,;:!?…\u3002\uff01\uff1f"
# Two sentences may well begin with the same one or two words that matter: `is not ...`.
_LEAST_SHARED = 3


def bare(sentences: pl.Series) -> pl.Series:
    """Return sentences without their common opening and the punctuation at their end.

    With ``Select the response that`` before it every principle is near every other one for an
    embedder. What is left out is that opening in the words in which it is usual in English, and
    three or more words with which all sentences begin, in whatever language.

    Args:
        sentences: Of principles; null for none.

    Returns:
        The rest of each sentence, as it is written but for white space; never empty unless the
        sentence is.
    """
    column = pl.col("sentence")
    plain = normalised("sentence", unicode=False, case=False)
    cut = plain.str.replace(_OPENING, "").str.strip_chars_end(_CLOSING)
    frame = sentences.cast(pl.String).alias("sentence").to_frame()
    texts = frame.select(pl.when(cut != "").then(cut).otherwise(plain)).to_series()
    n_shared = _n_shared(texts.drop_nulls().unique().str.split(" ").to_list())
    if n_shared < _LEAST_SHARED:
        return texts
    first = texts.drop_nulls()[0].split(" ")
    opening = " ".join(first[:n_shared]) + " "
    return texts.to_frame().select(column.str.strip_prefix(opening)).to_series()


def _n_shared(sentences: list[list[str]]) -> int:
    """Return with how many words all sentences begin; the last word of none is among them."""
    if len(sentences) <= 1:
        return 0
    most = min(len(words) for words in sentences) - 1
    n_shared = 0
    while n_shared < most and len({words[n_shared] for words in sentences}) == 1:
        n_shared += 1
    return n_shared
