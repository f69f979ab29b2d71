"""Comparisons that people and the AI have judged, with their texts and features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.routing.features.names import DIMENSIONS, TEXT_FEATURES
from prefdata.routing.votes import read_votes
from prefdata.tables.identity import hash_tuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefdata.reports._hyper_files.params import HyperFiles

__all__ = ["labelled"]

_HALF = 0.5
_DEGREE = "$.highest_level_degree"


def labelled(tables: Mapping[str, pl.LazyFrame], params: HyperFiles) -> pl.DataFrame:
    """Return a row for each comparison with both labels.

    Returns:
        comparison_id, source, subset, degree, prompt, response_a, response_b, model_a, model_b,
        human and ai (1 for a, 0 for b, 0.5 a tie), is_human (whether the plan asks people; null
        without a plan), the features and ``tags``; in an order that says nothing.
    """
    found = read_votes(tables, params.votes)
    comparisons = found.comparisons.filter(pl.col("aspect") == params.aspect)
    for name, is_ai in (("human", False), ("ai", True)):
        label = (
            found.of(is_ai=is_ai)
            .group_by("comparison_id")
            .agg(pl.col("label").sort().mean().alias(name))
            # What most say: a share on one side of a half is a label.
            .with_columns(
                pl.when(pl.col(name) > _HALF)
                .then(1.0)
                .when(pl.col(name) < _HALF)
                .then(0.0)
                .otherwise(_HALF)
                .alias(name)
            )
        )
        comparisons = comparisons.join(label, on="comparison_id", how="inner")
    planned = _with_plan(_with_texts(comparisons.lazy(), tables), tables, params)
    features = (
        tables["comparison_features"]
        .filter(pl.col("stage") == params.features)
        .select("comparison_id", *TEXT_FEATURES, *DIMENSIONS, "tags")
    )
    both = planned.join(features, on="comparison_id", how="inner").collect()
    drawn = hash_tuple(both, pl.lit(str(params.seed)), "comparison_id").alias("drawn")
    return both.with_columns(drawn).sort("source", "drawn", "comparison_id").drop("drawn")


def _with_texts(rows: pl.LazyFrame, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Add texts and models; the prompt is the last message that is answered."""
    prompts = tables["prompts"].select(
        "prompt_id",
        "subset",
        prompt=pl.col("messages").list.last().struct.field("content"),
        degree=pl.col("raw").str.json_path_match(_DEGREE),
    )
    rows = rows.join(prompts, on="prompt_id", how="left")
    for side in "ab":
        responses = tables["responses"].select(
            pl.col("response_id").alias(f"response_{side}_id"),
            pl.col("text").alias(f"response_{side}"),
            pl.col("model").alias(f"model_{side}"),
        )
        rows = rows.join(responses, on=f"response_{side}_id", how="left")
    return rows


def _with_plan(
    rows: pl.LazyFrame, tables: Mapping[str, pl.LazyFrame], params: HyperFiles
) -> pl.LazyFrame:
    plan = tables["routes"].filter(pl.col("stage") == pl.lit(params.route_from, pl.String))
    asked = plan.select("comparison_id", "plan_id", is_human=pl.col("arm") != "ai")
    return rows.join(asked, on="comparison_id", how="left")
