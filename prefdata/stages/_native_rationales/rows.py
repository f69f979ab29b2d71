"""Native texts as rows of `rationales`."""

from __future__ import annotations

import polars as pl

from prefdata.schema import polars_schema, table_schema
from prefdata.stages._native_rationales.found import remarks
from prefdata.stages._native_rationales.mentions import has_letters, may_name, scan
from prefdata.tables.identity import hash_tuple

__all__ = ["told", "with_languages", "with_mentions", "written"]

_CODE = r"^([A-Za-z]{2})(?:[-_]|$)"
_PLACES = ("source", "judgment_id", "conversation_id", "field", "place", "pair_id", "origin")


def with_languages(
    texts: pl.DataFrame, prompts: pl.LazyFrame, conversations: pl.LazyFrame | None
) -> pl.DataFrame:
    """Add ``language``: that of the prompt, or of the conversation or its first prompt.

    It is the one that the source assigns where that is a code of two letters, with a region or
    without; else the one in which the prompt's last message is written.

    Args:
        texts: Columns of `FOUND`.
        prompts: Prompts of the source.
        conversations: Its conversations, where texts on them are wanted.
    """
    said = pl.col("language").str.extract(_CODE).str.to_lowercase()
    last = pl.col("messages").list.last().struct.field("content")
    of_texts = texts.select("prompt_id", "conversation_id").unique().lazy()
    direct = prompts.join(of_texts, on="prompt_id", how="semi")
    first = (
        prompts.join(of_texts, on="conversation_id", how="semi")
        .sort("turn", "prompt_id")
        .unique("conversation_id", keep="first", maintain_order=True)
    )
    of_prompts = _spoken(direct.select("prompt_id", language=said, last=last).collect())
    of_first = _spoken(first.select("conversation_id", language=said, last=last).collect())
    if conversations is not None:
        assigned = conversations.select("conversation_id", assigned=said).drop_nulls().collect()
        of_first = (
            of_first.join(assigned, on="conversation_id", how="full", coalesce=True)
            .with_columns(language=pl.coalesce("assigned", "language"))
            .drop("assigned")
        )
    return (
        texts.join(of_prompts, on="prompt_id", how="left", maintain_order="left")
        .join(
            of_first.rename({"language": "of_conversation"}),
            on="conversation_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(language=pl.coalesce("language", "of_conversation"))
        .drop("of_conversation")
    )


def _spoken(prompts: pl.DataFrame) -> pl.DataFrame:
    """Fill the languages that no source says; each text is looked at once."""
    unsaid = prompts.filter(pl.col("language").is_null()).select("last").drop_nulls().unique()
    if unsaid.height:
        from prefdata.texts.language import languages

        seen = unsaid.with_columns(seen=languages(unsaid["last"])["language"])
        prompts = prompts.join(seen, on="last", how="left").with_columns(
            language=pl.coalesce("language", "seen")
        )
    return prompts.drop("last").select(pl.exclude("seen"))


def with_mentions(
    texts: pl.DataFrame, prompts: pl.LazyFrame, responses: pl.LazyFrame
) -> pl.DataFrame:
    """Add what `scan` finds, and ``is_placed``: whether letters and numbers can be resolved.

    Args:
        texts: Columns of `FOUND` and ``language``.
        prompts: Prompts of the source.
        responses: Its responses; only those are read whose letters matter.
    """
    texts = texts.with_row_index("at")
    named = texts.filter(may_name(pl.col("native_raw")) & (pl.col("kind") != "reason"))
    asked = named.select("prompt_id").drop_nulls().unique().lazy()
    last = pl.col("messages").list.last().struct.field("content")
    questions = prompts.join(asked, on="prompt_id", how="semi").select(
        "prompt_id", is_taken=has_letters(last)
    )
    shown = responses.join(asked, on="prompt_id", how="semi").select(
        "prompt_id", is_taken=has_letters(pl.col("text"))
    )
    taken = pl.concat([questions, shown]).filter("is_taken").unique().collect()
    known = (
        responses.join(asked, on="prompt_id", how="semi")
        .group_by("prompt_id")
        .agg(has_places=pl.col("position").is_not_null().all())
        .collect()
    )
    named = named.join(taken, on="prompt_id", how="left", maintain_order="left").join(
        known, on="prompt_id", how="left", maintain_order="left"
    )
    is_taken = named["is_taken"].fill_null(value=False)
    found = scan(named["native_raw"], named["language"], is_taken).with_columns(
        named["at"],
        is_placed=named["is_order_known"] & named["has_places"].fill_null(value=False),
    )
    return texts.join(found, on="at", how="left", maintain_order="left").drop("at")


def told(texts: pl.DataFrame) -> pl.DataFrame:
    """Add ``detail``: what is unusual about a text, and which mentions stay as they are."""
    unclear, clear = pl.col("unclear"), pl.col("clear")
    every = pl.concat_list(clear, unclear)
    is_one = pl.col("scope").is_in(["response", "conversation"])
    # A text on one response is brought to no pair that would tell who is meant.
    is_lost = (is_one | ~pl.col("is_placed")) & (every.list.len() > 0)
    is_left = ~is_lost & (unclear.list.len() > 0)
    return texts.with_columns(
        detail=remarks(
            pl.col("remark"),
            pl.when(is_lost & is_one).then(
                pl.format("names responses by place, which cannot be resolved: {}", _listed(every))
            ),
            pl.when(is_lost & ~is_one).then(
                pl.format(
                    "names responses by place, and the source does not tell who stood where: {}",
                    _listed(every),
                )
            ),
            pl.when(is_left).then(
                pl.format("may name responses by place, and is left as it is: {}", _listed(unclear))
            ),
        )
    )


def _listed(words: pl.Expr) -> pl.Expr:
    return words.list.unique(maintain_order=True).list.join(", ")


def written(rows: pl.DataFrame) -> pl.DataFrame:
    """Bring texts into the columns of `rationales`, named after where the source says them."""
    for name in ("pair_id", "x_id", "y_id", "preferred", "origin"):
        if name not in rows.columns:
            nothing = pl.lit("native" if name == "origin" else None, pl.String)
            rows = rows.with_columns(nothing.alias(name))
    rows = rows.with_columns(place=pl.col("index").cast(pl.String), status=pl.lit("ok"))
    rows = rows.with_columns(hash_tuple(rows, *_PLACES).alias("rationale_id"))
    types = polars_schema(table_schema("rationales"))
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in types.items()
        if name != "stage"
    )
