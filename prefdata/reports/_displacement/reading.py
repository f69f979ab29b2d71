"""The pairs to read: those at the ends of the ranking, with their texts cut to size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.reports._page.texts import Excerpt, ending, opening

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefdata.reports._displacement.read import Scores

__all__ = ["PairToRead", "Reading", "pairs_to_read"]

_SHOWN_PROMPT = 400


@dataclass(frozen=True, slots=True)
class PairToRead:
    """One pair with its texts; a text is None when it is not in the catalog."""

    row: Mapping[str, Any]
    """Its columns in `Scores.rows`."""
    prompt: Excerpt | None
    chosen: Excerpt | None
    rejected: Excerpt | None


@dataclass(frozen=True, slots=True)
class Reading:
    """Pairs to read, in three lists of at most ``k``."""

    highest: tuple[PairToRead, ...]
    lowest: tuple[PairToRead, ...]
    identical: tuple[PairToRead, ...]
    """Any pairs of identical responses, which are not ranked."""


def pairs_to_read(
    tables: Mapping[str, pl.LazyFrame], scores: Scores, ranked: pl.DataFrame, k: int
) -> Reading:
    """Return the highest and lowest pairs, and identical ones, with their texts.

    Where there are fewer than two times ``k`` ranked pairs, each stands in one of the lists only.
    """
    n_low = min(k, (ranked.height + 1) // 2)
    n_high = min(k, ranked.height - n_low)
    lists = {
        "highest": ranked.tail(n_high).reverse(),
        "lowest": ranked.head(n_low),
        "identical": scores.rows.filter(status="identical_responses").head(k),
    }
    ids = [pair for frame in lists.values() for pair in frame["pair_id"]]
    texts = _texts(tables, ids)
    return Reading(
        **{
            name: tuple(_shown(row, texts) for row in frame.iter_rows(named=True))
            for name, frame in lists.items()
        }
    )


def _texts(
    tables: Mapping[str, pl.LazyFrame], ids: Sequence[str]
) -> dict[str, dict[str, str | None]]:
    """Return prompt, chosen and rejected of some pairs, by pair."""
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


def _shown(row: Mapping[str, Any], texts: Mapping[str, Mapping[str, str | None]]) -> PairToRead:
    found = texts.get(row["pair_id"], {})
    prompt, chosen, rejected = (found.get(name) for name in ("prompt", "chosen", "rejected"))
    return PairToRead(
        row=row,
        prompt=ending(prompt, shown=_SHOWN_PROMPT) if prompt is not None else None,
        chosen=opening(chosen) if chosen is not None else None,
        rejected=opening(rejected) if rejected is not None else None,
    )
