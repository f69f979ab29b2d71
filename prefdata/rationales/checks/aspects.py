"""Which criteria a rationale is about, and whether they are empty ones (D11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.metrics.jaccard import containment, sets_of, shared
from prefdata.rationales.checks.found import ABSTAINS, by_language, found, no_words
from prefdata.rationales.lexicon import ASPECTS, lexicon_languages

if TYPE_CHECKING:
    from prefdata.rationales.checks.limits import Limits
    from prefdata.rationales.checks.shares import WordsOf
    from prefdata.rationales.checks.texts import Read
    from prefdata.rationales.lexicon import Lexicon

__all__ = ["aspect_tags", "check_aspects"]

_OUTER = ("length", "format")


def aspect_tags(texts: pl.Series, languages: pl.Series) -> pl.Series:
    """Name the criteria that texts speak of, by their words.

    Args:
        texts: Rationales, native ones too.
        languages: Their languages, ISO 639-1.

    Returns:
        List of names from `ASPECTS`, in that order; null where the text is null or there are no
        word patterns for its language.
    """
    rows = pl.DataFrame({"bare": texts.str.normalize("NFC"), "language": languages})
    known = rows.with_row_index("row").with_columns(
        reading=pl.when(pl.col("language").is_in(lexicon_languages())).then("language")
    )
    told = by_language(known, _tags)
    is_known = known["reading"].is_not_null() & known["bare"].is_not_null()
    return told.select(pl.when(is_known).then("tags").alias("aspects")).to_series()


def check_aspects(read: Read, responses: WordsOf, limits: Limits) -> pl.DataFrame:
    """Fail a rationale that speaks of length or format alone, where nothing else differs.

    Nothing else differs where the longer response has nearly all words of the shorter. Where the
    responses differ in more, reasons of length or format alone are pointed out and not judged.

    Args:
        read: The rationales, at most 65,536.
        responses: The words of their responses.
        limits: From where on responses say the same.

    Returns:
        `FOUND`; the value is the number of criteria other than length and format.
    """
    x, y = (sets_of(one.hashes, one.offsets) for one in (responses.x, responses.y))
    same = containment(shared(x, y), x.sizes, y.sizes)
    told = by_language(read.rows, _tags)
    rows = read.rows.with_columns(tags=told["tags"], same=pl.Series(same, dtype=pl.Float64))
    n_inner = pl.col("tags").list.set_difference(pl.lit(list(_OUTER))).list.len()
    is_outer = (n_inner == 0) & (pl.col("tags").list.len() > 0)
    is_same = pl.col("same") >= limits.same_content
    is_read = pl.col("reading").is_not_null()
    return found(
        rows,
        "aspects",
        value=pl.when(is_read).then(n_inner.cast(pl.Float64)),
        is_passed=pl.when(is_read & ~is_outer)
        .then(pl.lit(value=True))
        .when(is_read & is_outer & is_same)
        .then(pl.lit(value=False))
        .otherwise(ABSTAINS),
        detail=pl.when(~is_read)
        .then(no_words())
        .when(is_outer)
        .then(pl.lit("only: ") + pl.col("tags").list.join(", "))
        .when(pl.col("tags").list.len() > 0)
        .then(pl.col("tags").list.join(", ")),
    )


def _tags(rows: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    text = pl.col("bare").fill_null("")
    named = [
        pl.when(text.str.contains(lexicon.sieve(lexicon.aspects[name]))).then(pl.lit(name))
        for name in ASPECTS
        if name in lexicon.aspects
    ]
    return rows.select("row", tags=pl.concat_list(named).list.drop_nulls())
