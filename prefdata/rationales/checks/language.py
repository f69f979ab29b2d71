"""Whether a rationale is in the language of its prompt (D2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.checks.found import ABSTAINS, found

if TYPE_CHECKING:
    from prefdata.rationales.checks.texts import Read

__all__ = ["check_language"]

# Languages that short texts do not tell apart.
_ALIKE = (
    ("bs", "hr", "sr"),
    ("da", "no"),
    ("es", "gl"),
    ("gl", "pt"),
    ("hi", "mr", "ne"),
    ("id", "ms"),
    ("cs", "sk"),
    ("be", "ru", "uk"),
    ("af", "nl"),
)


def check_language(read: Read) -> pl.DataFrame:
    """Compare the language that the words outside of quotations are in with the expected one.

    Args:
        read: The rationales.

    Returns:
        `FOUND`; the value is the confidence of the detection.
    """
    is_alike = pl.any_horizontal(
        pl.col("language").is_in(group) & pl.col("said").is_in(group) for group in _ALIKE
    )
    is_same = pl.col("language") == pl.col("said")
    return found(
        read.rows,
        "language",
        value=pl.col("confidence"),
        is_passed=pl.when(is_same | ~is_alike).then(is_same).otherwise(ABSTAINS),
        detail=pl.when(pl.col("language").is_null())
        .then(pl.lit("the language it should be in is not known"))
        .when(pl.col("said").is_null())
        .then(pl.lit("the language it is in is not clear"))
        .when(~is_same)
        .then(pl.format("is in {}, not in {}", "said", "language")),
    )
