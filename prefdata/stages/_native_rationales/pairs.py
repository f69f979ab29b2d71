"""Native texts brought to pairs, where they can speak of X and Y."""

from __future__ import annotations

import polars as pl

from prefdata.rationales.handles import find_handles, is_chosen_x
from prefdata.stages._native_rationales.found import remarks
from prefdata.stages._native_rationales.matching import judgments_of_pairs
from prefdata.stages._native_rationales.mentions import resolve

__all__ = ["OF_PAIR", "composed", "of_pairs"]

OF_PAIR = (
    "pair_id",
    "prompt_id",
    "chosen_id",
    "rejected_id",
    "judgment_id",
    "annotator_id",
    "aspect",
)
"""Columns of `pairs` that are read."""

_ON_ALL = ("pair", "set")
_KEPT = ("pair_id", "chosen_id", "rejected_id", "holder")


def of_pairs(
    texts: pl.DataFrame,
    pairs: pl.DataFrame,
    judgments: pl.DataFrame,
    places: pl.DataFrame,
    seed: int,
) -> pl.DataFrame:
    """Bring texts on all responses of a judgment to its pairs, one row for each.

    The letters and numbers under which a text names the chosen and the rejected response become
    their handles, and that of any other response becomes words. Reasons from a list, which say
    what the better response has, are put behind its handle.

    Args:
        texts: Columns of `FOUND` and `MENTIONS`, ``is_placed`` and ``detail``.
        pairs: Columns of `OF_PAIR`.
        judgments: All judgments of the source.
        places: ``response_id`` and its 0-based ``position``.
        seed: Draws which response is X.

    Returns:
        The columns of the texts with those of the pair: pair_id, x_id, y_id, preferred, origin.
    """
    texts = texts.filter(pl.col("scope").is_in(_ON_ALL))
    matched = judgments_of_pairs(pairs, judgments, texts["judgment_id"].unique()).select(_KEPT)
    rows = matched.join(
        texts.with_columns(_has_own_handles(texts["native_raw"])),
        left_on="holder",
        right_on="judgment_id",
    ).rename({"holder": "judgment_id"})
    rows = _resolved(_ordered(rows, seed), places)
    is_reason = pl.col("kind") == "reason"
    handle = pl.col("preferred").str.to_uppercase()
    return rows.with_columns(
        text=pl.when(is_reason).then(pl.format("{}: {}", handle, "text")).otherwise("text"),
        origin=pl.when(is_reason).then(pl.lit("derived")).otherwise(pl.lit("native")),
        detail=remarks(
            pl.col("detail"),
            pl.when("has_own_handles").then(pl.lit("says X or Y of something else")),
        ),
    )


def composed(
    texts: pl.DataFrame, pairs: pl.DataFrame, judgments: pl.DataFrame, seed: int
) -> pl.DataFrame:
    """Put the texts on the two responses of a pair together, for each aspect that favours it.

    Args:
        texts: As in `of_pairs`.
        pairs: Columns of `OF_PAIR`.
        judgments: All judgments of the source.
        seed: Draws which response is X.

    Returns:
        As `of_pairs`; ``native_raw`` holds both texts as a JSON list, that on X first.
    """
    texts = texts.filter(pl.col("scope") == "response")
    matched = judgments_of_pairs(pairs, judgments, texts["judgment_id"].unique()).select(_KEPT)
    on_one = texts.with_columns(of=pl.col("response_ids").list.first())
    ordered = _ordered(matched, seed)
    rows = ordered.join(on_one, left_on=["holder", "x_id"], right_on=["judgment_id", "of"]).join(
        on_one.select("judgment_id", "of", "field", y="text", y_detail="detail"),
        left_on=["holder", "y_id", "field"],
        right_on=["judgment_id", "of", "field"],
    )
    return rows.rename({"holder": "judgment_id"}).with_columns(
        scope=pl.lit("pair"),
        response_ids=pl.concat_list("x_id", "y_id"),
        index=pl.lit(None, pl.Int64),
        native_raw=pl.struct(texts=pl.concat_list("text", "y"))
        .struct.json_encode()
        .str.strip_prefix('{"texts":')
        .str.strip_suffix("}"),
        text=pl.format("X: {}\nY: {}", "text", "y"),
        detail=remarks(
            pl.lit("two texts on one response each, put together"),
            pl.lit("X: ") + pl.col("detail"),
            pl.lit("Y: ") + pl.col("y_detail"),
        ),
        origin=pl.lit("derived"),
    )


def _ordered(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Draw which response of each pair is X; all rows of a pair agree."""
    is_x = is_chosen_x(rows["pair_id"], seed=seed, sample=0, attempt=1).alias("is_x")
    chosen, rejected = pl.col("chosen_id"), pl.col("rejected_id")
    return (
        rows.with_columns(is_x)
        .with_columns(
            x_id=pl.when("is_x").then(chosen).otherwise(rejected),
            y_id=pl.when("is_x").then(rejected).otherwise(chosen),
            preferred=pl.when("is_x").then(pl.lit("x")).otherwise(pl.lit("y")),
            seed=pl.lit(seed, pl.Int64),
        )
        .drop("is_x", "chosen_id", "rejected_id")
    )


def _resolved(rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    for side in ("x", "y"):
        of_side = places.select(
            pl.col("response_id").alias(f"{side}_id"), pl.col("position").alias(f"{side}_place")
        )
        rows = rows.join(of_side, on=f"{side}_id", how="left", maintain_order="left")
    is_named = pl.col("marked").is_not_null() & pl.col("is_placed")
    return rows.with_columns(resolve(rows).alias("resolved")).with_columns(
        text=pl.when(is_named).then("resolved").otherwise("text")
    )


def _has_own_handles(texts: pl.Series) -> pl.Series:
    """Tell which texts say X or Y before anybody was called so."""
    may_say = texts.str.contains("[XY]").fill_null(value=False)
    # A loop over the few texts with these capitals: only `find_handles` knows what a handle is.
    said = [
        is_likely and bool(find_handles(text))
        for text, is_likely in zip(texts, may_say, strict=True)
    ]
    return pl.Series("has_own_handles", said, dtype=pl.Boolean)
