"""Comparisons: two responses to one prompt for one aspect, in an order that no choice decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.tables.identity import hash_texts, hash_tuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COMPARISON", "comparison_ids"]

COMPARISON: Mapping[str, pl.DataType] = {
    "comparison_id": pl.String(),
    "source": pl.String(),
    "prompt_id": pl.String(),
    "response_a_id": pl.String(),
    "response_b_id": pl.String(),
    "aspect": pl.String(),
    "prompt_hash": pl.String(),
}
"""Columns of comparisons. ``prompt_hash`` is equal for prompts with the same words, which must
never be on both sides of a split."""


def comparison_ids(frame: pl.DataFrame, one: str, other: str) -> pl.DataFrame:
    """Put two responses in their order, and name the comparison.

    Which is a and which is b follows from digests of the ids, so that neither the ids of a source
    (where the chosen one may come first by name) nor anybody's choice has a say.

    Args:
        frame: With ``prompt_id``, ``aspect`` and two columns of response ids.
        one: Name of one of the two columns.
        other: Name of the other.

    Returns:
        The frame with ``comparison_id``, ``response_a_id``, ``response_b_id`` and ``is_one_a``.
    """
    first, second = (hash_texts(frame[name]).alias(name) for name in (one, other))
    is_one_a = (first < second).alias("is_one_a")
    ordered = frame.with_columns(is_one_a).with_columns(
        response_a_id=pl.when("is_one_a").then(one).otherwise(other),
        response_b_id=pl.when("is_one_a").then(other).otherwise(one),
    )
    names = hash_tuple(ordered, "prompt_id", "response_a_id", "response_b_id", "aspect")
    return ordered.with_columns(names.alias("comparison_id"))
