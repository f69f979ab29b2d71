"""What a rationale is written for: a pair with its texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.tables.messages import with_system
from prefdata.texts.language import languages

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CASE", "read_cases"]

_MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))

CASE: Mapping[str, pl.DataType] = {
    "pair_id": pl.String(),
    "source": pl.String(),
    "prompt_id": pl.String(),
    "chosen_id": pl.String(),
    "rejected_id": pl.String(),
    "annotator_id": pl.String(),
    "aspect": pl.String(),
    "messages": _MESSAGES,
    "chosen_text": pl.String(),
    "rejected_text": pl.String(),
    "language": pl.String(),
}
"""Columns of a case. ``annotator_id`` is null where several were aggregated; ``messages`` are the
prompt's, its system prompt first; ``language`` is the prompt's, in ISO 639-1, null where nobody
knows."""

_OF_PAIR = ("pair_id", "source", "prompt_id", "chosen_id", "rejected_id", "annotator_id", "aspect")
_CODE = r"^([A-Za-z]{2})(?:[-_]|$)"


def read_cases(
    tables: Mapping[str, pl.LazyFrame], step: str, only: pl.Series | None = None
) -> pl.DataFrame:
    """Return the pairs of a step with their texts, sorted by source and id.

    The language is the one that the source assigns, where that is a code of two letters (with a
    region or without); else the one in which the prompt's last message is written.

    Args:
        tables: ``pairs``, ``prompts`` and ``responses``.
        step: The step whose pairs are read.
        only: Ids of the pairs that are wanted; all when None.

    Returns:
        Columns of `CASE`.
    """
    pairs = tables["pairs"].filter(pl.col("stage") == step).select(_OF_PAIR)
    if only is not None:
        wanted = pl.LazyFrame({"pair_id": only.cast(pl.String)}).unique()
        pairs = pairs.join(wanted, on="pair_id", how="semi")
    prompts = tables["prompts"].select(
        "prompt_id",
        "language",
        messages=with_system(),
        last=pl.col("messages").list.last().struct.field("content"),
    )
    texts = tables["responses"].select("response_id", "text")
    cases = (
        pairs.join(prompts, on="prompt_id")
        .join(texts.rename({"response_id": "chosen_id", "text": "chosen_text"}), on="chosen_id")
        .join(
            texts.rename({"response_id": "rejected_id", "text": "rejected_text"}),
            on="rejected_id",
        )
        .sort("source", "pair_id")
        .collect()
    )
    code = pl.col("language").str.extract(_CODE).str.to_lowercase()
    return _detected(cases.with_columns(language=code)).select(
        pl.col(name).cast(dtype) for name, dtype in CASE.items()
    )


def _detected(cases: pl.DataFrame) -> pl.DataFrame:
    """Fill the languages that no source says; each text is looked at once."""
    unsaid = cases.filter(pl.col("language").is_null()).select("last").drop_nulls().unique("last")
    if unsaid.is_empty():
        return cases
    seen = unsaid.with_columns(seen=languages(unsaid["last"])["language"])
    return cases.join(seen, on="last", how="left", maintain_order="left").with_columns(
        language=pl.coalesce("language", "seen")
    )
