"""The pairs to read: those at the ends of the ranking, with their texts cut to size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefdata.reports._page.pair_texts import pair_texts
from prefdata.reports._page.texts import Excerpt, ending, opening

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

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
    texts = pair_texts(tables, ids)
    return Reading(
        **{
            name: tuple(_shown(row, texts) for row in frame.iter_rows(named=True))
            for name, frame in lists.items()
        }
    )


def _shown(row: Mapping[str, Any], texts: Mapping[str, Mapping[str, str | None]]) -> PairToRead:
    found = texts.get(row["pair_id"], {})
    prompt, chosen, rejected = (found.get(name) for name in ("prompt", "chosen", "rejected"))
    return PairToRead(
        row=row,
        prompt=ending(prompt, shown=_SHOWN_PROMPT) if prompt is not None else None,
        chosen=opening(chosen) if chosen is not None else None,
        rejected=opening(rejected) if rejected is not None else None,
    )
