"""Train, validation and test by the words of the prompt."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Self

import polars as pl
from pydantic import Field, model_validator

from prefdata.core.fingerprint import digest
from prefdata.protocols import Context, Params, StageResult, stage
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
        "equal words may then part, if the source parts them.",
    )

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


@stage(version=1, reads=("prompts",), writes=("splits",), params=SplitByPrompt)
def split_by_prompt(
    tables: Mapping[str, pl.LazyFrame], params: SplitByPrompt, context: Context
) -> StageResult:
    """Assign each prompt to a split by a digest of its words and the seed.

    Nothing else counts: prompts with equal words share a split, in all sources, and rows that
    are added move nobody. `spot` is where the words fall in the unit interval; the splits take
    their shares of it in the order in which they are named. The ledger counts prompts.
    """
    prompts = tables["prompts"].select("prompt_id", "split", "content_hash").collect()
    spot = unit_interval("content_hash", salt=digest(context.seed)[:_SALT_DIGITS])
    splits = prompts.with_columns(spot=spot).select(
        "prompt_id",
        _kept_or(_split(params.shares)) if params.respect_source else _split(params.shares),
        "spot",
    )
    return StageResult(tables={"splits": splits}, rows_in=prompts.height, rows_out=prompts.height)


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
