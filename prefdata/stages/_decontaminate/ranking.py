"""Which items are listed for a text, and what its rows are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.stages._decontaminate.wording import MAX_WORDS
from prefdata.stages._findings import findings
from prefdata.texts.normal import normalised

if TYPE_CHECKING:
    from prefdata.stages._decontaminate.corpus import Corpus
    from prefdata.stages._decontaminate.items import Items

__all__ = ["FLAG", "flags_of", "listed", "matches_of"]

FLAG = "contaminated"
_METHODS = {"exact": 0, "ngram": 1, "semantic": 2}
_MAX_CHARS = 600
_FLAG_CHARS = 120
_BEST = ["similarity", "order", "n_matches", "size"]
_BEST_DOWN = [True, False, True, True]


def listed(hits: pl.DataFrame, items: Items, max_items: int) -> tuple[pl.DataFrame, int]:
    """Keep the items most alike each text.

    Args:
        hits: Columns `HITS`.
        items: Where the units are from.
        max_items: Items of one text, over all methods.

    Returns:
        The hits that are kept, each item of a text once by each method (with its field that
        shares the longest runs), with ``evaluation``, ``item`` and ``field``; and the number of
        items of texts that are not listed.
    """
    units = items.table.drop("text").with_row_index("unit").cast({"unit": pl.Int64})
    order = pl.col("method").replace_strict(_METHODS, return_dtype=pl.Int8)
    item = ["text", "evaluation", "item"]
    fields = (
        hits.join(units, on="unit")
        .sort(
            [*item, "method", "size", "similarity", "n_matches", "unit"],
            descending=[False] * 4 + [True, True, True, False],
        )
        .unique([*item, "method"], keep="first", maintain_order=True)
        .with_columns(order=order)
        .sort(
            ["text", *_BEST, "evaluation", "item"],
            descending=[False, *_BEST_DOWN, False, False],
            nulls_last=True,
        )
    )
    ranked = fields.select(item).unique(maintain_order=True)
    ranked = ranked.with_columns(rank=pl.int_range(pl.len()).over("text"))
    kept = ranked.filter(pl.col("rank") < max_items).drop("rank")
    return fields.join(kept, on=item, maintain_order="left"), ranked.height - kept.height


def matches_of(
    kept: pl.DataFrame, quoted: pl.DataFrame, corpus: Corpus, items: Items
) -> pl.DataFrame:
    """Make the rows of `matches`: one for each row of the corpus, item and method.

    Args:
        kept: What `listed` kept.
        quoted: Columns ``text``, ``unit`` and ``matched_text``, for hits by runs.
        corpus: Where the texts are from.
        items: Where the units are from.
    """
    whole = normalised("text").str.slice(0, _MAX_CHARS).str.split(" ").list.head(MAX_WORDS)
    own = items.table.with_row_index("unit").select(
        pl.col("unit").cast(pl.Int64), whole=whole.list.join(" ")
    )
    is_run = pl.col("method") == "ngram"
    told = (
        kept.join(quoted, on=["text", "unit"], how="left")
        .join(own, on="unit", how="left")
        .with_columns(matched_text=pl.when(is_run).then("matched_text").otherwise("whole"))
        .filter(pl.col("matched_text").is_not_null())
    )
    hashes = pl.DataFrame({"content_hash": corpus.hashes}).with_row_index("text")
    told = told.join(hashes.cast({"text": pl.Int64}), on="text")
    rows = (
        corpus.rows.select("id", "source", "content_hash")
        .join(told.select("content_hash").unique().lazy(), on="content_hash", how="semi")
        .collect()
    )
    return (
        rows.join(told, on="content_hash")
        .sort(
            ["id", *_BEST, "evaluation", "item"],
            descending=[False, *_BEST_DOWN, False, False],
            nulls_last=True,
        )
        .select(
            "id",
            "source",
            pl.lit(corpus.subject).alias("subject"),
            "evaluation",
            "item",
            "field",
            "method",
            "size",
            "n_matches",
            "similarity",
            "matched_text",
        )
    )


def flags_of(matches: pl.DataFrame, subject: str) -> pl.DataFrame:
    """Make one flag of each row with matches: its best, which comes first."""
    best = matches.unique("id", keep="first", maintain_order=True)
    quote = pl.col("matched_text").str.slice(0, _FLAG_CHARS)
    rounded = pl.col("similarity").round(3)
    item = pl.format("item {} of {}", "item", "evaluation")
    reason = (
        pl.when(pl.col("method") == "exact")
        .then(pl.format("equals {}: {}", item, quote))
        .when(pl.col("method") == "semantic")
        .then(pl.format("is near {} in meaning (cosine {}): {}", item, rounded, quote))
        .otherwise(
            pl.format(
                "holds {} of the {}-word runs of {} (share {}): {}",
                "n_matches", "size", item, rounded, quote,
            )
        )
    )  # fmt: skip
    return findings(
        best, key="id", subject=subject, flag=FLAG, reason=reason, value="similarity"
    ).with_columns(source=best["source"])
