"""Prompts whose near-duplicate is in another split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field

from prefdata.core.errors import RecipeError
from prefdata.protocols import Context, Outside, Params, StageResult, stage
from prefdata.stages._findings import findings
from prefdata.stages._leaks.groups import grouped
from prefdata.stages._leaks.reasons import with_reasons

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OF_SOURCE", "Leaks", "leaks"]

OF_SOURCE = "source"
"""Stands for the splits that the sources assign, where a step is named otherwise."""


class Leaks(Params):
    """Parameters of `leaks`."""

    splits_from: str = Field(
        default="split-by-prompt",
        description="The step that split the prompts; `source` for the split that the source "
        "itself assigns.",
    )
    neighbors_from: str | None = Field(
        default="dedup",
        description="The `dedup` step whose clusters of prompts count; with null only prompts "
        "with equal words are alike.",
    )
    protect: list[str] = Field(
        default=["test", "validation"],
        min_length=1,
        description="Splits that nothing may leak into, the most precious first. Of two rows "
        "that are alike, the one in the split named later, or not named, gets the flag.",
    )

    def outside(self) -> Outside:
        """Name the steps whose splits and clusters count."""
        named = (self.splits_from if self.splits_from != OF_SOURCE else None, self.neighbors_from)
        return Outside(steps=tuple(filter(None, named)))

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Read splits and clusters only where they are asked for."""
        unread = {
            "splits": self.splits_from == OF_SOURCE,
            "neighbors": self.neighbors_from is None,
        }
        return tuple(table for table in declared if not unread.get(table, False))


@stage(
    version=1,
    reads=("prompts", "splits", "neighbors"),
    writes=("flags",),
    params=Leaks,
    scope="catalog",
)
def leaks(tables: Mapping[str, pl.LazyFrame], params: Leaks, context: Context) -> StageResult:
    """Flag prompts that are alike one in a split to protect; over all sources.

    Two prompts are alike when they have equal words, or share a cluster of the `dedup` step, or
    are joined by a chain of such prompts. A prompt gets the flag `leak` when one alike is in a
    protected split and its own split is not protected, or comes later in `protect`. So with
    ``protect: [test, validation]`` a row of `train` is flagged for what it shares with either, a
    row of `validation` for what it shares with `test`, and a row of `test` never: to leave out
    what is flagged makes the splits clean, and keeps the protected ones whole.

    `value` is the similarity of the prompt most alike in such a split, 1 for equal words, and
    null where they are joined only by a chain. `reason` names the splits and that prompt. The
    notes count the prompts for each two splits, those of unprotected splits too, which are not
    flagged. The ledger counts prompts.
    """
    columns = ["prompt_id", "source", "content_hash", "split"]
    prompts = tables["prompts"].select(columns).collect()
    if params.splits_from != OF_SOURCE:
        prompts = _split_by(prompts, tables["splits"], params.splits_from)
    neighbors = None
    if params.neighbors_from is not None:
        neighbors = (
            tables["neighbors"]
            .filter((pl.col("subject") == "prompts") & (pl.col("stage") == params.neighbors_from))
            .select("id", "neighbor_id", "method", "measure", "similarity", "cluster_id")
            .collect()
        )
    ranks = {split: rank for rank, split in enumerate(dict.fromkeys(params.protect))}
    placed = (
        grouped(prompts, neighbors)
        .filter(pl.col("split").is_not_null())
        .with_columns(
            rank=pl.col("split").replace_strict(ranks, default=len(ranks), return_dtype=pl.Int64)
        )
    )
    leaking = placed.filter(pl.col("rank") > pl.col("rank").min().over("group"))
    told = with_reasons(leaking, placed, neighbors).sort("prompt_id")
    flags = findings(
        told,
        key="prompt_id",
        subject="prompts",
        flag="leak",
        reason=pl.col("reason"),
        value="value",
    ).with_columns(source=told["source"])
    return StageResult(
        tables={"flags": flags},
        rows_in=prompts.height,
        rows_out=prompts.height,
        notes=(
            *_warnings(prompts, neighbors, params),
            *_counts(placed, len(ranks)),
        ),
    )


def _split_by(prompts: pl.DataFrame, splits: pl.LazyFrame, step: str) -> pl.DataFrame:
    """Give prompts the split of a step.

    Raises:
        RecipeError: If the step split none of them.
    """
    named = splits.filter(pl.col("stage") == step).select("prompt_id", "split").collect()
    if prompts.height and named.is_empty():
        raise RecipeError(
            f"No step named {step!r} has split the prompts.",
            where="parameter splits_from",
            fix="Put a `split-by-prompt` step of that name before this one, or write "
            f"`splits_from: {OF_SOURCE}`.",
        )
    return prompts.drop("split").join(named, on="prompt_id", how="left", maintain_order="left")


def _warnings(prompts: pl.DataFrame, neighbors: pl.DataFrame | None, params: Leaks) -> list[str]:
    """Say what could make the result emptier than the user thinks."""
    found = []
    n_unplaced = prompts["split"].null_count()
    if n_unplaced:
        found.append(f"{n_unplaced:,} of {prompts.height:,} prompts are in no split")
    present = set(prompts["split"].drop_nulls())
    if present.isdisjoint(params.protect) and prompts.height:
        found.append(
            f"no prompt is in a protected split ({', '.join(params.protect)}); splits are: "
            f"{', '.join(sorted(present)) or 'none'}"
        )
    if neighbors is not None and neighbors.is_empty() and prompts.height:
        found.append(
            f"the step {params.neighbors_from!r} put no prompt into a cluster, so only equal "
            "words count; is it a `dedup` step of prompts, and before this one?"
        )
    return found


def _counts(placed: pl.DataFrame, n_protected: int) -> list[str]:
    """Count the prompts of each split that are alike one in another split."""
    pairs = (
        placed.join(placed.select("group", other="split", other_rank="rank").unique(), on="group")
        .filter(
            (pl.col("other_rank") < pl.col("rank"))
            | ((pl.col("other_rank") == n_protected) & (pl.col("rank") == n_protected))
            & (pl.col("other") != pl.col("split"))
        )
        .group_by("rank", "split", "other_rank", "other")
        .agg(n=pl.len())
        .sort("other_rank", "other", "split")
    )
    if pairs.is_empty() and not placed.is_empty():
        return [f"none of {placed.height:,} prompts is alike one in another split"]
    sizes = dict(placed["split"].value_counts().iter_rows())
    return [
        f"{n:,} of {sizes[split]:,} prompts in {split} are alike one in {other}"
        + ("" if other_rank < n_protected else "; neither split is protected, so without a flag")
        for rank, split, other_rank, other, n in pairs.iter_rows()
    ]
