"""Two verdicts of one judge on the same responses are one preference, or a tie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefdata.stages._make_pairs.orders import merge_orders

if TYPE_CHECKING:
    import polars as pl

__all__: list[str] = []

_verdict = st.sampled_from(["a", "b", ""])


def _say(build: Any, name: str, keys: str, chosen: str, *p: float, aspect: str = "overall") -> None:
    """Add a verdict of the judge ``m`` on the responses in the order shown."""
    scores = {"scores": list(p), "scale_min": 0.0, "scale_max": 1.0} if p else {}
    marks = [key == chosen for key in keys]
    outcome = "chosen" if chosen else "tie"
    build.judge(f"p/m/{aspect}", keys, judgment_id=name, outcome=outcome, chosen=marks, **scores)


def _merged(build: Any) -> pl.DataFrame:
    return merge_orders(build.frames()["judgments"]).judgments


def _choice(row: dict[str, Any]) -> str:
    names = [
        name[-1] for name, is_it in zip(row["response_ids"], row["chosen"], strict=True) if is_it
    ]
    return "".join(names)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=_verdict, second=_verdict)
def test_a_choice_is_one_that_both_orders_agree_on(build: Any, first: str, second: str) -> None:
    build.rows.clear()
    _say(build, "one", "ab", first)
    _say(build, "two", "ba", second)
    merged = merge_orders(build.frames()["judgments"])
    (row,) = merged.judgments.to_dicts()
    is_agreed = first == second != ""
    assert row["outcome"] == ("chosen" if is_agreed else "tie")
    assert _choice(row) == (first if is_agreed else "")
    assert row["judgment_id"] == "one+two"
    assert merged.n_votes.to_list() == [2]
    assert merged.of_judgments.to_list() == [0, 0]


def test_scores_are_means_over_both_orders(build: Any) -> None:
    _say(build, "one", "ab", "a", 0.9, 0.1)
    _say(build, "two", "ba", "b", 0.6, 0.3)
    (row,) = _merged(build).to_dicts()
    assert row["response_ids"] == ["p/a", "p/b"]
    assert row["scores"] == pytest.approx([0.6, 0.35])
    assert (row["scale_min"], row["scale_max"], row["outcome"]) == (0.0, 1.0, "tie")


def test_a_single_verdict_stays_as_it_is(build: Any) -> None:
    _say(build, "one", "ba", "a", 0.1, 0.9)
    frame = build.frames()["judgments"]
    (row,) = _merged(build).to_dicts()
    for name in ("judgment_id", "response_ids", "chosen", "scores", "outcome"):
        assert row[name] == frame[name].to_list()[0]


def test_annotators_aspects_and_responses_are_kept_apart(build: Any) -> None:
    _say(build, "one", "ab", "a")
    _say(build, "two", "ac", "a")
    _say(build, "three", "ba", "b", aspect="tone")
    build.choose("p/n/overall", "ba", "a", judgment_id="four")
    _say(build, "five", "ba", "a")
    merged = merge_orders(build.frames()["judgments"])
    assert merged.judgments["judgment_id"].to_list() == ["five+one", "two", "three", "four"]
    assert merged.of_judgments.to_list() == [0, 1, 2, 3, 0]
    assert [_choice(row) for row in merged.judgments.to_dicts()] == ["a", "a", "b", "a"]


def test_what_is_no_pairwise_judgment_is_not_merged(build: Any) -> None:
    build.rate("p/m/overall", "abc", 3, None, 5, judgment_id="one")
    build.rate("p/m/overall", "abc", 4, 4, 4, judgment_id="two")
    merged = _merged(build)
    assert merged["judgment_id"].to_list() == ["one", "two"]
    assert merged["scores"].to_list() == [[3.0, None, 5.0], [4.0, 4.0, 4.0]]
    assert merged["chosen"].to_list() == merged["outcome"].to_list() == [None, None]


def test_two_that_find_both_bad_agree_on_that(build: Any) -> None:
    for name, keys in (("one", "ab"), ("two", "ba")):
        build.judge("p/m/overall", keys, judgment_id=name, outcome="both_bad")
    assert _merged(build)["outcome"].to_list() == ["both_bad"]
