"""Pairs as comparisons of a side a with a side b; which response is a, is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from prefdata.core.fingerprint import digest
from prefdata.tables.identity import encode_messages, hash_tuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["KEYS", "Prompts", "compared", "metadata", "opening", "prompt_text", "spelled"]

Prompts = Literal["text", "messages"]
"""How a prompt of several messages is written."""

KEYS = ("source", "subset", "aspect", "split", "language")
"""Columns that a comparison keeps beside its texts."""

_SIDES = ("chosen", "rejected")
_SAME = ("source", "split", "aspect")


def compared(pairs: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Add what makes comparisons of pairs.

    Two pairs are of one comparison when source, split, aspect and all words are the same, and the
    models that answered; which of the two was chosen does not matter.

    Args:
        pairs: As an exporter gets them.
        seed: Of the draw.

    Returns:
        The pairs with ``comparison_id``, ``is_chosen_a``, and for a and b ``text_<side>`` and
        ``model_<side>``.
    """
    prompt = encode_messages("prompt")
    ours = [
        hash_tuple(pairs, prompt, encode_messages(side), f"{side}_model").alias(side)
        for side in _SIDES
    ]
    sides = pl.DataFrame([*ours, *(pairs[name] for name in _SAME)])
    salt = pl.lit(digest([seed]))
    drawn = [hash_tuple(sides, salt, side) for side in _SIDES]
    ordered = (pl.min_horizontal(_SIDES), pl.max_horizontal(_SIDES))
    rows = pairs.with_columns(
        hash_tuple(sides, *_SAME, *ordered).alias("comparison_id"),
        (drawn[0] <= drawn[1]).alias("is_chosen_a"),
    )
    return rows.with_columns(*_sides("text", _text), *_sides("model", _model))


def _sides(name: str, of: Callable[[str], pl.Expr]) -> list[pl.Expr]:
    chosen, rejected = (of(side) for side in _SIDES)
    is_a = pl.col("is_chosen_a")
    return [
        pl.when(is_a).then(chosen).otherwise(rejected).alias(f"{name}_a"),
        pl.when(is_a).then(rejected).otherwise(chosen).alias(f"{name}_b"),
    ]


def _text(side: str) -> pl.Expr:
    return pl.col(side).list.last().struct.field("content")


def _model(side: str) -> pl.Expr:
    return pl.col(f"{side}_model")


def prompt_text() -> pl.Expr:
    """Return the prompt as one text: one message of the user alone, several with their roles."""
    element = pl.element().struct
    turn = pl.concat_str(element["role"], pl.lit(": "), element["content"])
    return (
        pl.when(_is_plain())
        .then(_first())
        .otherwise(pl.col("prompt").list.eval(turn).list.join("\n\n"))
    )


def opening(prompts: Prompts) -> pl.Expr:
    """Write what comes before the annotations, as JSON without the braces of the object."""
    whole = prompt_text()
    several = spelled(pl.col("prompt") if prompts == "messages" else whole)
    prompt = (
        pl.when(pl.col("prompt").list.len() == 0)
        .then(pl.lit("null"))
        .when(_is_plain())
        .then(spelled(_first()))
        .otherwise(several)
    )
    responses = [
        pl.concat_str(
            pl.lit(f',"response_{side}":{{"text":'),
            spelled(pl.col(f"text_{side}")),
            pl.when(pl.col(f"model_{side}").is_not_null())
            .then(pl.concat_str(pl.lit(',"model":'), spelled(pl.col(f"model_{side}"))))
            .otherwise(pl.lit("")),
            pl.lit("}"),
        )
        for side in "ab"
    ]
    return pl.concat_str(pl.lit('"prompt":'), prompt, *responses)


def metadata(keys: Sequence[str] = KEYS) -> pl.Expr:
    """Write the metadata of a comparison as a JSON object; what is null is left out."""
    told = [
        pl.when(pl.col(key).is_not_null())
        .then(pl.concat_str(pl.lit(f',"{key}":'), spelled(pl.col(key))))
        .otherwise(pl.lit(""))
        for key in keys
    ]
    return pl.concat_str(pl.lit("{"), pl.concat_str(told).str.slice(1), pl.lit("}"))


def spelled(value: pl.Expr) -> pl.Expr:
    """Write a value as JSON."""
    whole = pl.struct(value.alias("t")).struct.json_encode()
    return whole.str.strip_prefix('{"t":').str.strip_suffix("}")


def _is_plain() -> pl.Expr:
    return (pl.col("prompt").list.len() == 1) & (
        pl.col("prompt").list.first().struct.field("role") == "user"
    )


def _first() -> pl.Expr:
    return pl.col("prompt").list.first().struct.field("content")
