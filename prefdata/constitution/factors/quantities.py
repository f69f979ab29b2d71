"""Quantities of texts that are more than counts of words and forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.constitution.factors.forms import GAP, SENTENCE_END, spelt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "OTHER_LETTER",
    "PIECE",
    "QUANTITIES",
    "VOWELS",
    "content_words",
    "other_share",
    "quantity",
    "shared_words",
    "with_counts",
]

VOWELS = "[aeiouy]+"
"""A group of vowels: about a syllable."""
PIECE = "[^ .!?\n][^.!?\n]{14,}"
"""What is between two full stops, where it is long enough that saying it twice means something."""
OTHER_LETTER = r"[\p{L}&&[^\p{Latin}]]"
"""A letter of another script than Latin; quotes, dashes and pictures are none."""
_LETTER = r"\p{L}"
# Above the blocks of Latin, without the punctuation that texts of Latin letters have; and the
# few letters among these blocks that are of no script, such as the micro sign.
_MAYBE_OTHER = (
    "[\u00b5\u02b9-\u02ff\u0370-\u1dff\u2c00-\u2dff\u2e80-\ua71f\ua800-\uffff\U00010000-\U0003ffff]"
)
_LATIN = "[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02b8\u1e00-\u1eff]"
_SHORTEST = 3


def with_counts(texts: pl.DataFrame, stop_words: Sequence[str]) -> pl.DataFrame:
    """Add the counts that quantities are made of.

    Args:
        texts: Columns ``text`` and its normal form ``normal``.
        stop_words: Words without content of their own.
    """
    text, normal = pl.col("text"), pl.col("normal")
    # Columns of their own, as an expression that stands twice is computed twice.
    n_sentences = _signed(text.str.count_matches(SENTENCE_END)).alias("n_sentences")
    texts = texts.with_columns(n_sentences)
    # Only a text of several sentences repeats one.
    several = pl.when(pl.col("n_sentences") > 1).then(text)
    lists = texts.select(words=normal.str.split(GAP), pieces=several.str.extract_all(PIECE))
    words, pieces = lists["words"], lists["pieces"]
    is_stop = pl.element().is_in(spelt(stop_words))
    return texts.with_columns(
        # Both ends of the normal form are parted off as empty words.
        n_words=words.list.len().cast(pl.Int64) - 2,
        n_characters=text.str.len_chars(),
        n_normal=_signed(normal.str.len_chars()),
        n_syllables=normal.str.count_matches(VOWELS),
        n_stop_words=words.list.eval(is_stop.sum()).list.first().cast(pl.Int64),
        n_distinct=words.list.n_unique().cast(pl.Int64) - 1,
        n_repeated=(pieces.list.len().cast(pl.Int64) - pieces.list.n_unique()).fill_null(0),
    )


def _signed(count: pl.Expr) -> pl.Expr:
    return count.cast(pl.Int64)


def quantity(name: str) -> pl.Expr:
    """Return a measure, from the columns of `with_counts`; NaN where a text has no words.

    Args:
        name: One of `prefdata.constitution.factors.declared.MEASURES` but those of a prompt.

    References:
        ``grade``: Kincaid et al. (1975), *Derivation of new readability formulas*; syllables are
        groups of vowels. ``distinct_words``: Guiraud (1954), distinct words over the root of all.
    """
    return QUANTITIES[name]()


def _count(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64)


def _over(upper: pl.Expr, lower: pl.Expr) -> pl.Expr:
    """Divide; nothing over nothing is NaN."""
    return upper / lower


def _grade() -> pl.Expr:
    words, sentences = _count("n_words"), _count("n_sentences").clip(1)
    return 0.39 * (words / sentences) + 11.8 * (_count("n_syllables") / words) - 15.59


QUANTITIES: dict[str, Callable[[], pl.Expr]] = {
    "words": lambda: _count("n_words"),
    "characters": lambda: _count("n_characters"),
    "sentences": lambda: _count("n_sentences"),
    "repeated_sentences": lambda: _count("n_repeated"),
    "grade": _grade,
    "sentence_words": lambda: _over(
        pl.when(pl.col("n_words") > 0).then(_count("n_words")).otherwise(float("nan")),
        _count("n_sentences").clip(1),
    ),
    # Each of n words has two spaces before it, and two stand at the end.
    "word_letters": lambda: _over(
        _count("n_normal") - 2 * (_count("n_words") + 1), _count("n_words")
    ),
    "distinct_words": lambda: _over(_count("n_distinct"), _count("n_words").sqrt()),
    "content_share": lambda: _over(_count("n_words") - _count("n_stop_words"), _count("n_words")),
}
"""The measures of a text alone, by name."""


def content_words(normal: pl.Expr, stop_words: Sequence[str]) -> pl.Expr:
    """Return the distinct words of a normal form that have content, in the order they come.

    Args:
        normal: The normal form.
        stop_words: Words without content of their own.
    """
    word = pl.element()
    has_content = (word.str.len_chars() >= _SHORTEST) & ~word.is_in(list(stop_words))
    return normal.str.split(GAP).list.eval(word.filter(has_content).unique(maintain_order=True))


def shared_words(texts: pl.Series, places: pl.Series, content: pl.Series) -> pl.Series:
    """Count the words of a prompt that each text has; null where the prompt has none.

    Args:
        texts: Normal forms of the texts.
        places: The place of each text's prompt in ``content``; null where there is none.
        content: `content_words` of each prompt.
    """
    rows = pl.DataFrame({"text": texts, "at": places}).with_row_index("row").lazy()
    words = content.alias("word").to_frame().with_row_index("at").explode("word").drop_nulls()
    is_there = pl.col("text").str.contains(
        pl.concat_str(pl.lit(" "), "word", pl.lit(" ")), literal=True
    )
    n_there = rows.join(words.lazy(), on="at").group_by("row").agg(n=is_there.sum())
    found = rows.select("row").join(n_there, on="row", how="left", maintain_order="left")
    return found.collect()["n"].cast(pl.Int64)


def other_share(texts: pl.Series) -> pl.Series:
    """Return the share of letters of other scripts than Latin; NaN for a text without letters.

    Args:
        texts: The texts as they stand.
    """
    text = pl.col("text")
    # Seldom needed, and counting letters of any script is slow; ASCII is the fastest to see.
    wide = pl.when(text.str.len_bytes() != text.str.len_chars()).then(text)
    other = pl.when(wide.str.contains(_MAYBE_OTHER)).then(text)
    share = other.str.count_matches(OTHER_LETTER) / other.str.count_matches(_LETTER)
    plain = pl.when(text.str.contains(_LATIN)).then(0.0).otherwise(float("nan"))
    return texts.alias("text").to_frame().select(pl.coalesce(share, plain)).to_series()
