"""How the pairs to be scored are cut into shards: by prompt, with about equal cost.

A prompt and all its responses are one unit and stay together, so the prompt is read once. Shards
are cut by all pairs that were asked for, whether known or not: a run that goes on after it was
killed computes the same units, and the same bytes, as one that never was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KEYS", "shards"]

KEYS = ("prompt_hash", "chosen_hash", "rejected_hash")
"""What names a pair of texts."""
_SHARD_CHARS = 100_000
"""Some 25,000 tokens, which is what a kill costs at most: minutes on a CPU, a second on a GPU."""
_MAX_SHARDS = 512


def shards(
    asked: pl.DataFrame,
    missing: pl.DataFrame,
    prompt_chars: pl.DataFrame,
    response_chars: pl.DataFrame,
) -> Iterator[pl.DataFrame]:
    """Part what is missing where all that was asked for says.

    Args:
        asked: Columns `KEYS`; every pair once.
        missing: Those of them that are to be computed.
        prompt_chars: Columns ``prompt_hash`` and ``n_chars``; each prompt once.
        response_chars: Columns ``response_hash`` and ``n_chars``; each response once.

    Yields:
        Columns `KEYS`, sorted by them; shards without anything missing are left out.
    """
    costs = _costs(asked, prompt_chars, response_chars).sort("prompt_hash")
    total = int(costs["cost"].sum())
    size = max(_SHARD_CHARS, -(-total // _MAX_SHARDS))
    before = pl.col("cost").cum_sum() - pl.col("cost")
    numbered = costs.select("prompt_hash", shard=before // size)
    parts = missing.select(KEYS).join(numbered, on="prompt_hash", how="left").sort("shard", *KEYS)
    for part in parts.partition_by("shard", maintain_order=True):
        yield part.drop("shard")


def _costs(
    asked: pl.DataFrame, prompt_chars: pl.DataFrame, response_chars: pl.DataFrame
) -> pl.DataFrame:
    """Return the characters that each prompt brings: its own and those of its responses."""
    sides = [
        asked.select("prompt_hash", response_hash=side) for side in ("chosen_hash", "rejected_hash")
    ]
    responses = (
        pl.concat(sides)
        .unique()
        .join(response_chars, on="response_hash", how="left")
        .group_by("prompt_hash")
        .agg(pl.col("n_chars").sum().alias("of_responses"))
    )
    return responses.join(prompt_chars, on="prompt_hash", how="left").select(
        "prompt_hash",
        # A prompt of no characters still costs a token.
        cost=pl.col("n_chars").fill_null(0).cast(pl.Int64) + pl.col("of_responses") + 1,
    )
