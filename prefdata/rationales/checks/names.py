"""Numbers and names of a rationale that neither the prompt nor a response has (D7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.checks.found import ABSTAINS, found
from prefdata.rationales.lexicon import lexicon_languages, lexicon_of

if TYPE_CHECKING:
    from prefdata.rationales.checks.limits import Limits
    from prefdata.rationales.checks.texts import Read

__all__ = ["check_names"]

_NUMBER = r"\p{Nd}+(?:[.,'’\x{202f}\x{a0}]\p{Nd}+)*"
_NAME = r"\b\p{Lu}[\p{L}\p{M}]+\b"
_OPENS_A_SENTENCE = r"(?:^|[.!?:;।…\n\"“«(\[*•▢\-–—]\s*)\p{Lu}[\p{L}\p{M}'’]*"
_ZEROS = "\u0660\u06f0\u0966\u09e6\u0a66\u0ae6\u0be6\u0c66\u0ce6\u0d66\u0e50"
"""The zeros of other scripts; their digits follow in order."""


def check_names(read: Read, limits: Limits) -> pl.DataFrame:
    """List the numbers and names outside of quotations that come from nowhere. It only warns.

    Small numbers are taken for counts ("three steps"). A name is a word with a capital inside a
    sentence, in languages where that means something.

    Args:
        read: The rationales.
        limits: What number is small.

    Returns:
        `FOUND`; the value is how many there are. It neither passes nor fails.
    """
    cased = [code for code in lexicon_languages() if _has_names(code)]
    inner = pl.col("bare").str.replace_all(_OPENS_A_SENTENCE, " ")
    known = pl.concat_str(
        [pl.col(name).fill_null("") for name in ("prompt_text", "x_text", "y_text")],
        separator="\n",
    )
    lower = known.str.to_lowercase()
    listed = read.rows.select(
        "row",
        known=lower,
        numbers=_numbers(pl.col("bare")),
        theirs=_numbers(known),
        names=pl.when(pl.col("reading").is_in(cased)).then(inner.str.extract_all(_NAME)),
    )
    is_small = pl.element().str.to_integer(strict=False) <= limits.small_number
    numbers = listed.select(
        "row",
        new=pl.col("numbers")
        .list.set_difference("theirs")
        .list.eval(pl.element().filter(~is_small.fill_null(value=False)))
        .fill_null([]),
    )
    names = (
        listed.select("row", "names", "known")
        .explode("names", empty_as_null=False, keep_nulls=False)
        .filter(~pl.col("known").str.contains(pl.col("names").str.to_lowercase(), literal=True))
        .group_by("row", maintain_order=True)
        .agg(pl.col("names").unique(maintain_order=True))
    )
    rows = (
        read.rows.join(numbers, on="row", how="left", maintain_order="left")
        .join(names, on="row", how="left", maintain_order="left")
        .with_columns(new=pl.concat_list(pl.col("new").list.sort(), pl.col("names").fill_null([])))
    )
    n_new = pl.col("new").list.len()
    return found(
        rows,
        "names",
        value=n_new.cast(pl.Float64),
        is_passed=ABSTAINS,
        detail=pl.when(n_new > 0).then(
            pl.lit("not in the texts: ") + pl.col("new").list.join(", ")
        ),
    )


def _numbers(text: pl.Expr) -> pl.Expr:
    """List the numbers of a text, in digits of ASCII, without what parts their digits."""
    digits = {chr(ord(zero) + digit): str(digit) for zero in _ZEROS for digit in range(10)}
    ascii_digits = text.str.replace_many(digits)
    return ascii_digits.str.extract_all(_NUMBER).list.eval(
        pl.element().str.replace_all(r"[^0-9]", "")
    )


def _has_names(language: str) -> bool:
    lexicon = lexicon_of(language)
    return lexicon is not None and lexicon.capitals_are_names
