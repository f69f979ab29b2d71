"""Comparisons and votes, from pairs."""

from __future__ import annotations

import polars as pl
import pytest

from prefdata.core.errors import DataError
from prefdata.routing.votes import VOTE, read_votes
from prefdata.schema import polars_schema, table_schema
from prefdata.tables.comparisons import COMPARISON

__all__: list[str] = []

_ANNOTATORS = [("s:ann", "human", "expert"), ("s:bob", "human", None), ("s:gpt", "model", None)]


def _tables(*pairs: tuple[str, str, str | None, str]) -> dict[str, pl.LazyFrame]:
    """Make tables of pairs (chosen, rejected, annotator, step) on one prompt."""
    types = polars_schema(table_schema("pairs"))
    rows = [
        {
            "pair_id": str(number),
            "source": "s",
            "prompt_id": "s:1",
            "chosen_id": chosen,
            "rejected_id": rejected,
            "annotator_id": annotator,
            "judgment_id": f"j{number}",
            "aspect": "overall",
            "rule": "ratings" if step == "rated" else "pairs",
            "stage": step,
        }
        for number, (chosen, rejected, annotator, step) in enumerate(pairs)
    ]
    people = pl.LazyFrame(_ANNOTATORS, schema=["annotator_id", "kind", "pool"], orient="row")
    return {
        "pairs": pl.LazyFrame(rows, schema=types),
        "annotators": people,
        "prompts": pl.LazyFrame({"prompt_id": ["s:1"], "content_hash": ["h"]}),
    }


def test_a_vote_is_for_a_or_b_whoever_was_chosen() -> None:
    found = read_votes(
        _tables(("x", "y", "s:ann", "made"), ("y", "x", "s:gpt", "judged")), ["made", "judged"]
    )
    (comparison,) = found.comparisons.rows(named=True)
    assert {comparison["response_a_id"], comparison["response_b_id"]} == {"x", "y"}
    labels = dict(found.votes.select("annotator_id", "label").iter_rows())
    is_x_a = comparison["response_a_id"] == "x"
    assert labels == {"s:ann": float(is_x_a), "s:gpt": float(not is_x_a)}
    assert found.of(is_ai=True)["annotator_id"].to_list() == ["s:gpt"]
    assert found.of(is_ai=False)["pool"].to_list() == ["expert"]


def test_two_pairs_each_way_are_one_tie() -> None:
    found = read_votes(_tables(("x", "y", "s:ann", "made"), ("y", "x", "s:ann", "made")), ["made"])
    assert found.votes["label"].to_list() == [0.5]


def test_steps_that_are_not_named_are_not_read() -> None:
    tables = _tables(("x", "y", "s:ann", "made"), ("x", "y", "s:bob", "other"))
    assert read_votes(tables, ["made"]).votes["annotator_id"].to_list() == ["s:ann"]


def test_ratings_and_choices_are_told_apart() -> None:
    tables = _tables(("x", "y", "s:ann", "made"), ("x", "y", "s:bob", "rated"))
    assert read_votes(tables, ["made", "rated"]).votes["protocol"].to_list() == [
        "pairwise",
        "rating",
    ]


def test_aggregates_are_refused() -> None:
    with pytest.raises(DataError, match="no annotator stands behind"):
        read_votes(_tables(("x", "y", None, "made")), ["made"])


def test_nothing_is_a_table_without_rows() -> None:
    found = read_votes(_tables(), ["made"])
    assert found.comparisons.schema == pl.Schema(COMPARISON)
    assert found.votes.schema == pl.Schema(VOTE)
