"""The rationales to read: some that pairs got, and some for each check that failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.reports._page.pair_texts import pair_texts
from prefdata.reports._page.texts import Excerpt, ending, opening
from prefdata.tables.identity import hash_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.reports._rationales.read import Gated

__all__ = ["Told", "kept_to_read", "told_to_read"]

_SHOWN_PROMPT = 300
_SHOWN_RESPONSE = 350


@dataclass(frozen=True, slots=True)
class Told:
    """One rationale with the texts it is about; one that is not in the catalog is None."""

    row: Mapping[str, Any]
    text: Excerpt | None
    prompt: Excerpt | None
    chosen: Excerpt | None
    rejected: Excerpt | None
    why: tuple[str, ...]
    """What the checks that failed found."""

    @property
    def chosen_handle(self) -> str:
        """What the text calls the chosen response; nothing where it has no handles."""
        return str(self.row["preferred"] or "").upper()


def kept_to_read(tables: Mapping[str, pl.LazyFrame], gated: Gated, k: int) -> list[Told]:
    """Return some of the rationales that pairs got; which ones is drawn from their names."""
    return _shown(tables, gated, _drawn(gated.rows.filter("is_kept")).head(k))


def told_to_read(tables: Mapping[str, pl.LazyFrame], gated: Gated, k: int) -> dict[str, list[Told]]:
    """Return for each check some rationales that failed it, and have a text."""
    failing = _drawn(gated.rows.filter(pl.col("text").is_not_null())).explode("failed")
    found = failing.filter(pl.col("failed").is_not_null())
    return {
        str(check): _shown(tables, gated, part.head(k))
        for (check,), part in sorted(found.partition_by("failed", as_dict=True).items())
    }


def _drawn(rows: pl.DataFrame) -> pl.DataFrame:
    chance = hash_texts(rows["rationale_id"]).alias("chance")
    return rows.with_columns(chance).sort("chance", "rationale_id").drop("chance")


def _shown(tables: Mapping[str, pl.LazyFrame], gated: Gated, rows: pl.DataFrame) -> list[Told]:
    texts = pair_texts(tables, rows["pair_id"].drop_nulls().to_list())
    failed = gated.checks.filter(
        ~pl.col("is_passed") & pl.col("rationale_id").is_in(rows["rationale_id"].to_list())
    )
    why: dict[str, list[str]] = {}
    for name, check, detail in failed.select("rationale_id", "check_name", "detail").iter_rows():
        why.setdefault(name, []).append(check if detail is None else f"{check}: {detail}")
    return [_told(row, texts.get(row["pair_id"], {}), why) for row in rows.iter_rows(named=True)]


def _told(
    row: Mapping[str, Any], texts: Mapping[str, str | None], why: Mapping[str, list[str]]
) -> Told:
    prompt = texts.get("prompt")
    chosen, rejected = (
        None if text is None else opening(text, shown=_SHOWN_RESPONSE)
        for text in (texts.get("chosen"), texts.get("rejected"))
    )
    return Told(
        row=row,
        text=None if row["text"] is None else opening(row["text"]),
        prompt=None if prompt is None else ending(prompt, shown=_SHOWN_PROMPT),
        chosen=chosen,
        rejected=rejected,
        why=tuple(why.get(row["rationale_id"], ())),
    )
