"""Flags on the pairs whose training would displace likelihood the most."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import polars as pl
from pydantic import BeforeValidator, Field, model_validator

from prefdata.core.errors import DataError
from prefdata.protocols import Context, Outside, Params, StageResult, stage
from prefdata.stages._findings import FINDINGS, findings

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FilterDisplacement", "filter_displacement"]

_HIGH = "displacement"
_IDENTICAL = "identical-responses"
_UNRANKED = "displacement-unranked"
_RANKED = ("ok", "truncated")


def _amount(value: Any) -> Any:
    """Refuse what is neither a count nor a fraction; 1 is a count, and 1.0 is nothing."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if value is None or is_count or (isinstance(value, float) and 0 < value < 1):
        return value
    message = f"{value!r} is neither a count (1, 2, ...) nor a fraction between 0 and 1"
    raise ValueError(message)


Amount = Annotated[int | float | None, BeforeValidator(_amount)]
"""A count, or a fraction of the pairs that can be ranked."""


class FilterDisplacement(Params):
    """Parameters of `filter-displacement`; there is no default for how much to keep."""

    keep_lowest: Amount = Field(
        default=None,
        description="Flag all but the lowest: a count such as 500, or a fraction such as 0.05, "
        "rounded up.",
    )
    drop_highest: Amount = Field(
        default=None,
        description="Flag the highest: a count, or a fraction, rounded up.",
    )
    by: Literal["ln_ches", "ches", "relative_ches"] = Field(
        default="ln_ches",
        description="The score that ranks. `ln_ches` is what the paper filters by; `ches` grows "
        "with the length of the rejected response.",
    )
    group_by: tuple[
        Literal["source", "subset", "language", "topic", "aspect", "annotator_id"], ...
    ] = Field(
        default=(),
        description="Rank within each of these groups instead of over all pairs, such as "
        "`[source]`.",
    )
    scores: str = Field(default="score-ches", description="The step whose scores are read.")
    pairs: str = Field(default="make-pairs", description="The step whose pairs are flagged.")

    def outside(self) -> Outside:
        """Name the steps that are read."""
        return Outside(steps=(self.scores, self.pairs))

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        if (self.keep_lowest is None) == (self.drop_highest is None):
            message = (
                "say how much: either keep_lowest or drop_highest, a count or a fraction below 1 "
                "(there is no default: what is right depends on model and data)"
            )
            raise ValueError(message)
        return self


@stage(
    version=1,
    reads=("pairs", "scores", "prompts"),
    writes=("flags",),
    params=FilterDisplacement,
    scope="catalog",
)
def filter_displacement(
    tables: Mapping[str, pl.LazyFrame], params: FilterDisplacement, context: Context
) -> StageResult:
    """Flag pairs whose chosen and rejected responses the model represents too much alike.

    Three flags, each on the pair, one at most:

    - ``identical-responses``: equal in tokens. Their score is exactly 0, which is not the top of
      the ranking, so they have a rule of their own and are not ranked.
    - ``displacement-unranked``: no score, or that of an empty response; the reason says the
      status. They are not ranked, and not kept in silence either.
    - ``displacement``: ranked too high. The value is the score, the reason names the threshold.

    Of n pairs that can be ranked, a fraction f means the smallest whole number not below f n. Of
    equal scores the pair with the smaller id counts as lower. A `select-pairs` after it leaves
    out what its `exclude_flags` name.

    The ledger counts pairs.

    Raises:
        DataError: If the scores are of more than one model or way of reading: they do not compare.

    References:
        Razin et al. (arXiv 2410.08847), Section 6: the 5 % of the pairs with the lowest
        length-normalised score are kept.
    """
    ranked = _ranked(tables, params)
    _refuse_a_mix(ranked)
    # A pair without a row in `scores` has no status.
    is_identical = pl.col("status").eq_missing("identical_responses")
    is_ranked = pl.col("status").is_in(_RANKED, nulls_equal=True) & pl.col(params.by).is_not_null()
    unranked = ranked.filter(~is_identical & ~is_ranked)
    found = [
        _flags(ranked.filter(is_identical), _IDENTICAL, pl.lit("equal in tokens"), params),
        _flags(unranked, _UNRANKED, _why_unranked(), params),
        _high(ranked.filter(is_ranked), params),
    ]
    flags = pl.concat(found).sort("source", "id")
    return StageResult(
        tables={"flags": flags},
        rows_in=ranked.height,
        rows_out=ranked.height,
        notes=_notes(flags, ranked.height),
    )


