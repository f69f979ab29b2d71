"""Words are counted whole, the same by polars and by Python."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.constitution.factors.forms import (
    BETWEEN,
    GAP,
    OPENING,
    SENTENCE_END,
    negated_phrases,
    normal_form,
    phrases,
    spelt,
)

__all__: list[str] = []


def normal(*texts: str | None) -> list[str | None]:
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
    return frame.select(normal_form(pl.col("text"))).to_series().to_list()


def found(pattern: str, text: str) -> int:
    return int(pl.Series(normal(text)).str.count_matches(pattern).item())


def test_words_are_lower_case_with_two_spaces_between_and_around() -> None:
    assert normal("Hi!  It\u2019s\tme - José, 2x.") == ["  hi  it's  me  josé  2x  "]


def test_a_text_without_words_is_one_gap() -> None:
    assert normal("", " \n", "?!", "\U0001f600") == [GAP] * 4
    assert normal(None) == [None]


def test_adjacent_words_are_both_found() -> None:
    assert found(phrases(["sorry"]), "Sorry, sorry sorry.") == 3


def test_only_whole_words_are_found() -> None:
    assert found(phrases(["i"]), "I'm in it. I am.") == 1
    assert found(phrases(["no"]), "I know nothing, no.") == 1


def test_a_star_stands_for_any_ending() -> None:
    assert found(phrases(["apolog*"]), "My apologies, I apologize: an apology.") == 3


def test_a_phrase_goes_before_the_word_that_it_begins_with() -> None:
    assert found(phrases(["i", "i can't", "i can't help"]), "I can't help it") == 1


def test_what_stands_between_words_does_not_matter() -> None:
    assert spelt(["Well-known", "e.g.", "don’t", "apolog*"]) == [
        "well  known",
        "e  g",
        "don't",
        "apolog*",
    ]
    assert found(phrases(["well-known"]), "well known, well - known") == 2


def test_nothing_is_found_of_no_words() -> None:
    assert found(phrases([]), "anything at all") == 0


def test_a_negator_reaches_over_some_words() -> None:
    pattern = negated_phrases(["good"], ["not", "isn't"], 2)
    assert found(pattern, "not good; isn't very good; not a very good one") == 3
    assert found(pattern, "not one of the good; good not") == 0


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("", 0),
        ("One", 1),
        ("One. Two? Three!", 3),
        ("What?! No...", 2),
        ('He said "no." Then left.', 2),
        ("Costs 2.50 at example.com today.", 1),
        ("A heading\n\n- a point\n- another one.\n", 3),
        ("一。二。", 2),
    ],
)
def test_sentences_end_in_a_stop_or_with_their_line(text: str, n: int) -> None:
    assert pl.Series([text]).str.count_matches(SENTENCE_END).item() == n


def test_the_opening_is_two_sentences() -> None:
    texts = pl.Series(["One. Two! Three.", "One.", "a\nb\nc"])
    assert texts.str.extract(OPENING, 0).to_list() == ["One. Two!", None, "a\nb\n"]


@settings(max_examples=12)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
def test_python_has_the_same_normal_form(texts: list[str]) -> None:
    expected = []
    for text in texts:
        lower = text.lower().replace("\u2019", "'")
        words = re.sub(BETWEEN, " ", f" {lower} ").split(" ")
        inner = GAP.join(word for word in words if word)
        expected.append(f"{GAP}{inner}{GAP}" if inner else GAP)
    assert normal(*texts) == expected
