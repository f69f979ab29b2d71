"""Whether a rationale is made of its responses' words (D8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.rationales.checks.found import found
from prefdata.rationales.checks.shares import is_among, is_unspaced, pieces, rows_of
from prefdata.rationales.checks.texts import GAP
from prefdata.texts.ngrams import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.rationales.checks.limits import Limits
    from prefdata.rationales.checks.shares import WordsOf
    from prefdata.rationales.checks.texts import Read

__all__ = ["check_copying"]


def check_copying(
    placed: pl.DataFrame, read: Read, responses: WordsOf, limits: Limits
) -> pl.DataFrame:
    """Measure how much of a rationale is in one of its responses, quotations that hold apart.

    Args:
        placed: The quotations, as `place_quotes` returns them.
        read: The rationales, at most 65,536.
        responses: The words of their responses.
        limits: How many words a run has, and which share of the runs may be copied.

    Returns:
        `FOUND`; the value is the share of the rationale's runs of words that the response with
        most of them has; null where the rationale is shorter than a run.
    """
    kept = placed.filter(
        (pl.col("verdict") != "right") | (pl.col("n_words") > limits.longest_quote)
    )
    extra = kept.group_by("row", maintain_order=True).agg(pl.col("quote").str.join(GAP))
    rows = read.rows.join(extra, on="row", how="left", maintain_order="left")
    own = words(
        rows.select(pl.concat_str(["bare", "quote"], separator=GAP, ignore_nulls=True))["bare"]
    )
    runs = np.where(is_unspaced(rows["bare"]), 2, 1)
    share: NDArray[np.float64] = np.full(rows.height, np.nan)
    for factor in sorted(set(runs.tolist())):
        n = max(1, round(limits.copied_run * (1 if factor == 1 else limits.characters_per_word)))
        keys = pieces(own, n)
        counts = np.bincount(rows_of(keys), minlength=rows.height)
        shared = np.maximum(
            *(
                np.bincount(
                    rows_of(keys[is_among(keys, pieces(one, n))]),
                    minlength=rows.height,
                )
                for one in (responses.x, responses.y)
            )
        )
        here = (runs == factor) & (counts > 0)
        share[here] = shared[here] / counts[here]
    has_texts = pl.col("x_text").is_not_null() | pl.col("y_text").is_not_null()
    rows = rows.with_columns(share=pl.Series(share).fill_nan(None))
    return found(
        rows,
        "copying",
        value=pl.when(has_texts).then(pl.col("share").round(4)),
        is_passed=pl.when(has_texts).then(pl.col("share") <= limits.copied_share),
        detail=pl.when(~has_texts)
        .then(pl.lit("the responses are not known"))
        .when(pl.col("share").is_null())
        .then(pl.lit("too short to tell"))
        .when(pl.col("share") > limits.copied_share)
        .then(pl.format("{} % is one response's", (pl.col("share") * 100).round(0).cast(pl.Int64))),
    )
