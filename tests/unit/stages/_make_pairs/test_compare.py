from __future__ import annotations

from typing import Any

from prefdata.protocols import Context
from prefdata.stages.make_pairs import MakePairs, make_pairs

__all__: list[str] = []


def _rules(build: Any, **params: Any) -> dict[str, str]:
    result = make_pairs.run(build.lazy(), MakePairs(**params), Context())
    assert result.rejects is not None
    assert result.rows_in == result.rows_out + result.rejects.height
    return dict(result.rejects.select("id", "rule").iter_rows())


def _pairs(build: Any, **params: Any) -> list[tuple[str, str]]:
    result = make_pairs.run(build.lazy(), MakePairs(**params), Context())
    return list(result.tables["pairs"].select("chosen_id", "rejected_id").iter_rows())


def _ask(build: Any, prompt: str, *texts: str) -> None:
    build.prompt(prompt, "Hi")
    for key, text in zip("abcd", texts, strict=False):
        build.response(f"{prompt}/{key}", text)


def test_scores_within_the_band_are_equal(build: Any) -> None:
    _ask(build, "p", "one", "two", "three")
    build.rate("p/x/overall", "abc", 1, 3, 9)
    build.rate("p/y/overall", "ab", 1, 3)
    build.rate("p/z/overall", "ab", 3, 3)
    assert _pairs(build, aspect="overall", tie_band=2) == [("p/c", "p/a"), ("p/c", "p/b")]
    assert _rules(build, tie_band=2) == {"p/y/overall": "within-tie-band", "p/z/overall": "tie"}
    assert _rules(build) == {"p/z/overall": "tie"}


def test_a_missing_score_leaves_the_others_comparable(build: Any) -> None:
    _ask(build, "p", "one", "two", "three")
    build.rate("p/x/overall", "abc", 1, None, 9)
    build.judge("p/y/overall", "abc", protocol="rating")
    assert _pairs(build) == [("p/c", "p/a")]
    assert _rules(build) == {"p/y/overall": "missing-score"}


def test_several_chosen_stand_over_the_unchosen(build: Any) -> None:
    _ask(build, "p", "one", "two", "three")
    build.choose("p/x/overall", "abc", "ac", protocol="best_of_k")
    assert _pairs(build) == [("p/a", "p/b"), ("p/c", "p/b")]
    assert _rules(build, several_chosen="skip") == {"p/x/overall": "several-chosen"}


def test_identical_words_make_no_pair(build: Any) -> None:
    _ask(build, "p", "one", "one", "two")
    build.choose("p/x/overall", "ab", "a")
    build.choose("p/y/overall", "abc", "a", protocol="best_of_k")
    assert _pairs(build) == [("p/a", "p/c")]
    assert _rules(build) == {"p/x/overall": "identical-responses"}
    assert _rules(build, identical="keep") == {}


def test_empty_responses_make_no_pair_when_asked(build: Any) -> None:
    _ask(build, "p", "", "one", " ")
    build.choose("p/x/overall", "ab", "a")
    build.choose("p/y/overall", "abc", "b", protocol="best_of_k")
    build.choose("p/z/overall", "bc", "b")
    assert len(_pairs(build)) == 4
    assert set(_rules(build, empty="skip")) == {"p/x/overall", "p/y/overall", "p/z/overall"}
    assert set(_rules(build, empty="skip").values()) == {"empty-response"}


def test_pairs_come_in_the_order_of_the_judgments(build: Any) -> None:
    _ask(build, "p", "one", "two", "three")
    build.rate("p/x/overall", "cab", 1, 2, 3)
    build.choose("p/y/overall", "ab", "b")
    build.rate("p/z/overall", "ab", 1, 3)
    assert _pairs(build) == [
        ("p/a", "p/c"),
        ("p/b", "p/c"),
        ("p/b", "p/a"),
        ("p/b", "p/a"),
        ("p/b", "p/a"),
    ]
