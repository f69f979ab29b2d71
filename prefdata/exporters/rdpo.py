"""The rows that the trainer of the rationale paper reads, with the order of responses drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field

from prefdata.exporters._files import Kinds, formats_of, split_files
from prefdata.exporters._rationales import (
    Compared,
    in_order,
    kept,
    plain_text,
    question,
    renamed,
)
from prefdata.protocols import exporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Rdpo", "rdpo"]


class Rdpo(Compared):
    """Parameters of `rdpo`."""

    without: Literal["leave-out", "empty"] = Field(
        default="leave-out",
        description="What to do with pairs without a rationale: leave them out, or write them "
        "with an empty one, for trainers that skip its loss then.",
    )
    file: Kinds = Field(default="parquet", description="Kind of file that each split gets.")


@exporter(
    version=2,
    params=Rdpo,
    rationales="needed",
    loses=(
        "all but one of the rationales that a pair has",
        "the roles of conversations with several turns: prompts are text",
        "who preferred it, where it is from, and who wrote the rationale",
    ),
)
def rdpo(frames: Iterator[pl.DataFrame], out: Path, params: Rdpo) -> list[Path]:
    """Write prompt, chosen, rejected and rationale as strings, and ``prompt_rationale``.

    ``prompt_rationale`` is the question that the rationale answers, with the responses in an
    order drawn for each pair. The published loader makes a question of its own, which always
    shows the chosen response first and is cut at 1,024 tokens from the end, so the rejected one is
    lost first; use this column instead.

    References:
        Just et al., *Data-Centric Human Preference Optimization with Rationales* (arXiv
        2407.14477); the columns of its released sets ``orcaratgen`` and ``orcaratspec``.
    """
    with split_files(out, *formats_of(params.file)) as files:
        for frame in frames:
            told = in_order(kept(frame, params.kind), params.seed)
            texts = told.select("pair_id", rationale=renamed(told, params))
            shown = in_order(frame, params.seed)
            how: Literal["inner", "left"] = "inner" if params.without == "leave-out" else "left"
            rows = shown.join(texts, on="pair_id", how=how, maintain_order="left")
            columns = rows.select(
                prompt=plain_text("prompt"),
                chosen=plain_text("chosen"),
                rejected=plain_text("rejected"),
                rationale=pl.col("rationale").fill_null(""),
                prompt_rationale=question(params),
            )
            files.add(columns, rows["split"])
    return files.paths
