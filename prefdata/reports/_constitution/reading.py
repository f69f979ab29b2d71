"""Pairs to read for and against each principle of a constitution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.reports._page.pair_texts import pair_texts
from prefdata.reports._page.texts import Excerpt, ending, opening

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.reports._constitution.read import Measured

__all__ = ["Evidence", "Exhibit", "evidence_of", "evidence_texts"]

_SHOWN_PROMPT = 240
_SHOWN_RESPONSE = 320
_SIDES = ("for", "against")


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One pair, with its texts; one that is not in the catalog is None."""

    comparison_id: str
    prompt: Excerpt | None
    chosen: Excerpt | None
    rejected: Excerpt | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for one principle, and what against it."""

    sentence: str
    sides: dict[str, list[Exhibit]]


def evidence_of(
    tables: Mapping[str, pl.LazyFrame], measured: Measured, source: str, k: int
) -> list[Evidence]:
    """Return the evidence on each principle of a source's constitution, in its order.

    Pairs for a principle are those whose label agrees with it as the constitution has it; a
    principle that is held in reverse has its evidence exchanged.
    """
    chosen = measured.constitutions.filter(source=source, group_by="all")
    rows = measured.evidence.filter(source=source, basis="votes").filter(pl.col("rank") <= k)
    rows = rows.filter(pl.col("principle_id").is_in(chosen["principle_id"].to_list()))
    texts = _texts(tables, rows)
    found = []
    # A loop over the principles of one constitution, which are few.
    for principle, is_opposite, sentence in chosen.select(
        "principle_id", "is_opposite", "sentence"
    ).iter_rows():
        mine = rows.filter(principle_id=principle)
        named = dict(zip(_SIDES, reversed(_SIDES) if is_opposite else _SIDES, strict=True))
        sides = {
            side: [
                _exhibit(row, texts)
                for row in mine.filter(side=named[side])
                .select("comparison_id", "chosen_id", "rejected_id")
                .iter_rows()
            ]
            for side in _SIDES
        }
        if any(sides.values()):
            found.append(Evidence(sentence, sides))
    return found


def evidence_texts(tables: Mapping[str, pl.LazyFrame], measured: Measured, k: int) -> pl.DataFrame:
    """Return the evidence on all constitutions with ``prompt``, ``chosen`` and ``rejected``."""
    chosen = measured.constitutions.select("source", "principle_id").unique()
    rows = measured.evidence.filter(pl.col("rank") <= k).join(
        chosen, on=["source", "principle_id"], how="semi", maintain_order="left"
    )
    texts = _texts(tables, rows)
    keys = rows.select("comparison_id", "chosen_id", "rejected_id").iter_rows()
    told = [texts.get("\n".join(key), {}) for key in keys]
    return rows.with_columns(
        pl.Series(part, [one.get(part) for one in told], dtype=pl.String)
        for part in ("prompt", "chosen", "rejected")
    )


def _texts(
    tables: Mapping[str, pl.LazyFrame], rows: pl.DataFrame
) -> dict[str, dict[str, str | None]]:
    named = rows.with_columns(
        pair_id=pl.concat_str("comparison_id", "chosen_id", "rejected_id", separator="\n")
    )
    return pair_texts({**tables, "pairs": named.lazy()}, named["pair_id"].to_list())


def _exhibit(row: tuple[str, ...], texts: Mapping[str, Mapping[str, str | None]]) -> Exhibit:
    told = texts.get("\n".join(row), {})
    prompt, chosen, rejected = (told.get(part) for part in ("prompt", "chosen", "rejected"))
    return Exhibit(
        comparison_id=row[0],
        prompt=None if prompt is None else ending(prompt, shown=_SHOWN_PROMPT),
        chosen=None if chosen is None else opening(chosen, shown=_SHOWN_RESPONSE),
        rejected=None if rejected is None else opening(rejected, shown=_SHOWN_RESPONSE),
    )
