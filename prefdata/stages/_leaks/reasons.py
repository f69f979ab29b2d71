"""What each leaking prompt is told: which splits, and which prompt is most alike there."""

from __future__ import annotations

import polars as pl

__all__ = ["with_reasons"]

_EQUAL = "equal words"
_CHAIN = "joined by others of its cluster"
_EDGE = ("prompt_id", "rank", "other_id", "value", "how")


def with_reasons(
    leaking: pl.DataFrame, placed: pl.DataFrame, neighbors: pl.DataFrame | None
) -> pl.DataFrame:
    """Add to each leaking prompt the reason and the similarity.

    Args:
        leaking: Prompts with ``prompt_id``, ``content_hash``, ``split``, ``rank`` and ``group``,
            each in a group with a prompt of lower rank.
        placed: All prompts that are in a split, with the same columns and ``source``.
        neighbors: Rows of `neighbors` of one step; None when only equal words count.

    Returns:
        The leaking prompts with ``value`` (null where no similarity is known) and ``reason``.
    """
    others = placed.select(
        "group", other_id="prompt_id", other_source="source", other_split="split", other_rank="rank"
    )
    edges = [_first(leaking, placed, "content_hash", 1.0, _EQUAL)]
    if neighbors is not None:
        edges.append(_measured(leaking, neighbors))
    edges.append(_first(leaking, placed, "group", None, _CHAIN))
    best = (
        pl.concat(edges)
        .join(others.drop("group"), on="other_id")
        .filter(pl.col("other_rank") < pl.col("rank"))
        .sort(
            "prompt_id",
            "value",
            "other_rank",
            "other_id",
            "how",
            descending=[False, True, False, False, False],
            nulls_last=True,
        )
        .unique("prompt_id", keep="first", maintain_order=True)
        .drop("rank")
    )
    splits = (
        leaking.select("prompt_id", "group", "rank")
        .join(others.select("group", "other_split", "other_rank").unique(), on="group")
        .filter(pl.col("other_rank") < pl.col("rank"))
        .sort("other_rank")
        .group_by("prompt_id")
        .agg(splits=pl.col("other_split").str.join(", "))
    )
    reason = pl.format(
        "in split {}, and alike a prompt in {}: {} of {} in {} ({})",
        "split", "splits", "other_id", "other_source", "other_split", "how",
    )  # fmt: skip
    return (
        leaking.join(best, on="prompt_id", how="left")
        .join(splits, on="prompt_id", how="left")
        .with_columns(reason=reason)
    )


def _first(
    leaking: pl.DataFrame, placed: pl.DataFrame, by: str, value: float | None, how: str
) -> pl.DataFrame:
    """Join each prompt with the first of lowest rank that has the same ``by``."""
    first = (
        placed.sort("rank", "prompt_id")
        .unique(by, keep="first", maintain_order=True)
        .select(by, other_id="prompt_id")
    )
    return leaking.join(first, on=by).select(
        "prompt_id",
        "rank",
        "other_id",
        value=pl.lit(value, pl.Float64),
        how=pl.lit(how),
    )


def _measured(leaking: pl.DataFrame, neighbors: pl.DataFrame) -> pl.DataFrame:
    """Return the neighbors of each prompt, whichever of the two the step wrote them for."""
    ways = [("id", "neighbor_id"), ("neighbor_id", "id")]
    found = pl.concat(
        neighbors.select(
            pl.col(one).alias("prompt_id"),
            pl.col(other).alias("other_id"),
            pl.col("similarity").alias("value"),
            pl.format("{} {}", "measure", pl.col("similarity").round(3)).alias("how"),
        )
        for one, other in ways
    )
    return leaking.select("prompt_id", "rank").join(found, on="prompt_id").select(_EDGE)
