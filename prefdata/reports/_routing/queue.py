"""Comparisons at the head of the queue, with their texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefdata.reports._page.pair_texts import pair_texts
from prefdata.reports._page.texts import Excerpt, ending, opening
from prefdata.routing.features.names import readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

__all__ = ["Asked", "asked_to_read"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One comparison that people are asked about."""

    row: dict[str, Any]
    """Columns of ``routes``."""
    why: list[tuple[str, float]]
    """Tags in words, with what each contributes to the gain."""
    prompt: Excerpt | None
    a: Excerpt | None
    b: Excerpt | None


def asked_to_read(tables: Mapping[str, pl.LazyFrame], rows: pl.DataFrame) -> list[Asked]:
    """Return some comparisons with their texts, in their order."""
    as_pairs = rows.lazy().select(
        "prompt_id",
        pair_id="comparison_id",
        chosen_id="response_a_id",
        rejected_id="response_b_id",
    )
    texts = pair_texts({**tables, "pairs": as_pairs}, rows["comparison_id"].to_list())
    asked = []
    for row in rows.iter_rows(named=True):
        told = texts.get(row["comparison_id"], {})
        asked.append(
            Asked(
                row=row,
                why=[
                    (readable(tag), gain)
                    for tag, gain in zip(row["why"] or (), row["why_gains"] or (), strict=True)
                ],
                prompt=None if told.get("prompt") is None else ending(told["prompt"] or ""),
                a=None if told.get("chosen") is None else opening(told["chosen"] or ""),
                b=None if told.get("rejected") is None else opening(told["rejected"] or ""),
            )
        )
    return asked
