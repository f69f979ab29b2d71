"""Which language a response is in, so that factors are told by words of that language only."""

from __future__ import annotations

import polars as pl

from prefdata.texts.language import languages

__all__ = ["ENGLISH", "spoken"]

ENGLISH = (
    *("the", "you", "your", "that", "this", "these", "those", "they", "them", "their", "there"),
    *("then", "than", "with", "what", "which", "when", "where", "who", "why", "how", "would"),
    *("should", "could", "have", "has", "been", "from", "about", "because", "into", "only"),
    *("other", "some", "any", "many", "much", "very", "more", "most", "and", "it", "not", "can"),
    *("are", "she", "his", "were", "did", "does", "just", "like", "know", "think", "want", "need"),
    *("too", "make", "good", "people", "here", "yes", "sure", "sorry", "please", "mean", "help"),
    *("well", "something", "someone", "really", "maybe", "probably", "going", "get", "things"),
    *("thing", "doing", "okay", "but", "let's", "it's", "i'm", "i'd", "i'll", "i've", "don't"),
    *("doesn't", "didn't", "can't", "isn't", "aren't", "wouldn't", "you're", "you'd", "you'll"),
    *("that's", "we're", "they're", "he's", "she's", "what's", "there's", "here's", "who's"),
)
"""Words that are frequent in English and hardly occur in another language."""

_KNOWN = rf"(?-u:\b)(?:{'|'.join(sorted(ENGLISH, key=len, reverse=True))})(?-u:\b)"
_CODE = r"^([A-Za-z]{2})(?:[-_]|$)"
_FEWEST, _SHARE = 2, 0.12
_CHARACTERS_READ = 80


def spoken(texts: pl.DataFrame) -> pl.Series:
    """Name the language of each response, ISO 639-1; null where nobody can tell.

    It is the one that the source assigns to the prompt, where that is a code of two letters, with
    a region or without. Else it is the one that the response is written in; and where that is too
    short to tell, the one that the user's last message is written in, or else the conversation.

    Walking over bytes is slow, so a text is taken for English where two words, and 12 % of them, in
    its first 80 characters are of `ENGLISH`; only others are looked at closely, each once.

    Args:
        texts: Columns ``text``, ``prompt``, ``conversation`` and ``assigned``.
    """
    code = pl.col("assigned").cast(pl.String).str.extract(_CODE).str.to_lowercase()
    found = texts.select(language=code)["language"]
    for column in ("text", "prompt", "conversation"):
        is_open = found.is_null() & texts[column].is_not_null()
        if is_open.any():
            found = found.scatter(is_open.arg_true(), _seen(texts[column].filter(is_open)))
    return found


def _seen(texts: pl.Series) -> pl.Series:
    """Name the languages of texts."""
    heads = texts.str.head(_CHARACTERS_READ).str.to_lowercase()
    counts = pl.DataFrame(
        {
            "n_words": heads.str.count_matches(" ", literal=True) + 1,
            "n_known": heads.str.replace_all("\u2019", "'", literal=True).str.count_matches(_KNOWN),
        }
    )
    is_english = (pl.col("n_known") >= _FEWEST) & (pl.col("n_known") >= _SHARE * pl.col("n_words"))
    told = counts.select(language=pl.when(is_english).then(pl.lit("en")))["language"]
    is_open = told.is_null()
    unsure = texts.filter(is_open)
    if unsure.is_empty():
        return told
    return told.scatter(is_open.arg_true(), languages(unsure)["language"])
