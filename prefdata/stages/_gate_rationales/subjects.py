"""Rationales with the texts that they are about, as checks read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.rationales.checks import CHECKED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["read_rationales", "subjects"]

_ROLE = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}


def read_rationales(
    tables: Mapping[str, pl.LazyFrame], steps: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rationales of some steps that can be checked, and those that cannot.

    What can be checked speaks of the two responses of a pair as X and Y, and is for a label. A
    rationale that several steps have under one id is read from the first of them.

    Args:
        tables: ``rationales``.
        steps: Names of steps.

    Returns:
        Two frames with the columns of ``rationales``, sorted by id.
    """
    order = pl.Enum(list(dict.fromkeys(steps)))
    rows = (
        tables["rationales"]
        .filter(pl.col("stage").is_in(list(steps)))
        .sort(pl.col("stage").cast(order), pl.col("rationale_id"))
        .unique("rationale_id", keep="first", maintain_order=True)
        .sort("rationale_id")
        .collect()
    )
    is_of_pair = pl.all_horizontal(
        pl.col(name).is_not_null() for name in ("pair_id", "prompt_id", "x_id", "y_id", "preferred")
    )
    return rows.filter(is_of_pair), rows.filter(~is_of_pair)


def subjects(rationales: pl.DataFrame, tables: Mapping[str, pl.LazyFrame]) -> pl.DataFrame:
    """Put the prompt and both responses beside each rationale.

    Args:
        rationales: Columns of ``rationales``.
        tables: ``prompts`` and ``responses``.

    Returns:
        Columns of `CHECKED`, sorted by id.
    """
    asked = rationales.lazy().select("prompt_id").unique()
    prompts = tables["prompts"].join(asked, on="prompt_id", how="semi")
    named = pl.concat([rationales["x_id"].unique(), rationales["y_id"].unique()]).unique()
    texts = tables["responses"].filter(pl.col("response_id").is_in(named.implode()))
    rows = rationales.lazy().join(
        prompts.select("prompt_id", prompt_text=_conversation()), on="prompt_id", how="left"
    )
    for handle in ("x", "y"):
        of_handle = texts.select(
            pl.col("response_id").alias(f"{handle}_id"), pl.col("text").alias(f"{handle}_text")
        )
        rows = rows.join(of_handle, on=f"{handle}_id", how="left")
    shown = pl.col("prompt_text", "x_text", "y_text").fill_null("")
    return (
        rows.with_columns(shown)
        .select(pl.col(name).cast(dtype) for name, dtype in CHECKED.items())
        .sort("rationale_id")
        .collect()
    )


def _conversation() -> pl.Expr:
    """Return the words of a prompt; who said what only where there is more than one message."""
    one = pl.element()
    role = one.struct.field("role").replace_strict(_ROLE, default=one.struct.field("role"))
    said = pl.concat_str(role, pl.lit(": "), one.struct.field("content"))
    system = pl.when(pl.col("system").is_not_null()).then(
        pl.concat_str(pl.lit("System: "), pl.col("system"), pl.lit("\n\n"))
    )
    alone = (pl.col("messages").list.len() == 1) & pl.col("system").is_null()
    return (
        pl.when(alone)
        .then(pl.col("messages").list.first().struct.field("content"))
        .otherwise(
            pl.concat_str(
                system.otherwise(pl.lit("")), pl.col("messages").list.eval(said).list.join("\n\n")
            )
        )
    )
