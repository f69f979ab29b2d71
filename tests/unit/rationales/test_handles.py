"""What is read as a handle, and what happens to it."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.rationales.handles import (
    HANDLES,
    MASK,
    find_handles,
    is_chosen_x,
    mask_handles,
    rename_handles,
    swap_handles,
)

__all__: list[str] = []

_PIECES = (
    *("X", "Y", "XY", "x", "X's", "Y’s", " ", " ", "\n", ".", ",", "-", "\u2011", "=", "`", "```"),
    *('"', "“", "”", "'", "\u2018", "’", "«", "»", "「", "」", "的", "는", "و", "é", "3", "²", "$"),
    *("(", ")", "**", "/", "is better than", "X-ray", MASK),
)
_texts = st.lists(st.sampled_from(_PIECES), max_size=30).map("".join)


def _swapped(text: str) -> str:
    return str(swap_handles(pl.Series([text]))[0])


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("X is better than Y.", "Y is better than X."),
        ("X's answer, and Y’s.", "Y's answer, and X’s."),
        ("**X** (not Y): X/Y, X—Y", "**Y** (not X): Y/X, Y—X"),
        ("l'X est mieux qu’Y", "l'Y est mieux qu’X"),
        ("X的回答比Y更好。", "Y的回答比X更好。"),
        ("X는 Y보다 낫다", "Y는 X보다 낫다"),
        ("Xは正しい、Yは違う", "Yは正しい、Xは違う"),
        ("يتفوق X على Y، وX أوضح", "يتفوق Y على X، وY أوضح"),
        ("X बेहतर है, Y नहीं", "Y बेहतर है, X नहीं"),
        ('"X" beats `Y`', '"Y" beats `X`'),
    ],
)
def test_a_letter_that_stands_alone_is_a_handle_in_any_script(text: str, swapped: str) -> None:
    assert _swapped(text) == swapped


@pytest.mark.parametrize(
    "text",
    [
        "An X-ray of the Y-axis, XY and non-X",
        "x = 3, X = 3, Y=2, X² and X₁, $X$, X^2",
        "X3, 3X, X_1, X.509, Y.M.C.A.",
        'It says "X marks the spot" and “Y is a letter”.',
        "Er sagt „X ist gut“, il dit « Y est bon », 他说「X很好」",
        "It says 'X marks the spot' and \u2018Y’s a letter’",
        "Run `X = Y` or\n```\nprint(X, Y)\n```\n",
        "Дом и \u03a7", # A Greek capital chi is another letter.
    ],
)  # fmt: skip
def test_words_formulas_code_and_quotations_hold_no_handles(text: str) -> None:
    assert find_handles(text) == []
    assert _swapped(text) == text


def test_an_apostrophe_opens_no_quotation() -> None:
    assert find_handles("the users' X, isn't Y, and the others' X") == [
        (11, "X"),
        (20, "Y"),
        (39, "X"),
    ]


def test_quoted_handles_do_not_turn_the_quotations_around() -> None:
    assert _swapped('"X" says "go to X", so "Y" is worse') == '"Y" says "go to X", so "X" is worse'


@given(_texts)
def test_swapping_twice_gives_the_text_back(text: str) -> None:
    assert _swapped(_swapped(text)) == text


@given(_texts)
def test_swapping_keeps_where_handles_stand(text: str) -> None:
    before, after = find_handles(text), find_handles(_swapped(text))
    assert [at for at, _ in before] == [at for at, _ in after]
    assert all(a != b for (_, a), (_, b) in zip(before, after, strict=True))


@given(_texts)
def test_renamed_handles_can_be_named_back(text: str) -> None:
    texts = pl.Series([text])
    renamed = rename_handles(texts, "Response 1", "Response 2")
    assert rename_handles(renamed, *HANDLES, names=("Response 1", "Response 2")).equals(texts)


def test_each_text_may_have_names_of_its_own() -> None:
    texts = pl.Series("t", ["X beats Y", None, "Y, then X"])
    named = rename_handles(texts, pl.Series(["A", "A", "B"]), pl.Series(["B", "B", "A"]))
    assert named.to_list() == ["A beats B", None, "A, then B"]
    assert named.name == "t"


def test_names_must_be_as_many_as_texts() -> None:
    with pytest.raises(ValueError, match="2 texts"):
        rename_handles(pl.Series(["X", "Y"]), pl.Series(["A"]), "B")


def test_a_mask_tells_nothing_of_which_was_meant() -> None:
    texts = pl.Series(["X beats Y", "Y beats X", None])
    assert mask_handles(texts).to_list() == [f"{MASK} beats {MASK}"] * 2 + [None]


def test_the_order_is_balanced_and_comes_from_content_and_seed() -> None:
    ids = pl.Series([f"pair-{n}" for n in range(4000)])
    drawn = is_chosen_x(ids, seed=0, sample=0, attempt=1)
    assert abs(drawn.mean() - 0.5) < 0.03  # type: ignore[operator]
    backwards = is_chosen_x(ids.reverse(), seed=0, sample=0, attempt=1)
    assert drawn.equals(backwards.reverse())
    other = is_chosen_x(ids, seed=1, sample=0, attempt=1)
    assert abs((drawn == other).mean() - 0.5) < 0.03  # type: ignore[operator]


def test_another_sample_and_another_attempt_turn_the_order_around() -> None:
    ids = pl.Series([f"pair-{n}" for n in range(50)])
    drawn = is_chosen_x(ids, seed=3, sample=0, attempt=1)
    assert is_chosen_x(ids, seed=3, sample=1, attempt=1).equals(~drawn)
    assert is_chosen_x(ids, seed=3, sample=0, attempt=2).equals(~drawn)
    assert is_chosen_x(pl.Series([], dtype=pl.String), seed=3, sample=0, attempt=1).is_empty()
