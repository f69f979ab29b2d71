"""What the stage reads and writes: responses with their prompts, their values, and votes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.factors.spoken import spoken
from prefdata.constitution.factors.vote import votes_of
from prefdata.tables.bundle import REJECT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from prefdata.constitution.factors.catalogue import Catalogue

__all__ = ["cast_votes", "read_responses", "reject_textless", "with_places"]

_COMPARISONS = 50_000


def read_responses(tables: Mapping[str, pl.LazyFrame], comparisons: pl.DataFrame) -> pl.DataFrame:
    """Return all responses to the prompts of some comparisons, each once, sorted by id.

    Args:
        tables: ``prompts`` and ``responses``.
        comparisons: Column ``prompt_id``.

    Returns:
        Columns ``response_id``, ``prompt_id``, ``text``, ``prompt`` (the last message of the user)
        and ``language``.
    """
    wanted = comparisons.lazy().select("prompt_id").unique()
    users = pl.col("messages").list.filter(pl.element().struct.field("role") == "user")
    contents = pl.col("messages").list.eval(pl.element().struct.field("content"))
    prompts = (
        tables["prompts"]
        .join(wanted, on="prompt_id", how="semi")
        .select(
            "prompt_id",
            assigned="language",
            prompt=users.list.last().struct.field("content"),
            conversation=contents.list.join("\n", ignore_nulls=True),
        )
    )
    responses = (
        tables["responses"]
        .select("response_id", "prompt_id", "text")
        .join(prompts.unique("prompt_id"), on="prompt_id")
        .unique("response_id")
        .sort("response_id")
        .collect()
    )
    languages = spoken(responses.select("text", "prompt", "conversation", "assigned"))
    return responses.select("response_id", "prompt_id", "text", "prompt").with_columns(
        language=languages
    )


def with_places(comparisons: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """Add the rows ``a`` and ``b`` of both responses; null where one has no text.

    Args:
        comparisons: Columns ``response_a_id`` and ``response_b_id``.
        responses: Columns ``response_id`` and ``text``.
    """
    places = (
        responses.lazy()
        .select("response_id", "text")
        .with_row_index("at")
        .filter(pl.col("text").is_not_null())
    )
    found = comparisons.lazy()
    for side in ("a", "b"):
        named = places.select(pl.col("at").alias(side), pl.col("response_id").alias("key"))
        found = found.join(
            named, left_on=f"response_{side}_id", right_on="key", how="left", maintain_order="left"
        )
    return found.collect()


def cast_votes(
    compared: pl.DataFrame, values: NDArray[np.float32], catalogue: Catalogue
) -> NDArray[np.int8]:
    """Return the votes on comparisons, as `votes_of` does, stretch by stretch.

    Args:
        compared: Columns ``a`` and ``b``: rows of ``values``.
        values: ``(n_responses, n_factors)``.
        catalogue: The factors.
    """
    a, b = compared["a"].to_numpy(), compared["b"].to_numpy()
    votes = np.empty((len(a), values.shape[1]), np.int8)
    for start in range(0, len(a), _COMPARISONS):
        rows = slice(start, start + _COMPARISONS)
        votes[rows] = votes_of(values[a[rows]], values[b[rows]], catalogue)
    return votes


def reject_textless(compared: pl.DataFrame) -> pl.DataFrame:
    """Make a reject of each comparison of which a response has no text.

    Args:
        compared: Columns of comparisons, sorted, with ``a`` and ``b``.
    """
    lost = compared.filter(pl.col("a").is_null() | pl.col("b").is_null())
    known = {
        "subject": pl.lit("comparisons"),
        "id": pl.col("comparison_id"),
        "field": pl.lit("text"),
        "rule": pl.lit("no_text"),
        "reason": pl.lit("A response has no text, so it cannot be measured."),
    }
    return lost.select(
        known.get(name, pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in REJECT_COLUMNS.items()
    )
