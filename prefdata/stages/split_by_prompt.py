"""Train, validation and test by the words of the prompt, near-duplicates together."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Self

import polars as pl
from pydantic import Field, model_validator

from prefdata.core.fingerprint import digest
from prefdata.protocols import Context, Outside, Params, StageResult, stage
from prefdata.tables.identity import unit_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SplitByPrompt", "split_by_prompt"]

_SALT_DIGITS = 13
_ROUNDING = 1e-9


def _default_shares() -> dict[str, float]:
    return {"train": 0.9, "validation": 0.05, "test": 0.05}


class SplitByPrompt(Params):
    """Parameters of `split-by-prompt`."""

    shares: dict[str, float] = Field(
        default_factory=_default_shares,
        description="Names of the splits, in order, and their shares of the prompts; they sum to "
        "1. A split keeps its prompts while the shares before it and its own do not change.",
    )
    respect_source: bool = Field(
        default=False,
        description="Keep the split that the source assigns, where it assigns one. Prompts with "
        "equal words may then part, if the source parts them; so may near-duplicates, and the "
        "notes count them.",
    )
    clusters_from: str | None = Field(
        default=None,
        description="The `dedup` step whose clusters of prompts stay together; with null only "
        "prompts with equal words do. The step must compare the prompts of all sources.",
    )

    def outside(self) -> Outside:
        """Name the step whose clusters count."""
        return Outside(steps=() if self.clusters_from is None else (self.clusters_from,))

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Read clusters only where they are asked for."""
        return declared if self.clusters_from else ("prompts",)

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        """Refuse shares that leave prompts without a split."""
        if any(not 0 <= share <= 1 for share in self.shares.values()):
            message = "shares are between 0 and 1"
            raise ValueError(message)
        if abs(sum(self.shares.values()) - 1) > _ROUNDING:
            message = f"shares sum to {sum(self.shares.values()):g}, not to 1"
            raise ValueError(message)
        return self


@stage(version=2, reads=("prompts", "neighbors"), writes=("splits",), params=SplitByPrompt)
def split_by_prompt(
    tables: Mapping[str, pl.LazyFrame], params: SplitByPrompt, context: Context
) -> StageResult:
    """Assign each prompt to a split by a digest of its words and the seed.

    Nothing else counts: prompts with equal words share a split, in all sources, and rows that
    are added move nobody. `spot` is where the words fall in the unit interval; the splits take
    their shares of it in the order in which they are named. The ledger counts prompts.

    With `clusters_from`, the prompts of a cluster of near-duplicates are placed by the name of
    the cluster, which is the smallest digest of words in it, so they share a split in all sources
    too. A prompt in no cluster is placed as without clusters. A row that is added moves only the
    members of the clusters that it joins.
    """
    columns = ["prompt_id", "split", "content_hash"]
    prompts = tables["prompts"].select(columns).with_columns(group="content_hash").collect()
    if params.clusters_from is not None:
        prompts = _clustered(prompts, tables["neighbors"], params.clusters_from)
    spot = unit_interval("group", salt=digest(context.seed)[:_SALT_DIGITS])
    splits = prompts.with_columns(spot=spot).with_columns(
        _kept_or(_split(params.shares)) if params.respect_source else _split(params.shares)
    )
    return StageResult(
        tables={"splits": splits.select("prompt_id", "split", "spot")},
        rows_in=prompts.height,
        rows_out=prompts.height,
        notes=() if params.clusters_from is None else _notes(splits, params),
    )


def _clustered(prompts: pl.DataFrame, neighbors: pl.LazyFrame, step: str) -> pl.DataFrame:
    """Put prompts that share a cluster into one group, named as the cluster."""
    clusters = (
        neighbors.filter((pl.col("subject") == "prompts") & (pl.col("stage") == step))
        .group_by(pl.col("id").alias("prompt_id"))
        .agg(cluster=pl.col("cluster_id").min())
        .collect()
    )
    # Prompts with equal words stay together also where the step compared only some of them.
    cluster = pl.col("cluster").min().over("content_hash")
    return prompts.join(clusters, on="prompt_id", how="left", maintain_order="left").with_columns(
        group=pl.coalesce(cluster, "group"), is_clustered=cluster.is_not_null()
    )


def _notes(splits: pl.DataFrame, params: SplitByPrompt) -> tuple[str, ...]:
    """Say what the clusters did: whether there are any, and which the source parts."""
    groups = (
        splits.filter("is_clustered")
        .group_by("group")
        .agg(n_prompts=pl.len(), n_splits=pl.col("split").n_unique())
    )
    notes = []
    if splits.height and groups.is_empty():
        notes.append(
            f"the step {params.clusters_from!r} put no prompt of this source into a cluster, so "
            "only equal words stay together; is it a `dedup` step of prompts, and before this one?"
        )
    parted = groups.filter(pl.col("n_splits") > 1)
    if parted.height:
        notes.append(
            f"{parted.height:,} of {groups.height:,} clusters, with "
            f"{parted['n_prompts'].sum():,} prompts, are in several splits, because the source "
            "assigns them (`respect_source`)"
        )
    return tuple(notes)


def _split(shares: Mapping[str, float]) -> pl.Expr:
    """Name the split that a spot falls in."""
    named = {name: share for name, share in shares.items() if share > 0}
    *first, last = named
    ends = itertools.accumulate(named.values())
    # The last split takes what rounding leaves, so that no spot is without one.
    tests = [
        pl.when(pl.col("spot") < end).then(pl.lit(name))
        for name, end in zip(first, ends, strict=False)
    ]
    return pl.coalesce(*tests, pl.lit(last)).alias("split")


def _kept_or(split: pl.Expr) -> pl.Expr:
    return pl.coalesce("split", split).alias("split")