def _ranked(tables: Mapping[str, pl.LazyFrame], params: FilterDisplacement) -> pl.DataFrame:
    """Return each pair with its score and its groups; pairs without a score have no status."""
    of_pair = [name for name in params.group_by if name in {"aspect", "annotator_id"}]
    of_prompt = [name for name in params.group_by if name not in {"source", *of_pair}]
    pairs = (
        tables["pairs"]
        .filter(pl.col("stage") == params.pairs)
        .select("pair_id", "source", "prompt_id", *of_pair)
    )
    if of_prompt:
        prompts = tables["prompts"].select("prompt_id", *of_prompt)
        pairs = pairs.join(prompts, on="prompt_id", how="left")
    scores = (
        tables["scores"]
        .filter(pl.col("stage") == params.scores)
        .select("pair_id", "status", "detail", "scorer", "model", params.by)
    )
    return pairs.join(scores, on="pair_id", how="left").sort("source", "pair_id").collect()


def _refuse_a_mix(pairs: pl.DataFrame) -> None:
    """Refuse scores that do not compare."""
    scorers = pairs.select("scorer", "model").drop_nulls("scorer").unique("scorer").sort("scorer")
    if scorers.height > 1:
        named = ", ".join(f"{scorer} ({model})" for scorer, model in scorers.iter_rows())
        raise DataError(
            f"The pairs were scored by {scorers.height} models or ways of reading, whose scores "
            f"do not compare: {named}.",
            where="table scores",
            fix="Run score-ches on all sources with one model, or name the sources of one of them.",
        )


def _high(ranked: pl.DataFrame, params: FilterDisplacement) -> pl.DataFrame:
    """Return the flags on pairs that are ranked too high in their group."""
    name = "keep_lowest" if params.keep_lowest is not None else "drop_highest"
    amount = params.keep_lowest if params.keep_lowest is not None else params.drop_highest
    parts = [ranked.sort(params.by, "pair_id")]
    if params.group_by:
        parts = parts[0].partition_by(params.group_by, maintain_order=True)
    found = [_flags(pl.DataFrame(schema=ranked.schema), _HIGH, pl.lit(""), params)]
    for part in parts:
        if part.is_empty():
            continue
        n = min(_count(amount, part.height), part.height)
        n_kept = n if name == "keep_lowest" else part.height - n
        threshold = part[params.by][n_kept - 1] if n_kept else -math.inf
        within = ", ".join(f"{g} {part[g][0]}" for g in params.group_by)
        told = (
            f"{params.by} is above {threshold:.6g}, the highest that is kept "
            f"({name} {amount:g}: {n_kept:,} of {part.height:,}"
            + (f" in {within})" if within else ")")
        )
        found.append(_flags(part.slice(n_kept), _HIGH, pl.lit(told), params))
    return pl.concat(found)


def _count(amount: float | None, n: int) -> int:
    """Return how many of n an amount means; a fraction counts as it is written."""
    if isinstance(amount, int):
        return amount
    return math.ceil(Fraction(str(amount)) * n)


def _why_unranked() -> pl.Expr:
    status = pl.col("status").fill_null("not scored")
    why = pl.when(pl.col("detail").is_not_null()).then(pl.lit(": ") + pl.col("detail"))
    return pl.concat_str(pl.lit("no rank, status "), status, why.otherwise(pl.lit("")))


def _flags(
    rows: pl.DataFrame, flag: str, reason: pl.Expr, params: FilterDisplacement
) -> pl.DataFrame:
    columns = findings(
        rows, key="pair_id", subject="pairs", flag=flag, reason=reason, value=params.by
    )
    return pl.concat([columns.select(*FINDINGS), rows.select("source")], how="horizontal")


def _notes(flags: pl.DataFrame, n: int) -> tuple[str, ...]:
    counts = dict(sorted(flags["flag"].value_counts().iter_rows()))
    told = ", ".join(f"{flag} {count:,}" for flag, count in counts.items()) or "none"
    return (f"{flags.height:,} of {n:,} pairs flagged: {told}",)
