"""Pairs of judgments: one that passed the gate over one that failed, for training judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from pydantic import Field

from prefdata.exporters._files import Kinds, formats_of, split_files
from prefdata.exporters._rationales import (
    Compared,
    in_order,
    kept,
    question,
    renamed,
    verdict_line,
    with_rationales,
)
from prefdata.protocols import exporter
from prefdata.tables.messages import message, messages_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["ConJ", "con_j"]


class ConJ(Compared):
    """Parameters of `con-j`."""

    failed: Literal["any", "wrong-verdict"] = Field(
        default="any",
        description="Which failed rationales are the worse ones. `any`: all that failed, those "
        "that prefer the other response first. `wrong-verdict`: only the latter, which are of "
        "writers with the mode `blind`.",
    )
    messages: bool = Field(default=True, description="Conversations, or strings.")
    file: Kinds = Field(default="parquet", description="Kind of file that each split gets.")


@exporter(
    version=2,
    params=ConJ,
    rationales="needed",
    loses=(
        "pairs without one rationale that passed and one that failed",
        "all but one good and one failed rationale of each pair",
        "who preferred it, where it is from, and who wrote the rationales",
    ),
)
def con_j(frames: Iterator[pl.DataFrame], out: Path, params: ConJ) -> list[Path]:
    """Write prompt (the question), chosen and rejected (two judgments) of each pair that has both.

    Each judgment is a rationale with a verdict. That of a failed one is what its writer said where
    it was asked, else the label that it was told.

    References:
        Ye et al., *Learning LLM-as-a-Judge for Preference Alignment* (ICLR 2025): contrastive
        judgments, DPO on them.
    """
    with split_files(out, *formats_of(params.file)) as files:
        for frame in frames:
            good = _judgments(kept(frame, params.kind), pl.lit(value=True), params)
            bad = _judgments(_failed(frame, params), ~pl.col("is_wrong"), params)
            rows = good.join(
                bad.select("pair_id", rejected="judgment"),
                on="pair_id",
                how="inner",
                maintain_order="left",
            )
            columns = rows.select("prompt", chosen="judgment", rejected="rejected")
            if params.messages:
                columns = columns.select(
                    prompt=messages_of(message("user", "prompt")),
                    chosen=messages_of(message("assistant", "chosen")),
                    rejected=messages_of(message("assistant", "rejected")),
                )
            files.add(columns, rows["split"])
    return files.paths


def _failed(frame: pl.DataFrame, params: ConJ) -> pl.DataFrame:
    """Return for each pair its worst rationale: one that prefers the other response, if any."""
    is_wrong = (pl.col("verdict") != pl.col("preferred")).fill_null(value=False)
    # Neither of the two is better: there is no verdict to be written.
    is_tie = pl.col("verdict").eq_missing("tie")
    rows = with_rationales(frame).filter(~pl.col("is_passed") & ~is_tie)
    rows = rows.with_columns(is_wrong=is_wrong)
    if params.failed == "wrong-verdict":
        rows = rows.filter("is_wrong")
    if params.kind != "any":
        rows = rows.filter(pl.col("kind") == params.kind)
    return (
        rows.sort("is_wrong", "rationale_id", descending=[True, False])
        .unique("pair_id", keep="first", maintain_order=True)
        .sort("pair_id")
    )


def _judgments(told: pl.DataFrame, is_for_chosen: pl.Expr, params: ConJ) -> pl.DataFrame:
    ordered = in_order(told, params.seed)
    named = ordered.with_columns(renamed(ordered, params).alias("text"))
    return named.select(
        "pair_id",
        "split",
        prompt=question(params),
        judgment=pl.concat_str("text", pl.lit("\n\n"), verdict_line(is_for_chosen, params)),
    )
