"""Whether a rationale speaks of these two responses, and of both (D9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.rationales.checks.found import ABSTAINS, by_language, found
from prefdata.rationales.checks.shares import is_among, is_unspaced, pieces, rows_of
from prefdata.texts.ngrams import word_lists, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.rationales.checks.limits import Limits
    from prefdata.rationales.checks.shares import WordsOf
    from prefdata.rationales.checks.texts import Read
    from prefdata.rationales.lexicon import Lexicon

__all__ = ["check_specificity"]

_HANDLES = 2
_PAIR = 2


def check_specificity(read: Read, responses: WordsOf, limits: Limits) -> pl.DataFrame:
    """Count the words of content that exactly one response has, and the handles that are named.

    Words of content have some letters and are no stop words, or are numbers of several digits; in
    scripts without spaces pairs of
    characters stand for them, twice as many of which are asked for. Texts of other kinds than
    `general` and `specific` are measured and not judged.

    Args:
        read: The rationales, at most 65,536.
        responses: The words of their responses.
        limits: How many words a `specific` rationale needs.

    Returns:
        `FOUND`; the value is the number of words.
    """
    counts = _content_of_one(read, responses)
    has_texts = pl.col("x_text").is_not_null() & pl.col("y_text").is_not_null()
    rows = read.rows.with_columns(n=pl.Series(counts, dtype=pl.Float64))
    needed = pl.when(pl.col("kind") == "specific").then(limits.specific_content).otherwise(0)
    is_ours = pl.col("kind").is_in(["general", "specific"])
    names_both = pl.col("handles").list.len() == _HANDLES
    is_short = has_texts & (pl.col("n") < needed)
    return found(
        rows,
        "specificity",
        value=pl.when(has_texts).then("n"),
        is_passed=pl.when(is_ours).then(names_both & ~is_short).otherwise(ABSTAINS),
        detail=pl.when(~is_ours)
        .then(pl.lit("no limits for the kind ") + pl.col("kind"))
        .otherwise(
            pl.concat_str(
                [
                    pl.when(~names_both).then(pl.lit("does not name both X and Y")),
                    pl.when(is_short).then(pl.lit("says nothing that is in one response alone")),
                ],
                separator=", ",
                ignore_nulls=True,
            ).replace("", None)
        ),
    )


def _content_of_one(read: Read, responses: WordsOf) -> NDArray[np.float64]:
    """Count the distinct words, or pairs of characters, that exactly one response has."""
    told = by_language(read.rows.with_columns(words=word_lists(read.rows["text"])), _content)
    own = words(told["content"])
    unspaced = is_unspaced(read.rows["text"])
    counts: NDArray[np.float64] = np.zeros(read.rows.height)
    for n, here in ((1, ~unspaced), (_PAIR, unspaced)):
        if not here.any():
            continue
        keys = pieces(own, n)
        in_x, in_y = (is_among(keys, pieces(one, n)) for one in (responses.x, responses.y))
        found_here = np.bincount(rows_of(keys[in_x != in_y]), minlength=len(counts))
        counts[here] = found_here[here] / n
    return counts


def _content(rows: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    word = pl.element()
    # A word of one character is of a script without spaces: the pairs are made of these.
    is_content = word.str.contains(r"^(?:[^\p{Latin}\p{N}]|\p{N}{2,})$") | (
        (word.str.len_chars() >= lexicon.content_letters) & ~word.is_in(sorted(lexicon.stop_words))
    )
    return rows.select(
        "row", content=pl.col("words").list.eval(word.filter(is_content)).list.join(" ")
    )
