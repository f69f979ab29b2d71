from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.protocols import Context
from prefdata.stages.make_pairs import MakePairs, make_pairs

if TYPE_CHECKING:
    from prefdata.protocols import StageResult

__all__: list[str] = []


def _vote(build: Any, **params: Any) -> StageResult:
    return make_pairs.run(build.lazy(), MakePairs(aggregate="majority", **params), Context())


def _rules(result: StageResult) -> dict[str, str]:
    assert result.rejects is not None
    assert result.rows_in == result.rows_out + result.rejects.height
    return dict(result.rejects.select("id", "rule").iter_rows())


def _ask(build: Any, prompt: str, *texts: str) -> None:
    build.prompt(prompt, "Hi")
    for key, text in zip("abcd", texts, strict=False):
        build.response(f"{prompt}/{key}", text)


def test_votes_are_pooled_by_words_and_not_by_letter(build: Any) -> None:
    _ask(build, "p", "one", "two")
    _ask(build, "q", "two", "one")
    _ask(build, "r", "one", "two")
    build.choose("p/x/overall", "ab", "a")
    build.choose("q/y/overall", "ab", "b")
    build.choose("r/z/overall", "ab", "b")
    result = _vote(build)
    (row,) = result.tables["pairs"].to_dicts()
    assert (row["chosen_id"], row["rejected_id"], row["prompt_id"]) == ("p/a", "p/b", "p")
    assert row["margin"] == pytest.approx(1 / 3)
    assert row["margin_unit"] == "share of votes"
    assert row["n_votes"] == 3
    assert row["rule"] == "pairs-majority"
    assert (row["judgment_id"], row["annotator_id"], row["strength"]) == (None, None, None)
    assert _rules(result) == {}


def test_other_candidates_are_another_vote(build: Any) -> None:
    _ask(build, "p", "one", "two")
    _ask(build, "q", "one", "two", "three")
    build.choose("p/x/overall", "ab", "a")
    build.choose("q/y/overall", "abc", "b", protocol="pairwise")
    assert _vote(build).tables["pairs"].height == 3


def test_the_pairs_of_a_best_of_k_follow_the_counts(build: Any) -> None:
    _ask(build, "p", "one", "two", "three", "four")
    for number, key in enumerate("aaabbd"):
        build.choose(f"p/{number}/overall", "abcd", key, protocol="best_of_k")
    pairs = _vote(build).tables["pairs"]
    named = pairs.select("chosen_id", "rejected_id").iter_rows()
    votes = dict(zip(named, pairs["margin"] * 6, strict=True))
    assert {pair: round(lead) for pair, lead in votes.items()} == {
        ("p/a", "p/b"): 1,
        ("p/a", "p/c"): 3,
        ("p/a", "p/d"): 2,
        ("p/b", "p/c"): 2,
        ("p/b", "p/d"): 1,
        ("p/d", "p/c"): 1,
    }


def test_a_tie_is_a_vote_for_neither(build: Any) -> None:
    _ask(build, "p", "one", "two")
    build.choose("p/x/overall", "ab", "a")
    build.judge("p/y/overall", "ab", outcome="tie")
    build.judge("p/z/overall", "ab", outcome="not_given")
    build.judge("p/w/overall", "ab", outcome="both_bad")
    result = _vote(build)
    (row,) = result.tables["pairs"].to_dicts()
    assert (row["margin"], row["n_votes"]) == (0.5, 2)
    assert _rules(result) == {"p/z/overall": "not-given", "p/w/overall": "both-bad"}


def test_an_even_vote_is_a_tie(build: Any) -> None:
    _ask(build, "p", "one", "two")
    build.choose("p/x/overall", "ab", "a")
    build.choose("p/y/overall", "ab", "b")
    result = _vote(build)
    assert result.tables["pairs"].is_empty()
    assert _rules(result) == {"p/x/overall": "tie", "p/y/overall": "tie"}


def test_identical_candidates_have_one_vote(build: Any) -> None:
    _ask(build, "p", "one", "one", "two")
    build.choose("p/x/overall", "abc", "ab", protocol="best_of_k")
    build.choose("p/y/overall", "abc", "c", protocol="best_of_k")
    assert _vote(build).tables["pairs"].is_empty()


def test_ratings_are_votes_for_the_higher(build: Any) -> None:
    _ask(build, "p", "one", "two")
    build.rate("p/x/overall", "ab", 9, 1)
    build.rate("p/y/overall", "ab", 1, 2)
    build.rate("p/z/overall", "ab", 3, 9)
    result = _vote(build, tie_band=1)
    assert result.tables["pairs"].is_empty()
    assert _vote(build).tables["pairs"]["chosen_id"].to_list() == ["p/b"]
    assert _rules(result) == {
        "p/x/overall": "tie",
        "p/y/overall": "within-tie-band",
        "p/z/overall": "tie",
    }
