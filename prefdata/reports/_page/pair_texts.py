"""The texts of a few pairs, for pages that show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["pair_texts"]


def pair_texts(
    tables: Mapping[str, pl.LazyFrame], ids: Sequence[str]
) -> dict[str, dict[str, str | None]]:
    """Return prompt, chosen and rejected of some pairs, by pair.

    Args:
        tables: With ``pairs``, ``prompts`` and ``responses``.
        ids: Names of pairs; one that the catalog does not hold is left out.
    """
    pairs = (
        tables["pairs"]
        .filter(pl.col("pair_id").is_in(list(ids)))
        .select("pair_id", "prompt_id", "chosen_id", "rejected_id")
        .unique("pair_id", keep="any")
        .collect(engine="streaming")
    )
    prompts = _written(tables["prompts"], "prompt_id", pairs["prompt_id"])
    both = pl.concat([pairs["chosen_id"], pairs["rejected_id"]])
    responses = _written(tables["responses"], "response_id", both)
    return {
        pair: {
            "prompt": prompts.get(prompt),
            "chosen": responses.get(chosen),
            "rejected": responses.get(rejected),
        }
        for pair, prompt, chosen, rejected in pairs.iter_rows()
    }


def _written(table: pl.LazyFrame, key: str, ids: pl.Series) -> dict[str, str]:
    """Return the messages of some rows as one text each, by their key."""
    names = [key, "messages", "system"]
    found = table.filter(pl.col(key).is_in(ids.unique().to_list())).select(names)
    return {
        row[key]: _transcript(row["messages"], row["system"])
        for row in found.collect(engine="streaming").iter_rows(named=True)
    }


def _transcript(messages: Sequence[Mapping[str, str]], system: str | None) -> str:
    """Write messages as text; a single one without its role, which the heading says."""
    said = [{"role": "system", "content": system}] if system is not None else []
    said += [dict(message) for message in messages]
    if len(said) == 1:
        return str(said[0]["content"])
    return "\n\n".join(f"{message['role']}: {message['content']}" for message in said)
