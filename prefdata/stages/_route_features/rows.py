"""Rows of `comparison_features` from what came with the data, and what is made here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.fingerprint import canonical_json
from prefdata.routing.features.bins import bin_tags
from prefdata.routing.features.imported import IMPORTED
from prefdata.routing.features.names import DIMENSIONS, TEXT_FEATURES
from prefdata.routing.features.prompt_tags import prompt_tags
from prefdata.routing.features.texts import cosines, text_features
from prefdata.tables.messages import with_system
from prefdata.texts.normal import is_blank
from prefdata.vectors.models import resolved

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prefdata.protocols import EmbedderParams, Vectors
    from prefdata.stages._route_features.tagging import Tagged

__all__ = ["Described", "describe_texts", "feature_rows", "only_pairs", "with_prompts"]

_COLUMNS = (
    "comparison_id",
    "prompt_id",
    "response_a_id",
    "response_b_id",
    "aspect",
    *TEXT_FEATURES,
    *DIMENSIONS,
    "tags",
    "tagger",
    "embedder",
    "settings",
)


@dataclass(frozen=True, slots=True)
class Described:
    """Features of the texts of some comparisons."""

    rows: pl.DataFrame
    """``comparison_id``, `TEXT_FEATURES`, and ``embedder``."""
    notes: tuple[str, ...] = ()


def only_pairs(compared: pl.DataFrame, imported: pl.DataFrame) -> pl.DataFrame:
    """Return the features of texts that came with the data, comparison by comparison.

    They are numbers of two responses, but lie with their prompt: where a prompt has more than two
    that are compared, nobody knows which two are meant.

    Args:
        compared: Comparisons, as `read_votes` gives them.
        imported: Columns of `IMPORTED`.

    Returns:
        ``comparison_id`` and `TEXT_FEATURES` of those that have them.
    """
    pair = pl.struct("response_a_id", "response_b_id")
    alone = compared.filter(pair.n_unique().over("prompt_id") == 1)
    given = imported.filter(pl.col("has_texts")).select("prompt_id", *TEXT_FEATURES)
    return alone.join(given, on="prompt_id", maintain_order="left").select(
        "comparison_id", *TEXT_FEATURES
    )


def describe_texts(
    compared: pl.DataFrame,
    tables: Mapping[str, pl.LazyFrame],
    vectors: Vectors,
    model: EmbedderParams,
    *,
    tokenizer: Path | None,
    step: str,
) -> Described:
    """Compute the features of the texts of comparisons.

    Args:
        compared: The comparisons.
        tables: ``prompts`` and ``responses``.
        vectors: Where vectors come from.
        model: The embedder.
        tokenizer: In whose tokens lengths are counted; null for words.
        step: The step that asks for vectors.
    """
    if compared.is_empty():
        schema = {"comparison_id": pl.String, **dict.fromkeys(TEXT_FEATURES, pl.Float64)}
        return Described(pl.DataFrame(schema=schema | {"embedder": pl.String}))
    keyed, responses = _responses(compared, tables["responses"])
    element = pl.element().struct
    prompts = (
        tables["prompts"]
        .join(compared.lazy().select("prompt_id").unique(), on="prompt_id", how="semi")
        .select(key="prompt_id", text=with_system().list.eval(element["content"]).list.join("\n\n"))
        .collect()
    )
    features = text_features(keyed, prompts, responses, tokenizer)
    found = vectors.get(
        responses.filter(~is_blank("text")).select("text", content_hash="key"),
        subject="responses",
        view="text",
        model=model,
        step=step,
    )
    cut = f"{found.n_truncated:,} responses are too long for the embedder: it read how they begin"
    name = f"{resolved(model).model}@{found.embedder}"
    return Described(
        features.with_columns(cosines(keyed, found).alias("cosine_sim")).select(
            keyed["comparison_id"], *TEXT_FEATURES, embedder=pl.lit(name)
        ),
        (cut,) if found.n_truncated else (),
    )


def _responses(
    compared: pl.DataFrame, responses: pl.LazyFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the keys of the texts of comparisons, and the distinct texts of their responses."""
    sides = {"a": "response_a_id", "b": "response_b_id"}
    wanted = pl.concat(compared.select(response_id=name) for name in sides.values()).unique()
    rows = (
        responses.join(wanted.lazy(), on="response_id", how="semi")
        .select("response_id", "text", key="content_hash")
        .collect()
    )
    keyed = compared.select("comparison_id", *sides.values(), prompt="prompt_id")
    for side, name in sides.items():
        keys = rows.select(**{name: "response_id", side: "key"})
        keyed = keyed.join(keys, on=name, how="left", maintain_order="left")
    return keyed, rows.select("key", "text").unique("key").sort("key")


def with_prompts(imported: pl.DataFrame, made: Tagged) -> pl.DataFrame:
    """Put the dimensions of prompts together: those that came with the data, and the others.

    Args:
        imported: Columns of `IMPORTED`.
        made: Of the prompts for which none came.

    Returns:
        ``prompt_id``, `DIMENSIONS`, ``tagger`` and ``tagged_by`` (JSON).
    """
    came = imported.filter(pl.col("has_tags")).select(
        "prompt_id",
        *DIMENSIONS,
        tagger=pl.lit("imported"),
        tagged_by=pl.lit(canonical_json({})),
    )
    ours = made.rows.select(
        "prompt_id",
        *(pl.col(name).cast(IMPORTED[name]) for name in DIMENSIONS),
        tagger=pl.lit(made.tagger),
        tagged_by=pl.lit(canonical_json(made.settings)),
    )
    return pl.concat([came, ours])


def feature_rows(compared: pl.DataFrame, bins: pl.DataFrame) -> pl.DataFrame:
    """Return rows of `comparison_features`, without source and stage, which the runner fills.

    Args:
        compared: Comparisons with all features, ``tagger``, ``embedder`` and ``settings``.
        bins: Bins of `prefdata.routing.features.bins.feature_bins`.
    """
    of_texts = bin_tags(compared, bins).select(
        pl.concat_list(pl.col(TEXT_FEATURES)).list.drop_nulls().alias("tags")
    )["tags"]
    tags = pl.select(
        pl.concat_list(of_texts, prompt_tags(compared)).list.sort().alias("tags")
    ).to_series()
    return compared.with_columns(tags).select(_COLUMNS)
