"""Votes add up to what a constitution says, or to nothing where one is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.constitution.applied import FAILED_VOTE, MISSING_VOTE, Said, say

__all__: list[str] = []

_PLACES = pl.DataFrame(
    {
        "sentence": ["first", "second", "third"],
        "voting": ["x", "y", "x"],
        "position": [1, 0, 0],
        "odds": [1.0, -0.5, 0.5],
    }
)
_VOTE = st.sampled_from([1, -1, 0, 2, None])


def _say(x: dict[str, list[Any]], y: dict[str, list[Any]], **how: float) -> Said:
    names = sorted({*x, *y, "unseen"})
    votes = [
        {"comparison_id": name, "votes": given, "stage": step}
        for step, of in (("x", x), ("y", y))
        for name, given in of.items()
    ]
    schema: dict[str, pl.DataType] = {
        "comparison_id": pl.String(),
        "votes": pl.List(pl.Int32()),
        "stage": pl.String(),
    }
    tables = {
        "votes": pl.LazyFrame(votes, schema=schema),
        "principles": pl.LazyFrame({"stage": ["x", "x", "y"]}),
    }
    return say(pl.DataFrame({"comparison_id": names}), _PLACES, tables, **how)


def test_each_vote_counts_by_its_weight_and_end() -> None:
    found = _say({"c": [1, 1]}, {"c": [1]})
    assert found.comparisons.row(0)[:2] == ("c", 1.0)
    assert found.comparisons["probability"][0] == pytest.approx(1 / (1 + np.exp(-1.0)))
    assert found.comparisons["side"][0] == 1.0
    assert found.claims[0].tolist() == [1.0, -0.5, 0.5]
    assert found.votes[0].tolist() == [1, -1, 1]


def test_what_is_missing_or_failed_is_told_and_no_tie() -> None:
    found = _say({"a": [0, 1], "b": [-2, 1], "c": [0, 1]}, {"a": [0], "b": [0]})
    assert found.comparisons.select("comparison_id", "rule", "side").rows() == [
        ("a", None, 1.0),
        ("b", FAILED_VOTE, None),
        ("c", MISSING_VOTE, None),
        ("unseen", MISSING_VOTE, None),
    ]


def test_a_score_below_the_margin_is_a_tie() -> None:
    votes: dict[str, list[Any]] = {"equal": [1, 1], "weak": [0, None], "strong": [0, 1]}
    found = _say(votes, {"equal": [2], "weak": [-1], "strong": [0]}, margin=0.75)
    sides = dict(found.comparisons.select("comparison_id", "side").iter_rows())
    assert sides == {"equal": 1.0, "weak": 0.0, "strong": 1.0, "unseen": None}
    level = _say({"c": [-1, 0]}, {"c": [-1]})
    assert level.comparisons.row(0)[1:4] == (0.0, 0.5, 0.0)


def test_the_reason_is_what_weighs_most_on_the_other_side() -> None:
    found = _say({"c": [-1, 1]}, {"c": [1]})
    rows, sides = np.array([0, 0]), np.array([1.0, -1.0])
    # Against a speak the second and the third by half; against b the first.
    assert found.reasons_against(rows, sides) == [1, 0]


@settings(max_examples=30)
@given(_VOTE, _VOTE, _VOTE)
def test_exchanging_a_and_b_turns_the_verdict(one: Any, two: Any, three: Any) -> None:
    def turned(vote: int | None) -> int | None:
        return -vote if vote in {1, -1} else vote

    found = _say({"c": [one, two]}, {"c": [three]}).comparisons.row(0, named=True)
    other = _say({"c": [turned(one), turned(two)]}, {"c": [turned(three)]})
    back = other.comparisons.row(0, named=True)
    assert (found["score"], found["side"]) == (-back["score"], -back["side"])
    assert found["probability"] == pytest.approx(1 - back["probability"])
