"""Whether a rationale has a fitting length and comes to its end (D1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.checks.found import ABSTAINS, found
from prefdata.rationales.checks.texts import word_count

if TYPE_CHECKING:
    from prefdata.rationales.checks.limits import Limits
    from prefdata.rationales.checks.texts import Read

__all__ = ["check_length"]

# What may stand after the last sentence: marks, brackets, pictures, anything but letters, digits
# and the signs after which a sentence goes on.
_ENDED = (
    r"[.!?…。\uff0e\uff01\uff1f｡।॥؟\u06d4\u0589።]"
    r"[^\p{L}\p{N},;:،、\uff0c\uff1b\uff1a—–]*$"
    r"|^\s*[\[{][\s\S]*[\]}]\s*$"
)
_FINISHED = ("stop", "eos", "eos_token", "end_turn", "stop_sequence")
_CUT = ("cut", "filtered", "failed", "unreadable")


def check_length(read: Read, limits: Limits) -> pl.DataFrame:
    """Count words, and tell what was cut: by the server's word, or by its missing end.

    Texts of other kinds than `general` and `specific`, such as people's own words, are measured
    and not judged.

    Args:
        read: The rationales.
        limits: Words.

    Returns:
        `FOUND`; the value is in words.
    """
    words = word_count("text", limits.characters_per_word)
    low, high = (
        pl.when(pl.col("kind") == "general")
        .then(limits.general_words[side])
        .otherwise(limits.specific_words[side])
        for side in (0, 1)
    )
    finish = pl.col("finish_reason").str.to_lowercase()
    faults = pl.concat_str(
        [
            pl.when(words < low).then(pl.lit("too short")),
            pl.when(words > high).then(pl.lit("too long")),
            pl.when(~finish.is_in(_FINISHED)).then(pl.lit("stopped by ") + finish),
            pl.when(pl.col("status").is_in(_CUT)).then(pl.lit("is ") + pl.col("status")),
            pl.when(~pl.col("text").str.contains(_ENDED)).then(pl.lit("does not end a sentence")),
        ],
        separator=", ",
        ignore_nulls=True,
    )
    is_ours = pl.col("kind").is_in(["general", "specific"])
    rows = read.rows.with_columns(words=words.round(1), faults=faults)
    told = found(
        rows,
        "length",
        value=pl.col("words"),
        is_passed=pl.when(is_ours).then(pl.col("faults") == "").otherwise(ABSTAINS),
        detail=pl.when(~is_ours)
        .then(pl.lit("no limits for the kind ") + pl.col("kind"))
        .when(pl.col("faults") != "")
        .then("faults"),
    )
    # A rationale without a text is as short as can be.
    is_empty = pl.Series(rows["text"].is_null() & rows["kind"].is_in(["general", "specific"]))
    return told.with_columns(
        is_passed=pl.when(is_empty).then(pl.lit(value=False)).otherwise("is_passed"),
        value=pl.when(is_empty).then(0.0).otherwise("value"),
    )
