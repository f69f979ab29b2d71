"""Whether a rationale tells the label, or an order of the responses (D4, D5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.checks.found import ABSTAINS, by_language, found, no_words, phrases
from prefdata.rationales.lexicon import alternatives

if TYPE_CHECKING:
    from prefdata.rationales.checks.texts import Read
    from prefdata.rationales.lexicon import Lexicon

__all__ = ["check_label_leak", "check_position_leak"]

_BOTH_MARKS = r"(?s)(?:^|[\s(])(?:A[).:][\s\S]*[\s(]B|1[).:][\s\S]*[\s(]2)[).:]"


def check_label_leak(read: Read) -> pl.DataFrame:
    """Look for words that only someone uses who knows the label: "the chosen response".

    Args:
        read: The rationales.

    Returns:
        `FOUND`; the value is the number of such phrases. What the prompt or a response says too
        is no leak.
    """
    return _check(read, "label-leak", "label_leak")


def check_position_leak(read: Read) -> pl.DataFrame:
    """Look for names of responses by their place: "the first answer", "response B".

    Args:
        read: The rationales.

    Returns:
        `FOUND`; the value is the number of such phrases. What the prompt or a response says too
        is no leak, nor are the options that a prompt lists.
    """
    return _check(read, "position-leak", "position_leak")


def _check(read: Read, check: str, field: str) -> pl.DataFrame:
    def listed(rows: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
        innocent = lexicon.pattern(lexicon.innocent)
        option = rf"(?i)^{alternatives(lexicon.terms['option'])}\s"
        # What is innocent is taken out of the few texts that seem to leak.
        texts = rows.select("row", text=pl.col("bare").fill_null(""))
        suspects = texts.filter(pl.col("row").is_in(_rows(phrases(texts, lexicon, field))))
        cleared = suspects.with_columns(pl.col("text").str.replace_all(innocent, " · "))
        return phrases(cleared, lexicon, field).with_columns(
            is_option=pl.col("phrase").str.contains(option)
        )

    told = by_language(read.rows, listed)
    leaks = (
        told.join(read.rows.select("row", "prompt_text", "x_text", "y_text"), on="row")
        .filter(~_is_of_the_task())
        .group_by("row", maintain_order=True)
        .agg(pl.col("phrase").unique(maintain_order=True))
    )
    rows = read.rows.join(leaks, on="row", how="left", maintain_order="left")
    n_leaks = pl.col("phrase").list.len().fill_null(0)
    return found(
        rows,
        check,
        value=n_leaks.cast(pl.Float64),
        is_passed=pl.when(n_leaks > 0)
        .then(pl.lit(value=False))
        .when(pl.col("reading").is_null())
        .then(ABSTAINS)
        .otherwise(pl.lit(value=True)),
        detail=pl.when(n_leaks > 0)
        .then(pl.col("phrase").list.join(" | "))
        .when(pl.col("reading").is_null())
        .then(no_words()),
    )


def _rows(frame: pl.DataFrame) -> pl.Series:
    return frame["row"].unique().implode()


def _is_of_the_task() -> pl.Expr:
    """Tell phrases that prompt or responses use themselves, and options that the prompt lists."""
    phrase = pl.col("phrase").str.to_lowercase()
    is_theirs = pl.any_horizontal(
        pl.col(name).fill_null("").str.to_lowercase().str.contains(phrase, literal=True)
        for name in ("prompt_text", "x_text", "y_text")
    )
    lists_options = pl.col("prompt_text").fill_null("").str.contains(_BOTH_MARKS)
    return is_theirs | (pl.col("is_option") & lists_options)
