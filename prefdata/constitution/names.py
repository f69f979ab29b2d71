"""What principles are called: the same words have the same id in every source and step."""

from __future__ import annotations

import polars as pl

from prefdata.tables.identity import hash_texts
from prefdata.texts.normal import normalised

__all__ = ["principle_id"]


def principle_id(sentences: pl.Series) -> pl.Series:
    """Return the id of each principle, as 32 hex digits; nulls stay null.

    Unicode form, case, white space, and full stops at the end do not count.

    Args:
        sentences: What the principles ask for, such as ``Select the response that is longer``.
    """
    texts = sentences.cast(pl.String).alias("sentence").to_frame()
    bare = texts.select(normalised("sentence").str.strip_chars_end(". ")).to_series()
    return hash_texts(bare).alias("principle_id")
