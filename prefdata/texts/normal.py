"""When two texts are the same words: Unicode form, case and white space do not count."""

from __future__ import annotations

import polars as pl

__all__ = ["STABLE", "is_blank", "normalised"]

STABLE = (
    r"\x00-\x7F\xA1-\xA7\xA9\xAB-\xAE\xB0\xB1\xB6\xB7\xBB\xBF-\x{131}\x{134}-\x{13E}"
    r"\x{141}-\x{148}\x{14A}-\x{17E}"
    r"\x{2010}\x{2012}-\x{2015}\x{2018}-\x{2023}"
    r"\x{0400}-\x{0482}\x{3001}-\x{3029}\x{3041}-\x{3096}\x{30A1}-\x{30FE}\x{4E00}-\x{9FFF}"
)
"""Characters of a regular expression's class: a text of these alone is its own NFKC form.

ASCII, most of Latin, the usual quotes and dashes, Cyrillic, kana and Han. No combining mark is
among them, so that no character joins the one before it.
"""

# A run of white space that is not one plain space. Words are mostly parted by one plain space, so
# this matches seldom, and takes a quarter of the time of replacing each `\s+`.
_SPACES = r"\s\s+|[^\S ]"


def normalised(
    text: str | pl.Expr, *, unicode: bool = True, case: bool = True, space: bool = True
) -> pl.Expr:
    """Return a text in the form in which it is compared.

    Args:
        text: Column or expression.
        unicode: Apply NFKC, which makes compatible characters (ligatures, full-width) equal.
        case: Make all letters lower case.
        space: Make each run of white space one space, and strip both ends.
    """
    column = pl.col(text) if isinstance(text, str) else text
    if unicode:
        # NFKC is the slowest part by far, and most texts are in that form already: ASCII is, which
        # is the fastest to see, and so is what has only stable characters. Nulls cost nothing.
        other = pl.when(column.str.len_bytes() != column.str.len_chars()).then(column)
        unsure = pl.when(other.str.contains(f"[^{STABLE}]")).then(other)
        column = pl.coalesce(unsure.str.normalize("NFKC"), column)
    if case:
        column = column.str.to_lowercase()
    if space:
        column = column.str.replace_all(_SPACES, " ").str.strip_chars()
    return column


def is_blank(text: str | pl.Expr) -> pl.Expr:
    """Tell whether a text is null, empty, or white space and control characters only."""
    column = pl.col(text) if isinstance(text, str) else text
    return ~column.str.contains(r"[^\s\p{C}]").fill_null(value=False)
