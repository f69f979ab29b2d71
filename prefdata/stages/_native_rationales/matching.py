"""Which judgments with texts speak for a pair."""

from __future__ import annotations

import polars as pl

__all__ = ["judgments_of_pairs"]

_KEYS = ("prompt_id", "annotator_id")


def judgments_of_pairs(
    pairs: pl.DataFrame, judgments: pl.DataFrame, holders: pl.Series
) -> pl.DataFrame:
    """Return for each pair the judgments whose texts give reasons for it.

    That is the judgment that the pair was made of. Where the source has no texts at all on the
    aspect of the pair, as MultiPref has none on the overall choice, it is what the same annotator
    said of the same responses on other aspects. In both cases only judgments count that put the
    chosen response above the rejected one: a text for a tie, or for the other response, is no
    reason for the pair.

    Args:
        pairs: Columns pair_id, prompt_id, chosen_id, rejected_id, judgment_id, annotator_id and
            aspect.
        judgments: All judgments of the source.
        holders: Ids of the judgments that have texts.

    Returns:
        The columns of ``pairs``, and ``holder``: the id of a judgment with texts.
    """
    with_texts = judgments.filter(pl.col("judgment_id").is_in(holders.implode()))
    own = pairs.join(
        with_texts.select("judgment_id", holder="judgment_id"), on="judgment_id", how="inner"
    )
    told = with_texts["aspect"].unique()
    rest = pairs.filter(
        ~pl.col("aspect").is_in(told.implode()) & pl.col("annotator_id").is_not_null()
    )
    numbers = _numbers(judgments)
    near = (
        rest.join(numbers.select("judgment_id", wanted="number"), on="judgment_id", how="left")
        .join(
            with_texts.select(*_KEYS, holder="judgment_id").join(
                numbers, left_on="holder", right_on="judgment_id"
            ),
            on=_KEYS,
        )
        .filter(pl.col("wanted").is_null() | (pl.col("wanted") == pl.col("number")))
    )
    return _favoured(pl.concat([own, near.select(own.columns)]), judgments)


def _numbers(judgments: pl.DataFrame) -> pl.DataFrame:
    """Number what an annotator said of one prompt and aspect: some are asked twice."""
    ordered = judgments.select("judgment_id", *_KEYS, "aspect").sort(
        pl.col("judgment_id").str.len_bytes(), "judgment_id"
    )
    number = pl.int_range(pl.len()).over(*_KEYS, "aspect")
    return ordered.select("judgment_id", number=number)


def _favoured(rows: pl.DataFrame, judgments: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows whose judgment puts the chosen response above the rejected one."""
    wanted = judgments.filter(pl.col("judgment_id").is_in(rows["holder"].implode()))
    n = pl.col("response_ids").list.len()
    said = wanted.select(
        holder="judgment_id",
        of="response_ids",
        was=_or_nulls("chosen", n, pl.Boolean()),
        rank=_or_nulls("ranks", n, pl.Int32()),
        score=_or_nulls("scores", n, pl.Float64()),
    ).filter(pl.col("of").list.len() > 0)
    said = said.explode("of", "was", "rank", "score")
    sides = rows
    for side in ("chosen", "rejected"):
        columns = {name: f"{side}_{name}" for name in ("was", "rank", "score")}
        sides = sides.join(
            said.rename({"of": f"{side}_id", **columns}), on=["holder", f"{side}_id"], how="inner"
        )
    is_above = pl.coalesce(
        # Equal marks say nothing: with several chosen, or none, the ratings may still differ.
        pl.when(pl.col("chosen_was") != pl.col("rejected_was")).then("chosen_was"),
        pl.when(pl.col("chosen_rank") != pl.col("rejected_rank")).then(
            pl.col("chosen_rank") < pl.col("rejected_rank")
        ),
        pl.col("chosen_score") > pl.col("rejected_score"),
        pl.lit(value=False),
    )
    return sides.filter(is_above).select(rows.columns)


def _or_nulls(name: str, n: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    nothing = pl.lit(None, dtype).repeat_by(n)
    return pl.when(pl.col(name).list.len() == n).then(name).otherwise(nothing).alias(name)
