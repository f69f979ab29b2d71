"""Canonical tables of shaped TRL rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.schema import conform, table_schema
from prefdata.tables.bundle import Bundle
from prefdata.tables.identity import encode_messages, hash_messages, hash_tuple
from prefdata.tables.raw import Reject, rejects_of

if TYPE_CHECKING:
    from prefdata.protocols import RawFile
    from prefdata.sources._generic.offer import GenericParams
    from prefdata.tables.identity import Occurrences

__all__ = ["bundle", "group_of"]

_FLAGS = {
    "implicit-string": "chosen and rejected are whole texts; the prompt is inside both",
    "no-shared-prompt": "the two conversations differ from their first message on",
}


def bundle(
    shaped: pl.DataFrame,
    rejects: list[Reject],
    raw: RawFile,
    params: GenericParams,
    *,
    split: str | None,
    repeats: Occurrences,
) -> Bundle:
    """Turn shaped rows of one stretch into canonical tables, but for the annotator."""
    texts = [encode_messages(name) for name in ("prompt", "first", "second")]
    keys = hash_tuple(shaped, pl.lit(raw.name), "form", *texts, "raw")
    rows = shaped.with_columns((f"{params.name}:" + repeats.suffix(keys)).alias("prompt_id"))
    origin = {
        "source": pl.lit(params.name),
        "revision": pl.lit(raw.revision, pl.String),
        "file": pl.lit(raw.name),
        "row": pl.col("row"),
    }
    is_user = pl.element().struct.field("role") == "user"
    prompts = rows.select(
        "prompt_id",
        "raw",
        split=pl.lit(split, pl.String),
        turn=pl.max_horizontal(
            pl.col("prompt").list.eval(is_user).list.sum().cast(pl.Int32) - 1, 0
        ),
        messages="prompt",
        license=pl.lit(params.license),
        content_hash=hash_messages(rows["prompt"]),
        **origin,
    )
    tables = {
        "prompts": conform(prompts, table_schema("prompts")),
        "responses": _responses(rows, params.license, origin),
        "judgments": _judgments(rows, params.name, origin),
        "flags": _flags(rows, params.name),
    }
    return Bundle(
        file=raw.name,
        rows_in=rows.height + len(rejects),
        tables=tables,
        rejects=rejects_of(raw.name, sorted(rejects, key=lambda reject: reject.row)),
    )


def group_of(raw: RawFile, params: GenericParams) -> pl.DataFrame:
    """Return the annotator behind all rows: TRL's shapes do not name any."""
    group = pl.DataFrame(
        {
            "annotator_id": [f"{params.name}:annotators"],
            "source": [params.name],
            "kind": ["group"],
            "revision": [raw.revision],
            "file": [raw.name],
        },
        schema_overrides={"revision": pl.String()},
    )
    return conform(group, table_schema("annotators"))


def _responses(rows: pl.DataFrame, spdx: str, origin: dict[str, pl.Expr]) -> pl.DataFrame:
    is_unpaired = pl.col("form") == "unpaired"
    key = pl.when(is_unpaired).then(pl.lit("/completion")).otherwise(pl.lit("/chosen"))
    first = rows.select(
        "prompt_id",
        "row",
        response_id=pl.col("prompt_id") + key,
        messages="first",
        model="first_model",
    )
    second = rows.filter(~is_unpaired).select(
        "prompt_id",
        "row",
        response_id=pl.col("prompt_id") + "/rejected",
        messages="second",
        model="second_model",
    )
    both = pl.concat([first, second]).sort("row", maintain_order=True)
    responses = both.select(
        "response_id",
        "prompt_id",
        "messages",
        "model",
        text=pl.col("messages").list.last().struct.field("content"),
        license=pl.lit(spdx),
        content_hash=hash_messages(both["messages"]),
        **origin,
    )
    return conform(responses, table_schema("responses"))


def _judgments(rows: pl.DataFrame, name: str, origin: dict[str, pl.Expr]) -> pl.DataFrame:
    key = pl.col("prompt_id")
    is_unpaired = pl.col("form") == "unpaired"
    has_scores = pl.any_horizontal(pl.col("first_score", "second_score").is_not_null())
    judgments = rows.select(
        "prompt_id",
        "strength",
        judgment_id=key + "/annotators/overall",
        annotator_id=pl.lit(f"{name}:annotators"),
        aspect=pl.lit("overall"),
        protocol=pl.when(is_unpaired).then(pl.lit("likert")).otherwise(pl.lit("pairwise")),
        outcome=pl.when(~is_unpaired).then(pl.lit("chosen")),
        response_ids=pl.when(is_unpaired)
        .then(pl.concat_list(key + "/completion"))
        .otherwise(pl.concat_list(key + "/chosen", key + "/rejected")),
        is_order_known=pl.lit(value=False),
        chosen=pl.when(~is_unpaired).then(pl.lit([True, False], pl.List(pl.Boolean))),
        scores=pl.when(is_unpaired)
        .then(pl.concat_list(pl.col("label").cast(pl.Float64)))
        .when(has_scores)
        .then(pl.concat_list("first_score", "second_score")),
        raw_values=pl.when(is_unpaired).then(pl.concat_list("label_raw")),
        scale_min=pl.when(is_unpaired).then(0.0),
        scale_max=pl.when(is_unpaired).then(1.0),
        **origin,
    )
    return conform(judgments, table_schema("judgments"))


def _flags(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    is_bare = (pl.col("form") == "implicit") & (pl.col("prompt").list.len() == 0)
    is_string = pl.col("form") == "implicit-string"
    found = (
        pl.when(is_string)
        .then(pl.lit("implicit-string"))
        .when(is_bare)
        .then(pl.lit("no-shared-prompt"))
    )
    flags = rows.select(id="prompt_id", flag=found).filter(pl.col("flag").is_not_null())
    flags = flags.with_columns(
        source=pl.lit(name),
        subject=pl.lit("prompts"),
        reason=pl.col("flag").replace_strict(_FLAGS, return_dtype=pl.String),
        stage=pl.lit("ingest"),
    )
    return conform(flags, table_schema("flags"))
