from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from prefdata.protocols import Context
from prefdata.stages.make_pairs import MakePairs, make_pairs

if TYPE_CHECKING:
    import polars as pl

    from prefdata.protocols import StageResult

__all__: list[str] = []


def _run(build: Any, **params: Any) -> StageResult:
    return make_pairs.run(build.lazy(), MakePairs(**params), Context())


def _notes(build: Any, aspect: str) -> tuple[str, ...]:
    return make_pairs.notes([_run(build, aspect=aspect)], MakePairs(aspect=aspect))


def _pairs(result: StageResult) -> list[tuple[str, str]]:
    return list(result.tables["pairs"].select("chosen_id", "rejected_id").iter_rows())


def _rules(result: StageResult) -> dict[str, str]:
    assert result.rejects is not None
    assert result.rows_in == result.rows_out + result.rejects.height
    return dict(result.rejects.select("id", "rule").iter_rows())


def _ask(build: Any, prompt: str, *texts: str) -> None:
    build.prompt(prompt, "Hi")
    for key, text in zip("abcd", texts, strict=False):
        build.response(f"{prompt}/{key}", text)


def test_auto_follows_the_protocol(build: Any) -> None:
    _ask(build, "p", "one", "two", "three")
    build.choose("p/x/overall", "ab", "b")
    build.choose("p/y/overall", "abc", "b", protocol="best_of_k")
    build.rate("p/z/overall", "abc", 1, 7.5, 1)
    build.judge("p/w/overall", "a", protocol="likert", scores=[3.0])
    result = _run(build)
    pairs = result.tables["pairs"]
    assert list(pairs.select("rule", "chosen_id", "rejected_id").iter_rows()) == [
        ("pairs", "p/b", "p/a"),
        ("choice", "p/b", "p/a"),
        ("choice", "p/b", "p/c"),
        ("ratings", "p/b", "p/a"),
        ("ratings", "p/b", "p/c"),
    ]
    assert pairs["margin"].to_list() == [None, None, None, 6.5, 6.5]
    assert pairs["margin_unit"].to_list() == [None] * 3 + ["points of 1-10"] * 2
    assert _rules(result) == {"p/w/overall": "not-comparable"}


def test_only_the_aspects_asked_for_are_counted(build: Any) -> None:
    _ask(build, "p", "one", "two")
    build.rate("p/x/overall", "ab", 1, 2)
    build.rate("p/x/honesty", "ab", 2, 1)
    assert _run(build).rows_in == 2
    assert _pairs(_run(build, aspect="honesty")) == [("p/a", "p/b")]
    assert _run(build, aspect="honesty").rows_in == 1
    assert _run(build, aspect=["overall", "honesty"]).rows_in == 2
    assert not _notes(build, "honesty")
    (told,) = _notes(build, "harmlessness")
    assert "harmlessness; there are: honesty, overall" in told


def test_all_aspects_can_be_asked_for_by_word() -> None:
    assert MakePairs.model_validate({"aspect": "all"}).aspect is None
    assert MakePairs(aspect="overall").aspect == "overall"


def test_a_rule_is_the_users_choice_where_both_were_asked(build: Any) -> None:
    _ask(build, "p", "one", "two", "three")
    build.rate("p/x/overall", "abc", 50, 80, 52, outcome="chosen", chosen=[False, False, True])
    assert _pairs(_run(build, rule="ratings", tie_band=5)) == [("p/b", "p/a"), ("p/b", "p/c")]
    chosen = _run(build, rule="choice").tables["pairs"]
    assert list(chosen.select("chosen_id", "rejected_id", "margin").iter_rows()) == [
        ("p/c", "p/a", 2.0),
        ("p/c", "p/b", None),  # chosen although it was rated lower
    ]


def test_labels_keep_their_strength(build: Any) -> None:
    _ask(build, "p", "one", "two")
    build.choose("p/x/helpfulness", "ab", "b", strength="B-is-slightly-better")
    result = _run(build, rule="labels").tables["pairs"]
    assert result["strength"].to_list() == ["B-is-slightly-better"]
    assert result["rule"].to_list() == ["labels"]
    assert result["judgment_id"].to_list() == ["p/x/helpfulness"]


def test_means_over_aspects_are_taken_for_each_annotator(build: Any) -> None:
    _ask(build, "p", "one", "two")
    for aspect, scores in {
        "helpfulness": (5, 1),
        "honesty": (1, 3),
        "instruction_following": (None, 3),
        "overall": (1, 10),
    }.items():
        build.rate(f"p/x/{aspect}", "ab", *scores, scale_max=5.0)
    build.rate("p/y/honesty", "ab", 2, 2)
    result = _run(build, ratings_from="mean-aspects")
    (row,) = result.tables["pairs"].to_dicts()
    assert (row["chosen_id"], row["rejected_id"]) == ("p/a", "p/b")
    assert row["margin"] == pytest.approx(3 - 7 / 3)
    assert row["margin_unit"] == "points of 1-5"
    assert row["judgment_id"] is None
    assert row["annotator_id"] == "x"
    assert row["aspect"] == row["rule"] == "mean-aspects"
    assert row["n_votes"] == 3
    assert result.rows_in == 4
    assert _rules(result) == {"p/y/honesty": "tie"}


