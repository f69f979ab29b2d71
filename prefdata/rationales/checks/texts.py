"""What all checks read of a rationale, made once: its words without quotations, its quotations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.checks.attribution import attribute
from prefdata.rationales.checks.quotations import as_prose, find_quotations
from prefdata.rationales.handles import MASK, find_handles
from prefdata.rationales.lexicon import lexicon_languages
from prefdata.texts.language import languages
from prefdata.texts.ngrams import UNSPACED
from prefdata.texts.normal import normalised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.rationales.checks.limits import Limits

__all__ = ["GAP", "Read", "folded", "read_rationales", "word_count"]

GAP = " ▢ "
"""Stands where a quotation was."""

_WORD_RUN = rf"[\p{{L}}\p{{N}}--[{UNSPACED}]][\p{{L}}\p{{M}}\p{{N}}'’_.\-]*"
_UNSPACED = f"[{UNSPACED}]"
_OF_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u9fff]")
_SIGNS = r"[^\p{L}\p{M}\p{N}]+"

_QUOTES = {
    "row": pl.Int64(),
    "quote": pl.String(),
    "owner": pl.String(),
    "is_missing": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class Read:
    """Rationales that are being checked."""

    rows: pl.DataFrame
    """The rows, with ``row`` (their number), ``text`` (as prose, composed; null where blank),
    ``bare`` (without quotations of several words; the marks of shorter ones are left out),
    ``masked`` (the text with one sign for both handles), ``handles`` (which are named: list of X
    and Y), ``said`` and ``confidence`` (language that the
    bare text is in) and ``reading`` (language whose word patterns apply; null where none do)."""
    quotes: pl.DataFrame
    """Quotations of several words: ``row``, ``quote``, ``owner`` (X, Y or null), ``is_missing``."""


def word_count(text: str | pl.Expr, characters_per_word: float) -> pl.Expr:
    """Count the words of a text; characters of scripts without spaces count as parts of words.

    Args:
        text: Column or expression.
        characters_per_word: Characters of such scripts that make a word.
    """
    column = pl.col(text) if isinstance(text, str) else text
    unspaced = column.str.count_matches(_UNSPACED) / characters_per_word
    return column.str.count_matches(_WORD_RUN) + unspaced


def folded(text: str | pl.Expr) -> pl.Expr:
    """Return the letters and digits of a text in the form in which quotations are compared.

    NFKC, small letters; all else, white space too, is one space.

    Args:
        text: Column or expression.
    """
    return normalised(text, space=False).str.replace_all(_SIGNS, " ").str.strip_chars()


def read_rationales(rows: pl.DataFrame, limits: Limits) -> Read:
    """Read rationales for the checks.

    Args:
        rows: `CHECKED`.
        limits: How long a quotation must be to be one.
    """
    text = pl.col("text").str.normalize("NFC")
    rows = rows.with_row_index("row").with_columns(
        pl.col("row").cast(pl.Int64),
        text=pl.when(text.str.contains(r"[\p{L}\p{N}]")).then(text),
    )
    bare, handles, masked, quotes, prose = [], [], [], [], []
    # A loop over rows: where quotations and handles stand, and in which order, is not to be had
    # from the expressions of polars.
    for row, value, language in rows.select("row", "text", "language").iter_rows():
        told = "" if value is None else as_prose(value)
        spots = find_handles(told)
        without, found = _parts(told, spots, language, limits)
        prose.append(None if value is None else told)
        masked.append(None if value is None else _masked(told, spots))
        bare.append(None if value is None else without)
        handles.append(sorted({handle for _, handle in spots}))
        quotes += [(row, *one) for one in found]
    rows = rows.with_columns(
        pl.Series("text", prose, dtype=pl.String),
        pl.Series("bare", bare, dtype=pl.String),
        pl.Series("masked", masked, dtype=pl.String),
        pl.Series("handles", handles, dtype=pl.List(pl.String)),
    )
    return Read(_with_languages(rows), pl.DataFrame(quotes, schema=_QUOTES, orient="row"))


def _parts(
    text: str, spots: Sequence[tuple[int, str]], language: str | None, limits: Limits
) -> tuple[str, list[tuple[str, str | None, bool]]]:
    """Return a text without its quotations, and the quotations with what is said of them."""
    quotations = find_quotations(text)
    parts, kept, at = [], [], 0
    for quote in quotations:
        is_short = _words(quote.text, limits.characters_per_word) < limits.quoted_words
        parts += [text[at : quote.start], quote.text if is_short else GAP]
        at = quote.end
        if not is_short:
            kept.append(quote)
    said = attribute(text, kept, spots, language) if kept else []
    found = [(quote.text, one.owner, one.is_missing) for quote, one in zip(kept, said, strict=True)]
    return "".join([*parts, text[at:]]), found


def _masked(text: str, spots: Sequence[tuple[int, str]]) -> str:
    parts, at = [], 0
    for place, _ in spots:
        parts += [text[at:place], MASK]
        at = place + 1
    return "".join([*parts, text[at:]])


def _words(text: str, characters_per_word: float) -> float:
    """Count words about as `word_count` does, of one short text."""
    if text.isascii():
        return len(text.split())
    unspaced = len(_OF_UNSPACED.findall(text))
    return len(_OF_UNSPACED.sub(" ", text).split()) + unspaced / characters_per_word


def _with_languages(rows: pl.DataFrame) -> pl.DataFrame:
    said = languages(rows["bare"].str.replace_all(r"\b[XY]\b|▢", " "))
    known = lexicon_languages()
    return rows.with_columns(said=said["language"], confidence=said["confidence"]).with_columns(
        reading=pl.when(pl.col("language").is_in(known))
        .then("language")
        .when(pl.col("language").is_null() & pl.col("said").is_in(known))
        .then("said")
    )
