"""Quantities of texts that are more than counts of words."""

from __future__ import annotations

import math

import polars as pl
import pytest

from prefdata.constitution.factors.forms import normal_form
from prefdata.constitution.factors.quantities import (
    content_words,
    other_share,
    quantity,
    shared_words,
    with_counts,
)

__all__: list[str] = []

_STOPS = ("the", "is", "a")


def measured(name: str, text: str) -> float:
    texts = pl.DataFrame({"text": [text]}).with_columns(normal=normal_form(pl.col("text")))
    return float(with_counts(texts, _STOPS).select(quantity(name)).item())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("words", 9),
        ("characters", 38),
        ("sentences", 2),
        ("sentence_words", 4.5),
        ("word_letters", 28 / 9),
        ("distinct_words", 7 / 3),
        ("content_share", 5 / 9),
        # Groups of vowels: e, a, i, o, e, o, a, e, e, i, ue.
        ("grade", 0.39 * 4.5 + 11.8 * 11 / 9 - 15.59),
        ("repeated_sentences", 0),
    ],
)
def test_quantities_are_what_they_say(name: str, value: float) -> None:
    assert measured(name, "The cat is old. The sofa here is blue.") == pytest.approx(value)


def test_sentences_said_again_are_counted() -> None:
    text = "I can not help with that. Really? I can not help with that! I can not help with that"
    assert measured("repeated_sentences", text) == 2


@pytest.mark.parametrize(
    "name", ["sentence_words", "word_letters", "distinct_words", "content_share", "grade"]
)
def test_averages_of_no_words_are_unknown(name: str) -> None:
    assert math.isnan(measured(name, " ?! "))


@pytest.mark.parametrize("name", ["words", "characters", "sentences", "repeated_sentences"])
def test_counts_of_an_empty_text_are_nought(name: str) -> None:
    assert measured(name, "") == 0


def test_words_of_a_prompt_are_those_with_content_and_each_once() -> None:
    normal = pl.DataFrame({"n": ["  the  red  fox  is  red  ox  ", "  ", None]})
    found = normal.select(content_words(pl.col("n"), _STOPS)).to_series()
    assert found.to_list() == [["red", "fox"], [], None]
    texts = pl.Series(["  a  red  fox  ", "  foxes  ", "  red  ", "  red  ", None])
    places = pl.Series([0, 0, 1, None, 0], dtype=pl.UInt32)
    assert shared_words(texts, places, found).to_list() == [2, 0, None, None, 0]


def test_quotes_dashes_and_pictures_are_no_letters_of_another_script() -> None:
    texts = ["“It’s” – caf\u00e9 \U0001f600 …", "да и нет", "ok да", "123 ?!", "", None]
    shares = other_share(pl.Series(texts)).to_list()
    assert shares[:3] == [0, 1, 0.5]
    assert all(math.isnan(share) for share in shares[3:])
