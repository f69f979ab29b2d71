"""The shape of what a check gives, and word patterns over rows of many languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.checks.limits import FOUND
from prefdata.rationales.lexicon import Lexicon, lexicon_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ABSTAINS", "by_language", "found", "no_words", "phrases"]

ABSTAINS = pl.lit(None, pl.Boolean)
"""Neither passes nor fails."""

_FALLBACK = "en"


def found(
    rows: pl.DataFrame,
    check: str,
    *,
    value: pl.Expr,
    is_passed: pl.Expr,
    detail: pl.Expr,
) -> pl.DataFrame:
    """Return what a check gives; it abstains where there is no text.

    Args:
        rows: Rationales, with the columns that the expressions read.
        check: Its name.
        value: What was measured.
        is_passed: Whether the rationale passes; null where the check abstains.
        detail: What was found, in words.
    """
    is_there = pl.col("text").is_not_null()
    return rows.select(
        "rationale_id",
        check_name=pl.lit(check),
        value=pl.when(is_there).then(value),
        is_passed=pl.when(is_there).then(is_passed),
        detail=pl.when(is_there).then(detail).otherwise(pl.lit("there is no text")),
    ).cast(pl.Schema(FOUND))


def no_words() -> pl.Expr:
    """Say that there are no word patterns for the language of a row."""
    named = pl.coalesce("language", "said", pl.lit("an unknown language"))
    return pl.lit("no word patterns for ") + named


def by_language(
    rows: pl.DataFrame, make: Callable[[pl.DataFrame, Lexicon], pl.DataFrame]
) -> pl.DataFrame:
    """Read the rows of each language with its word patterns, and others with those of English.

    Args:
        rows: With ``row`` and ``reading``.
        make: Called with the rows of a language and its patterns; returns ``row`` and more.

    Returns:
        What came of all languages, in the order of the rows.
    """
    parts = []
    for (language,), group in rows.group_by("reading", maintain_order=True):
        lexicon = lexicon_of(str(language)) if language else None
        fallback = lexicon_of(_FALLBACK)
        parts += [make(group, one) for one in (lexicon or fallback,) if one is not None]
    return pl.concat(parts).sort("row") if parts else make(rows, _english())


def _english() -> Lexicon:
    lexicon = lexicon_of(_FALLBACK)
    if lexicon is None:
        raise KeyError(_FALLBACK)
    return lexicon


def phrases(rows: pl.DataFrame, lexicon: Lexicon, *fields: str) -> pl.DataFrame:
    """List what the patterns of some fields match in rationales, those of English too.

    Models that are asked in another language slip into English; its patterns match little else.

    Args:
        rows: With ``row`` and the ``text`` that is searched.
        lexicon: The language's word patterns.
        fields: Names of fields of `Lexicon`.

    Returns:
        ``row`` and ``phrase``, each once.
    """
    parts = [pl.DataFrame(schema={"row": pl.Int64, "phrase": pl.String})]
    sources = [lexicon] if lexicon.language == _FALLBACK else [lexicon, _english()]
    for source in sources:
        patterns = tuple(one for field in fields for one in getattr(source, field))
        # Most rationales have no such phrase, and to find none is fast.
        likely = rows.filter(pl.col("text").str.contains(source.sieve(patterns)))
        found_here = pl.col("text").str.extract_all(source.pattern(patterns))
        parts.append(
            likely.select("row", phrase=found_here).explode(
                "phrase", empty_as_null=False, keep_nulls=False
            )
        )
    return pl.concat(parts).unique(maintain_order=True)