def test_a_tie_in_both_orders_has_margin_zero(build: Any) -> None:
    _ask(build, "p", "one", "two")
    build.judge("p/x/overall", "ab", outcome="tie")
    build.rate("p/y/overall", "ab", 3, 4)
    build.judge("p/z/overall", "ab", outcome="both_bad")
    result = _run(build, tie="both-orders", both_bad="as-tie", tie_band=1)
    pairs = result.tables["pairs"]
    assert _pairs(result) == [("p/a", "p/b"), ("p/b", "p/a")] * 3
    assert pairs["margin"].to_list() == [0.0] * 6
    assert pairs["margin_unit"].to_list() == (
        ["choices"] * 2 + ["points of 1-10"] * 2 + ["choices"] * 2
    )
    assert _rules(_run(build, tie="both-orders", tie_band=1)) == {"p/z/overall": "both-bad"}


def test_contradicting_parameters_are_refused() -> None:
    with pytest.raises(ValidationError, match="mean-aspects needs rule"):
        MakePairs(rule="choice", ratings_from="mean-aspects")
    with pytest.raises(ValidationError, match="a tied vote has no order"):
        MakePairs(aggregate="majority", tie="both-orders")


def test_nothing_gives_nothing(build: Any) -> None:
    for params in ({}, {"aggregate": "majority"}, {"ratings_from": "mean-aspects"}):
        result = _run(build, **params, empty="skip")
        assert result.tables["pairs"].is_empty()
        assert result.rows_in == result.rows_out == 0


def test_every_real_pairwise_judgment_becomes_its_pair(harmless: dict[str, pl.DataFrame]) -> None:
    tables = {name: frame.lazy() for name, frame in harmless.items()}
    result = make_pairs.run(tables, MakePairs(), Context())
    pairs = result.tables["pairs"]
    assert pairs.height == pairs["pair_id"].n_unique() == result.rows_out == 2312
    assert pairs["judgment_id"].to_list() == harmless["judgments"]["judgment_id"].to_list()
    assert pairs["chosen_id"].str.ends_with("/chosen").all()
    assert make_pairs.run(tables, MakePairs(empty="skip"), Context()).rows_out == 2308


def _verdicts(build: Any, who: str, first: str, second: str, *p: float) -> None:
    """Add what a judge says of two responses in both orders, with its odds for ``a`` in each."""
    for n, (keys, chosen) in enumerate((("ab", first), ("ba", second))):
        odds = [p[n], 1 - p[n]] if p else None
        build.choose(
            f"p/{who}/overall",
            keys,
            chosen,
            judgment_id=f"{who}{n}",
            stage="judge",
            outcome="chosen" if chosen else "tie",
            scores=odds if odds is None or keys == "ab" else odds[::-1],
            scale_min=0.0 if p else None,
            scale_max=1.0 if p else None,
        )


def test_judgments_of_a_step_are_read_only_where_they_are_asked_for(build: Any) -> None:
    _ask(build, "p", "one", "two")
    build.choose("p/x/overall", "ab", "b")
    _verdicts(build, "m", "a", "a")
    assert _pairs(_run(build)) == [("p/b", "p/a")]
    assert _run(build).rows_in == 1
    judged = _run(build, judgments="judge")
    assert judged.rows_in == 2
    assert _pairs(judged) == [("p/a", "p/b")]
    assert _run(build, judgments="other").rows_in == 0
    assert MakePairs(judgments="judge").outside().steps == ("judge",)
    assert MakePairs().outside().steps == ()


def test_both_orders_of_a_judge_are_one_preference(build: Any) -> None:
    _ask(build, "p", "one", "two")
    _verdicts(build, "m", "a", "a", 0.9, 0.8)
    _verdicts(build, "n", "a", "b", 0.9, 0.4)
    _verdicts(build, "o", "b", "")
    result = _run(build, judgments="judge")
    (row,) = result.tables["pairs"].to_dicts()
    assert (row["chosen_id"], row["annotator_id"], row["judgment_id"]) == ("p/a", "m", None)
    assert (row["n_votes"], row["rule"], row["margin_unit"]) == (2, "pairs", "points of 0-1")
    assert row["margin"] == pytest.approx(0.7)
    assert result.rows_in == 6
    assert _rules(result) == dict.fromkeys(("n0", "n1", "o0", "o1"), "tie")


def test_mean_odds_of_a_judge_can_decide_where_its_orders_differ(build: Any) -> None:
    _ask(build, "p", "one", "two")
    _verdicts(build, "n", "a", "b", 0.9, 0.4)
    (row,) = _run(build, judgments="judge", rule="ratings").tables["pairs"].to_dicts()
    assert (row["chosen_id"], row["n_votes"]) == ("p/a", 2)
    assert row["margin"] == pytest.approx(0.3)


def test_of_several_judges_each_has_one_vote(build: Any) -> None:
    _ask(build, "p", "one", "two")
    _verdicts(build, "m", "a", "a")
    _verdicts(build, "n", "b", "b")
    _verdicts(build, "o", "a", "a")
    (row,) = _run(build, judgments="judge", aggregate="majority").tables["pairs"].to_dicts()
    assert (row["chosen_id"], row["n_votes"]) == ("p/a", 3)
    assert row["margin"] == pytest.approx(1 / 3)
