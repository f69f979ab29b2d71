"""Votes of principles beside the labels of annotators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from prefdata.constitution.ballots import (
    NOT_APPLICABLE,
    read_ballots,
    read_principles,
    vote_matrix,
)
from prefdata.constitution.labels import read_comparisons
from prefdata.core.errors import DataError
from prefdata.schema import polars_schema, table_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__: list[str] = []


def _frame(table: str, rows: list[dict[str, Any]]) -> pl.LazyFrame:
    return pl.LazyFrame(rows, schema=polars_schema(table_schema(table)))


def _tables(votes: Mapping[str, Mapping[str, list[int | None]]]) -> dict[str, pl.LazyFrame]:
    """Make tables of three pairs on prompts 1 to 3, and votes by step and prompt."""
    common: dict[str, Any] = {"source": "s", "aspect": "overall", "stage": "made", "rule": "choice"}
    pairs = [
        common
        | {"pair_id": n, "prompt_id": n, "chosen_id": f"x{n}", "rejected_id": f"y{n}"}
        | {"annotator_id": "s:ann", "judgment_id": n}
        for n in "123"
    ]
    prompts: list[dict[str, Any]] = [
        {"prompt_id": n, "content_hash": n, "messages": [{"role": "user", "content": n}]}
        for n in "123"
    ]
    tables = {
        "pairs": _frame("pairs", pairs),
        "prompts": _frame("prompts", prompts),
        "responses": _frame("responses", []),
        "annotators": _frame("annotators", [{"annotator_id": "s:ann", "kind": "human"}]),
    }
    compared = read_comparisons(tables, ["made"])
    ids = dict(compared.select("prompt_id", "comparison_id").iter_rows())
    cast = [
        {"comparison_id": ids[prompt], "votes": given, "stage": step}
        for step, of in votes.items()
        for prompt, given in of.items()
    ]
    principles = [
        {"principle_id": f"p{place}", "position": place, "stage": step, "source": "s"}
        for step, of in votes.items()
        for place in range(max(len(given) for given in of.values()))
    ]
    return tables | {"votes": _frame("votes", cast), "principles": _frame("principles", principles)}


def test_votes_stand_in_the_order_of_principles_and_null_is_a_code() -> None:
    found = read_ballots(
        _tables({"factors": {"1": [1, None], "2": [-1, 0], "3": [2, -2]}}),
        pairs=["made"],
        votes=["factors"],
    )
    by_prompt = dict(zip(found.comparisons["prompt_id"], found.votes.tolist(), strict=True))
    assert by_prompt == {"1": [1, NOT_APPLICABLE], "2": [-1, 0], "3": [2, -2]}
    assert found.signed.tolist() == [
        [vote if abs(vote) == 1 else 0 for vote in row] for row in found.votes.tolist()
    ]
    assert found.labels["at"].to_list() == [0, 1, 2]


def test_only_comparisons_that_every_step_voted_on_are_kept() -> None:
    found = read_ballots(
        _tables({"one": {"1": [1], "2": [1], "3": [1]}, "two": {"2": [0, -1]}}),
        pairs=["made"],
        votes=["two", "one"],
    )
    assert found.comparisons["prompt_id"].to_list() == ["2"]
    assert found.n_left_out == 2
    # `p0` of the second step has the words of `p0` of the first.
    assert found.principles.select("principle_id", "stage").rows() == [("p0", "two"), ("p1", "two")]
    assert found.votes.tolist() == [[0, -1]]
    assert found.labels["at"].to_list() == [0]


def test_a_step_that_wrote_nothing_has_no_say() -> None:
    tables = _tables({"one": {"1": [1], "2": [0]}})
    found = read_ballots(tables, pairs=["made"], votes=["one", "a model that was not asked"])
    assert found.comparisons.height == 2
    assert read_ballots(tables, pairs=["made"], votes=["none"]).votes.shape == (3, 0)


def test_ties_can_be_left_out() -> None:
    found = read_ballots(_tables({"one": {"1": [1]}}), pairs=["made"], votes=["one"])
    tied = found.of_labels(pl.Series([True]))
    assert tied.decided().labels.height == 1
    assert found.of_labels(pl.Series([False])).labels.height == 0


def test_nothing_is_a_matrix_without_rows() -> None:
    found = read_ballots(_tables({"one": {"1": [1]}}), pairs=["none"], votes=["one"])
    assert found.votes.shape == (0, 1)


def test_a_list_of_another_length_is_refused() -> None:
    with pytest.raises(DataError, match="1 rows of the step x"):
        vote_matrix(pl.Series([[1], [1, 2]]), 1, "x")
    assert np.array_equal(vote_matrix(pl.Series([[1], [None]]), 1, "x"), [[1], [NOT_APPLICABLE]])


def test_principles_come_step_by_step() -> None:
    tables = _tables({"b": {"1": [1, 1]}, "a": {"1": [1]}})
    assert read_principles(tables, ["b", "a"]).select("stage", "position").rows() == [
        ("b", 0),
        ("b", 1),
        ("a", 0),
    ]
