from __future__ import annotations

import functools

import polars as pl
import pytest

from prefdata.core.errors import UnknownNameError
from prefdata.rationales.checks import CHECK_NAMES, CHECKED, Limits, run_checks
from prefdata.rationales.controls import CONTROLS, spoil
from prefdata.testing.rationales import COMPOSED_LANGUAGES, compose_pairs, compose_rationales

__all__: list[str] = []

_BY_JUDGE_ALONE = {("general", "handle-swap"), ("general", "permuted")}
_NOT_THERE = {("general", "altered-quote")}  # They quote nothing.


@functools.cache
def _clean(kind: str) -> pl.DataFrame:
    rows = pl.concat(
        compose_rationales(compose_pairs(language, 20, seed=5), kind=kind, seed=5)
        for language in COMPOSED_LANGUAGES
    )
    failed = run_checks(rows, Limits()).filter(is_passed=False)["rationale_id"].unique()
    return rows.filter(~pl.col("rationale_id").is_in(failed.implode()))


@pytest.mark.parametrize("kind", ["general", "specific"])
@pytest.mark.parametrize("control", CONTROLS)
def test_the_checks_see_what_is_spoilt(kind: str, control: str) -> None:
    spoilt = spoil(_clean(kind), control, seed=1)
    if (kind, control) in _NOT_THERE:
        assert spoilt.is_empty()
        return
    assert spoilt.height >= 0.8 * _clean(kind).height
    if (kind, control) in _BY_JUDGE_ALONE:
        return
    seen = run_checks(spoilt, Limits()).filter(
        pl.col("check_name").is_in(CONTROLS[control]), is_passed=False
    )
    assert seen["rationale_id"].n_unique() >= 0.95 * spoilt.height


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_depends_on_content_and_seed_alone(control: str) -> None:
    rows = _clean("specific").with_columns(more=pl.lit(1))
    spoilt = spoil(rows, control, seed=1)
    assert spoilt.columns == rows.columns
    assert spoilt.equals(spoil(rows.reverse(), control, seed=1))
    joined = spoilt.join(rows, on="rationale_id")
    assert joined.height == spoilt.height
    assert (joined["text"] != joined["text_right"]).all()
    assert set(CONTROLS[control]) - set(CHECK_NAMES) <= {"stance", "grounding"}


@pytest.mark.parametrize("control", ["permuted", "label-leak", "cut", "altered-quote"])
def test_another_seed_spoils_otherwise(control: str) -> None:
    rows = _clean("specific")
    one, other = (spoil(rows, control, seed=seed)["text"].to_list() for seed in (1, 2))
    assert one != other


def test_permuted_rationales_are_of_another_prompt_in_the_same_language() -> None:
    rows = _clean("specific")
    spoilt = spoil(rows, "permuted", seed=1)
    of_text = rows.select("text", of_prompt="prompt_id", of_language="language")
    joined = spoilt.join(of_text, on="text")
    assert joined.height == spoilt.height
    assert (joined["prompt_id"] != joined["of_prompt"]).all()
    assert (joined["language"] == joined["of_language"]).all()


def test_a_row_without_a_partner_is_left_out_of_the_permuted() -> None:
    rows = _clean("specific").filter(language="fr")
    assert spoil(rows.with_columns(prompt_id=pl.lit("p")), "permuted", seed=1).is_empty()
    assert spoil(rows.head(1), "permuted", seed=1).is_empty()


def test_where_all_rows_are_in_one_language_the_other_is_a_text_that_ships() -> None:
    rows = _clean("general").filter(language="en")
    spoilt = spoil(rows, "other-language", seed=1)
    assert spoilt.height == rows.height
    assert not set(spoilt["text"]) & set(_clean("general")["text"])


def test_what_is_cut_says_so() -> None:
    assert spoil(_clean("general"), "cut", seed=1)["finish_reason"].unique().to_list() == ["length"]


def test_rows_without_texts_or_word_patterns_are_left_out() -> None:
    rows = _clean("specific").head(4)
    for control in CONTROLS:
        assert spoil(rows.with_columns(text=pl.lit(None, pl.String)), control, seed=1).is_empty()
    for control in ("label-leak", "position-leak", "refusal"):
        assert spoil(rows.with_columns(language=pl.lit("tlh")), control, seed=1).is_empty()
    short = rows.with_columns(x_text=pl.lit("Yes."), y_text=pl.lit("No."))
    assert spoil(short, "copied", seed=1).is_empty()
    assert spoil(short, "altered-quote", seed=1).is_empty()


def test_a_quotation_in_a_script_without_spaces_is_altered() -> None:
    row = dict.fromkeys(CHECKED) | {
        "rationale_id": "1",
        "kind": "specific",
        "language": "zh",
        "text": "X 写道「请先把电源完全关掉再检查」,Y 没有提到这一点。",
        "x_text": "请先把电源完全关掉再检查,然后打开盖子。",
        "y_text": "直接打开盖子就可以了,不用担心。",
        "preferred": "x",
    }
    rows = pl.DataFrame([row], schema=CHECKED)
    before = run_checks(rows, Limits()).filter(check_name="quotes")
    assert before["is_passed"].to_list() == [True]
    spoilt = spoil(rows, "altered-quote", seed=1)
    after = run_checks(spoilt, Limits()).filter(check_name="quotes")
    assert after["is_passed"].to_list() == [False]


def test_an_unknown_control_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="control"):
        spoil(_clean("general"), "handle-swop", seed=1)
