"""Which requests a judge gets, in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.fingerprint import digest
from prefdata.stages._judge.wording import rendered, request_of
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.protocols import ChatRequest
    from prefdata.stages._judge.wording import Task

__all__ = ["candidates", "comparisons", "labels", "requests"]

_SIDES = ("first_id", "second_id")


def comparisons(
    pairs: pl.LazyFrame, *, both_orders: bool, limit: int | None, seed: int
) -> pl.DataFrame:
    """Return what is shown to a judge of two responses: one row for each order.

    Two responses are compared once, however many pairs of the step there are of them; which one
    the pairs prefer plays no part.

    Args:
        pairs: Pairs of the step.
        both_orders: Whether each is shown in both orders; else the order is drawn.
        limit: The most comparisons, drawn by their ids and the seed; a larger limit keeps them.
        seed: Of the recipe.

    Returns:
        Columns prompt_id, case (names the two responses), and shown (their ids in order). Both
        orders of a case lie next to each other.
    """
    cases = pairs.select("prompt_id", *_sides()).unique().collect()
    cases = cases.with_columns(
        case=_drawn(cases, seed, "prompt_id", *_SIDES),
        turned=_drawn(cases, seed, pl.lit("order"), "prompt_id", *_SIDES),
    )
    kept = _limited(cases, limit)
    # The last digit is one of 16, half of them below `8`.
    is_turned = pl.col("turned").str.slice(-1) < "8"
    sides = zip(_SIDES, reversed(_SIDES), strict=True)
    shown = pl.concat_list(pl.when(is_turned).then(other).otherwise(side) for side, other in sides)
    orders = [shown, shown.list.reverse()] if both_orders else [shown]
    return (
        pl.concat(
            kept.select("prompt_id", "case", shown=order).with_row_index("place")
            for order in orders
        )
        .sort("place", maintain_order=True)
        .drop("place")
    )


def candidates(
    responses: pl.LazyFrame, pairs: pl.LazyFrame | None, *, limit: int | None, seed: int
) -> pl.DataFrame:
    """Return what is shown to a judge of single responses.

    Args:
        responses: The responses.
        pairs: Pairs whose responses are judged; null for all responses.
        limit: The most prompts, drawn by their ids and the seed; all their responses are judged.
        seed: Of the recipe.

    Returns:
        Columns prompt_id, case (the response), and shown (a list of its id).
    """
    rows = responses.select("prompt_id", "response_id")
    if pairs is not None:
        ids = [pairs.select(response_id=side) for side in ("chosen_id", "rejected_id")]
        rows = rows.join(pl.concat(ids).unique(), on="response_id", how="semi")
    found = rows.sort("prompt_id", "response_id").collect()
    prompts = found.select("prompt_id").unique()
    prompts = _limited(prompts.with_columns(case=_drawn(prompts, seed, "prompt_id")), limit)
    return found.join(prompts, on="prompt_id", how="semi", maintain_order="left").select(
        "prompt_id", case="response_id", shown=pl.concat_list("response_id")
    )


def labels(pairs: pl.LazyFrame, *, seed: int) -> pl.DataFrame:
    """Return what the pairs of the step say of each comparison.

    Returns:
        Columns case, aspect, and preferred: the response that more pairs put over the other;
        comparisons with as many pairs either way are left out.
    """
    votes = (
        pairs.select("prompt_id", "aspect", "chosen_id", *_sides())
        .group_by("prompt_id", "aspect", *_SIDES)
        .agg(lead=(pl.col("chosen_id") == pl.col("first_id")).mean())
        .filter(pl.col("lead") != 0.5)  # noqa: PLR2004 - as many either way
        .sort("prompt_id", *_SIDES, "aspect")
        .collect()
    )
    return votes.select(
        _drawn(votes, seed, "prompt_id", *_SIDES).alias("case"),
        "aspect",
        preferred=pl.when(pl.col("lead") > 0.5).then("first_id").otherwise("second_id"),  # noqa: PLR2004
    )


def requests(
    asked: pl.DataFrame,
    tables: Mapping[str, pl.LazyFrame],
    criteria: Mapping[str, str],
    task: Task,
) -> list[ChatRequest | None]:
    """Word the request of each row, or none where two responses have the same words.

    Args:
        asked: Columns prompt_id, shown and aspect.
        tables: ``prompts`` and ``responses``.
        criteria: Criterion of each aspect.
        task: What the judge is to do.
    """
    prompts = tables["prompts"].select(
        "prompt_id",
        messages=pl.when(pl.col("system").is_null())
        .then("messages")
        .otherwise(
            pl.concat_list(pl.struct(role=pl.lit("system"), content=pl.col("system")), "messages")
        ),
    )
    wanted = asked.select("prompt_id").unique().lazy()
    said = prompts.join(wanted, on="prompt_id", how="semi").collect()
    ids = asked.select(response_id="shown").explode("response_id").unique().lazy()
    given = tables["responses"].select("response_id", "messages")
    answered = given.join(ids, on="response_id", how="semi").collect()
    conversations = {name: rendered(messages) for name, messages in said.iter_rows()}
    texts = {
        name: messages[0]["content"] if len(messages) == 1 else rendered(messages)
        for name, messages in answered.iter_rows()
    }
    found: list[ChatRequest | None] = []
    # A loop over rows: each becomes a call of a model.
    for prompt, shown, aspect in asked.select("prompt_id", "shown", "aspect").iter_rows():
        words = [texts[name] for name in shown]
        is_alike = len(words) > 1 and words[0].strip() == words[1].strip()
        found.append(
            None if is_alike else request_of(conversations[prompt], words, criteria[aspect], task)
        )
    return found


def _sides() -> list[pl.Expr]:
    ids = ("chosen_id", "rejected_id")
    return [
        pl.min_horizontal(*ids).alias("first_id"),
        pl.max_horizontal(*ids).alias("second_id"),
    ]


def _drawn(rows: pl.DataFrame, seed: int, *columns: str | pl.Expr) -> pl.Series:
    """Return a digest of ids and seed."""
    return hash_tuple(rows, pl.lit(digest(["judge", seed])), *columns)


def _limited(cases: pl.DataFrame, limit: int | None) -> pl.DataFrame:
    """Keep the cases whose digests are the lowest; sort by ids, so alike prompts are neighbours."""
    kept = cases if limit is None else cases.sort("case").head(limit)
    return kept.sort([name for name in kept.columns if name.endswith("_id")])
