"""Rationales as a fine-tuning set: the question which of two responses is better, and the answer.

TRL has no trainer that reads a rationale beside a pair. Its prompt-completion format serves both
uses: mixed into preference training as an auxiliary loss, and to train a generative judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field

from prefdata.exporters._files import Kinds, formats_of, split_files
from prefdata.exporters._rationales import (
    Kind,
    Shown,
    in_order,
    kept,
    question,
    renamed,
    verdict_line,
)
from prefdata.protocols import exporter
from prefdata.tables.messages import message, messages_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["RationaleSft", "rationale_sft"]


class RationaleSft(Shown):
    """Parameters of `rationale-sft`."""

    kind: Kind = Field(
        default="each",
        description="Which of the rationales that passed are written. `each`: of each pair one of "
        "each kind. `any`: one, the first of specific, general, feedback, reason, critique, "
        "aspect.",
    )
    verdict: Literal["none", "first", "last"] = Field(
        default="last",
        description="Whether a line `Verdict: Response 1` stands before the rationale, after it, "
        "or not at all.",
    )
    both_orders: bool = Field(
        default=False, description="Write each pair twice, with the responses exchanged."
    )
    messages: bool = Field(default=True, description="Conversations, or strings.")
    file: Kinds = Field(default="parquet", description="Kind of file that each split gets.")


@exporter(
    version=2,
    params=RationaleSft,
    rationales="needed",
    loses=(
        "pairs without a rationale that passed",
        "which response is chosen, but for the verdict line",
        "who preferred it, where it is from, and who wrote the rationale",
    ),
)
def rationale_sft(frames: Iterator[pl.DataFrame], out: Path, params: RationaleSft) -> list[Path]:
    """Write ``prompt`` (the question) and ``completion`` (the rationale) of each kept rationale.

    The order of the responses is drawn for each pair from its name and the seed.

    References:
        TRL, *Dataset formats and types*, prompt-completion; Just et al., *Data-Centric Human
        Preference Optimization with Rationales* (arXiv 2407.14477), whose loss of the rationale
        this set serves.
    """
    with split_files(out, *formats_of(params.file)) as files:
        for frame in frames:
            told = kept(frame, params.kind)
            parts = [in_order(told, params.seed).with_row_index()]
            if params.both_orders:
                exchanged = in_order(told, params.seed, is_exchanged=True)
                parts.append(exchanged.with_row_index())
            rows = pl.concat(_rows(part, params) for part in parts)
            rows = rows.sort("index", maintain_order=True)
            files.add(rows.select("prompt", "completion"), rows["split"])
    return files.paths


def _rows(told: pl.DataFrame, params: RationaleSft) -> pl.DataFrame:
    named = told.with_columns(renamed(told, params).alias("text"))
    verdict = verdict_line(pl.lit(value=True), params)
    completion = {
        "none": pl.col("text"),
        "first": pl.concat_str(verdict, pl.lit("\n\n"), "text"),
        "last": pl.concat_str("text", pl.lit("\n\n"), verdict),
    }[params.verdict]
    texts = named.select("index", "split", prompt=question(params), completion=completion)
    if not params.messages:
        return texts
    return texts.with_columns(
        prompt=messages_of(message("user", "prompt")),
        completion=messages_of(message("assistant", "completion")),
    )
