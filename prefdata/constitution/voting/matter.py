"""What is voted on: comparisons with their texts, and which of them need nobody's vote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.constitution.labels import described_comparisons, read_comparisons
from prefdata.constitution.parts import TRAIN, parts_of_comparisons
from prefdata.core.fingerprint import digest
from prefdata.tables.comparisons import COMPARISON
from prefdata.tables.identity import hash_texts, hash_tuple
from prefdata.tables.messages import response_text, transcript, with_system
from prefdata.texts.normal import is_blank

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MATTER", "read_matter"]

MATTER: Mapping[str, pl.DataType] = {
    **COMPARISON,
    "conversation": pl.String(),
    "a": pl.String(),
    "b": pl.String(),
    "is_b_first": pl.Boolean(),
    "is_blank": pl.Boolean(),
    "is_alike": pl.Boolean(),
    "words": pl.String(),
}
"""Columns of comparisons that are voted on. ``conversation``, ``a`` and ``b`` are texts;
``is_b_first`` is drawn: whether b is shown first where only one order is. Where a response is empty
(``is_blank``) no principle applies; of two with the same words (``is_alike``) neither has more of
anything. ``words`` is a digest of the three texts, whichever response is a: requests on the same
words are the same, whatever the aspect or the source."""


def read_matter(
    tables: Mapping[str, pl.LazyFrame],
    steps: Sequence[str],
    *,
    limit: int | None,
    seed: int,
    train_share: float | None = None,
) -> pl.DataFrame:
    """Return the comparisons of some steps with their texts, sorted by id.

    Args:
        tables: ``pairs``, ``prompts`` and ``responses``.
        steps: The steps whose pairs are compared.
        limit: The most comparisons, drawn by their ids and the seed; a larger limit keeps those of
            a smaller one.
        seed: Of the recipe.
        train_share: Only those of prompts on which a constitution is chosen, which are this share
            of all; of all prompts when None.

    Returns:
        Columns of `MATTER`.
    """
    compared = read_comparisons(tables, steps)
    if train_share is not None:
        described = described_comparisons(tables, compared)
        parts = parts_of_comparisons(described, shares=(train_share,), seed=seed)
        compared = described.filter(parts == TRAIN).select(*COMPARISON)
    salt = pl.lit(digest(["vote-principles", seed]))
    drawn = compared.with_columns(drawn=hash_tuple(compared, salt, "comparison_id"))
    if limit is not None:
        drawn = drawn.sort("drawn").head(limit)
    conversations = tables["prompts"].select("prompt_id", conversation=transcript(with_system()))
    found = drawn.lazy().join(conversations, on="prompt_id", how="left")
    for side in ("a", "b"):
        said = tables["responses"].select(
            pl.col("response_id").alias(f"response_{side}_id"), response_text().alias(side)
        )
        found = found.join(said, on=f"response_{side}_id", how="left")
    blank = [is_blank(side).fill_null(value=True) for side in ("a", "b")]
    # The last digit is one of 16, half of them below `8`.
    return _named(
        found.with_columns(
            pl.col("conversation", "a", "b").fill_null(""),
            is_b_first=pl.col("drawn").str.slice(-1) < "8",
            is_blank=pl.any_horizontal(blank),
            is_alike=pl.col("a").str.strip_chars() == pl.col("b").str.strip_chars(),
        )
        .sort("comparison_id")
        .collect()
    )


def _named(found: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of `MATTER`, with digests of the words."""
    hashes = found.select(hash_texts(found[name]) for name in ("conversation", "a", "b"))
    ends = (pl.min_horizontal("a", "b"), pl.max_horizontal("a", "b"))
    words = hash_tuple(hashes, "conversation", *ends)
    return found.with_columns(words.alias("words")).select(
        pl.col(name).cast(dtype) for name, dtype in MATTER.items()
    )
