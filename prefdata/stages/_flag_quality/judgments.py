"""Findings about judgments: identical candidates, no or several choices, repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.stages._findings import findings

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["flags_of_judgments"]

_DECIDED = ("chosen", "tie", "both_bad")


def flags_of_judgments(
    judgments: pl.DataFrame, prompts: pl.DataFrame, responses: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    """Yield the findings on judgments, kind by kind."""
    yield _identical(judgments, responses)
    n_chosen = pl.col("chosen").list.sum()
    yield findings(
        judgments.filter(n_chosen > 1),
        key="judgment_id",
        subject="judgments",
        flag="several-chosen",
        reason="More than one response is chosen.",
        value=n_chosen,
    )
    was_asked = pl.col("protocol").is_in(["pairwise", "best_of_k"]) | (
        pl.col("outcome") == "not_given"
    ).fill_null(value=False)
    is_decided = (n_chosen > 0) | pl.col("outcome").is_in(_DECIDED)
    yield findings(
        judgments.filter(was_asked & ~is_decided.fill_null(value=False)),
        key="judgment_id",
        subject="judgments",
        flag="no-choice",
        reason="A choice was asked for, and none was given.",
    )
    yield from _again(judgments, prompts, responses)


def _identical(judgments: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """Find judgments in which candidates have the same words."""
    words = ("prompt_id", "content_hash")
    # Words that come twice in the source are few; only those can come twice in a prompt.
    twins = (
        responses.select("response_id", *words)
        .filter(pl.col("content_hash").is_duplicated())
        .filter(pl.struct(words).is_duplicated())
    )
    shown = _shown(judgments, twins["prompt_id"]).join(
        twins.select("response_id", "content_hash"), on="response_id"
    )
    equal = (
        shown.unique(["index", "response_id"])
        .group_by("index", "content_hash")
        .len("count")
        .filter(pl.col("count") > 1)
        .group_by("index")
        .agg(pl.col("count").sum())
    )
    return findings(
        judgments.with_row_index().join(equal, on="index", maintain_order="left"),
        key="judgment_id",
        subject="judgments",
        flag="identical-responses",
        reason=pl.format("{} of the responses shown have the words of another.", "count"),
        value="count",
    )


def _shown(judgments: pl.DataFrame, prompts: pl.Series) -> pl.DataFrame:
    """Return index and response_id of the candidates of judgments on given prompts."""
    touched = judgments.with_row_index().filter(
        pl.col("prompt_id").is_in(prompts.unique().implode())
    )
    return touched.select("index", response_id="response_ids").explode("response_id")


def _again(
    judgments: pl.DataFrame, prompts: pl.DataFrame, responses: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    """Find choices of one annotator over the same words, for the same aspect.

    The words of the candidates are compared as a set, and so are those of the chosen ones: the
    order in which they were shown does not matter.
    """
    repeated = prompts.filter(pl.col("content_hash").is_duplicated())
    decided = judgments.filter(pl.col("chosen").list.any().fill_null(value=False))
    shown = (
        decided.with_row_index()
        .join(repeated.select("prompt_id", asked="content_hash"), on="prompt_id")
        .filter(pl.struct("asked", "annotator_id", "aspect").is_duplicated())
        .select("index", "asked", "annotator_id", "aspect", "response_ids", "chosen")
        .explode("response_ids", "chosen")
        .join(
            responses.select(response_ids="response_id", words="content_hash"),
            on="response_ids",
            how="left",
        )
    )
    words = pl.col("words").unique().sort().str.join("")
    sets = shown.group_by("index", "asked", "annotator_id", "aspect", maintain_order=True).agg(
        shown=words, picked=pl.col("words").filter("chosen").unique().sort().str.join("")
    )
    same = ["asked", "annotator_id", "aspect", "shown"]
    sets = sets.with_columns(n=pl.len().over(same), n_same=pl.len().over([*same, "picked"])).filter(
        pl.col("n") > 1
    )
    rows = decided.with_row_index().join(sets, on="index", maintain_order="left")
    yield findings(
        rows.filter(pl.col("n_same") > 1),
        key="judgment_id",
        subject="judgments",
        flag="same-judgment-again",
        reason="The annotator made the same choice over the same words more than once.",
        value="n_same",
    )
    yield findings(
        rows.filter(pl.col("n") > pl.col("n_same")),
        key="judgment_id",
        subject="judgments",
        flag="opposite-judgment",
        reason="The annotator also made another choice over the same words.",
        value=pl.col("n") - pl.col("n_same"),
    )
