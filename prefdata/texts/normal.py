"""When two texts are the same words: Unicode form, case and white space do not count."""

from __future__ import annotations

import polars as pl

__all__ = ["is_blank", "normalised"]


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
        column = column.str.normalize("NFKC")
    if case:
        column = column.str.to_lowercase()
    if space:
        column = column.str.replace_all(r"\s+", " ").str.strip_chars()
    return column


def is_blank(text: str | pl.Expr) -> pl.Expr:
    """Tell whether a text is null, empty, or white space and control characters only."""
    column = pl.col(text) if isinstance(text, str) else text
    return ~column.str.contains(r"[^\s\p{C}]").fill_null(value=False)
