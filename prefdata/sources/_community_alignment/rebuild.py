"""The way back: from canonical tables to the cells of the wide file of Community Alignment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.sources._community_alignment.shape import (
    ANNOTATOR_CELLS,
    COMMON,
    LETTERS,
    SOURCE,
    TURNS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["rebuild"]

_PREFIX = f"{SOURCE}:"


def rebuild(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[dict[str, Any]]]:
    """Reassemble the cells of every file, in row order; null and empty cells stay apart."""
    rows = tables["conversations"].select(
        "conversation_id",
        "annotator_id",
        "raw",
        "file",
        "row",
        assigned_lang="language",
    )
    rows = rows.join(_people(tables["annotators"]), on="annotator_id", how="left")
    for turn in range(len(TURNS)):
        rows = rows.join(_turn(tables, turn), on="conversation_id", how="left")
    files: dict[str, list[dict[str, Any]]] = {}
    # A loop over rows: this is the proof that nothing is lost, not a hot path.
    for row in rows.sort("file", "row").iter_rows(named=True):
        files.setdefault(row["file"], []).append(_cells(row))
    return files


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    cells: dict[str, Any] = {name: row[name] for name in COMMON if name in row}
    cells["conversation_id"] = row["conversation_id"].removeprefix(_PREFIX)
    cells["annotator_id"] = row["annotator_id"].removeprefix(_PREFIX)
    cells |= json.loads(row["person"]) if row["person"] else {}
    rest = json.loads(row["raw"]) if row["raw"] else {}
    nested = {name: rest.pop(name, {}) for name in ("annotator", "extra")}
    absent = rest.pop("absent", [])
    cells |= {**rest, **nested["annotator"]}
    return {**{name: cell for name, cell in cells.items() if name not in absent}, **nested["extra"]}


def _people(annotators: pl.DataFrame) -> pl.DataFrame:
    return annotators.select("annotator_id", person="raw", **ANNOTATOR_CELLS)


def _turn(tables: Mapping[str, pl.DataFrame], turn: int) -> pl.DataFrame:
    """Return the seven cells of one turn by ``conversation_id``."""
    name = TURNS[turn]
    frame = (
        tables["prompts"]
        .filter(pl.col("turn") == turn)
        .select(
            "conversation_id",
            "prompt_id",
            pl.col("messages").list.last().struct.field("content").alias(f"{name}_turn_prompt"),
        )
    )
    responses = tables["responses"]
    for position, letter in enumerate(LETTERS):
        texts = responses.filter(pl.col("position") == position).select(
            "prompt_id", pl.col("text").alias(f"{name}_turn_response_{letter}")
        )
        frame = frame.join(texts, on="prompt_id", how="left")
    judged = tables["judgments"].select(
        "prompt_id",
        pl.col("raw_values").list.first().alias(f"{name}_turn_preferred_response"),
        pl.col("comment").alias(f"{name}_turn_feedback"),
    )
    return frame.join(judged, on="prompt_id", how="left").drop("prompt_id")
