from __future__ import annotations

from typing import Any

import pytest

from prefdata.stages._make_pairs.cases import cases_of, mean_cases_of

__all__: list[str] = []

_NO_TIES: dict[str, bool] = {
    "is_several_skipped": False,
    "has_tied_pairs": False,
    "is_bad_a_tie": False,
}


@pytest.mark.parametrize(
    ("rule", "keys", "said", "refusal"),
    [
        ("auto", "ab", {"protocol": "likert"}, "not-comparable"),
        ("pairs", "ab", {"protocol": "best_of_k", "outcome": "tie"}, "not-comparable"),
        ("labels", "ab", {"protocol": "rating", "outcome": "tie"}, "not-comparable"),
        ("choice", "ab", {"protocol": "rating", "scores": [1.0, 2.0]}, "not-comparable"),
        ("auto", "a", {"outcome": "chosen", "chosen": [True]}, "one-response"),
        ("auto", "ab", {"outcome": "tie"}, "tie"),
        ("auto", "ab", {"outcome": "both_bad"}, "both-bad"),
        ("auto", "ab", {"outcome": "not_given"}, "not-given"),
        ("auto", "ab", {"chosen": [False, False]}, "not-given"),
        ("auto", "ab", {"outcome": "chosen", "chosen": [True, True]}, "several-chosen"),
        ("choice", "abc", {"outcome": "chosen", "chosen": [True, True, False]}, None),
        ("ratings", "ab", {}, "missing-score"),
        ("ratings", "ab", {"scores": [1.0, None]}, "missing-score"),
        ("ratings", "abc", {"scores": [1.0, None, 1.0], "outcome": "tie"}, None),
        ("auto", "ab", {"outcome": "chosen", "chosen": [True, False]}, None),
    ],
)
def test_a_case_says_why_it_yields_nothing(
    build: Any, rule: str, keys: str, said: dict[str, Any], refusal: str | None
) -> None:
    build.judge("p/x/overall", keys, **said)
    cases = cases_of(build.frames()["judgments"], rule=rule, **_NO_TIES)
    assert cases.frame["refusal"].to_list() == [refusal]


def test_ties_are_open_when_they_are_to_become_pairs(build: Any) -> None:
    build.judge("p/x/overall", "ab", outcome="tie")
    build.judge("p/y/overall", "ab", outcome="both_bad")
    judgments = build.frames()["judgments"]
    ties = cases_of(judgments, rule="auto", **(_NO_TIES | {"has_tied_pairs": True}))
    assert ties.frame["refusal"].to_list() == [None, "both-bad"]
    both = cases_of(
        judgments, rule="auto", **(_NO_TIES | {"has_tied_pairs": True, "is_bad_a_tie": True})
    )
    assert both.frame["refusal"].to_list() == [None, None]


def test_several_chosen_can_be_skipped(build: Any) -> None:
    build.choose("p/x/overall", "abc", "ab")
    cases = cases_of(
        build.frames()["judgments"], rule="choice", **(_NO_TIES | {"is_several_skipped": True})
    )
    assert cases.frame["refusal"].to_list() == ["several-chosen"]


def test_means_join_the_judgments_of_one_annotator_on_one_prompt(build: Any) -> None:
    build.rate("p/x/honesty", "ab", 1, 2)
    build.rate("p/y/honesty", "ab", 1, None)
    build.rate("p/x/helpfulness", "ba", 4, None)
    build.rate("q/x/helpfulness", "a", 4, scale_max=None)
    cases = mean_cases_of(build.frames()["judgments"])
    assert cases.of_judgments.to_list() == [0, 1, 0, 2]
    assert cases.frame["scores"].to_list() == [[1.0, 3.0], [1.0, None], [4.0]]
    assert cases.frame["n_votes"].to_list() == [2, 1, 1]
    assert cases.frame["refusal"].to_list() == [None, "missing-score", "one-response"]
    assert cases.frame["unit"].to_list() == ["points of 1-10"] * 2 + ["points"]
