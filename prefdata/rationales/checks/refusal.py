"""Whether the writer refused, or decided nothing (D3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.checks.found import ABSTAINS, by_language, found, no_words, phrases

if TYPE_CHECKING:
    from prefdata.rationales.checks.texts import Read
    from prefdata.rationales.lexicon import Lexicon

__all__ = ["check_refusal"]


def check_refusal(read: Read) -> pl.DataFrame:
    """Look for refusals and for verdicts that are none, outside of quotations.

    That both responses are equally good at something is no verdict only where no word of contrast
    follows: "both are equally polite, but X …" decides.

    Args:
        read: The rationales.

    Returns:
        `FOUND`; the value is the number of such phrases.
    """
    told = by_language(read.rows, _phrases).group_by("row", maintain_order=True).agg("phrase")
    rows = read.rows.join(told, on="row", how="left", maintain_order="left")
    n_found = pl.col("phrase").list.len().fill_null(0)
    return found(
        rows,
        "refusal",
        value=n_found.cast(pl.Float64),
        is_passed=pl.when(n_found > 0)
        .then(pl.lit(value=False))
        .when(pl.col("reading").is_null())
        .then(ABSTAINS)
        .otherwise(pl.lit(value=True)),
        detail=pl.when(n_found > 0)
        .then(pl.col("phrase").list.join(" | "))
        .when(pl.col("reading").is_null())
        .then(no_words()),
    )


def _phrases(rows: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    texts = rows.select("row", text=pl.col("bare").fill_null(""))
    clear = phrases(texts, lexicon, "refusal", "undecided")
    equal, contrast = lexicon.pattern(lexicon.equal), lexicon.pattern(lexicon.contrast)
    last = (
        texts.filter(pl.col("text").str.contains(lexicon.sieve(lexicon.equal)))
        .select("row", last=pl.col("text").str.extract(rf"(?s)({equal}.*)$"))
        .filter(~pl.col("last").str.replace(equal, "").str.contains(contrast))
        .select("row", phrase=pl.col("last").str.extract(f"({equal})"))
    )
    return pl.concat([clear, last])
