"""Factors in plain Python, by hand."""

from __future__ import annotations

import math

import pytest

from prefdata.constitution.ballots import NOT_APPLICABLE
from prefdata.constitution.factors.catalogue import load_catalogue
from prefdata.testing.plain_factors import PlainFactors

__all__: list[str] = []


@pytest.fixture(scope="module")
def plain() -> PlainFactors:
    return PlainFactors(load_catalogue())


def test_values_can_be_counted_by_hand(plain: PlainFactors) -> None:
    text = "I'm sorry, I can't help. Sorry!"
    values = dict(
        zip(plain.catalogue.names, plain.values(text, "Can you help?", "en"), strict=True)
    )
    expected = {
        "length": 31,
        "sentences": 2,
        "sentence_len": 3,
        "apology": 2,
        "refusal": 1,
        "first_person": 2 / 6,
        "exclamations": 1,
        "ends_question": 0,
        "prompt_overlap": 1 / 5,
    }
    assert {name: values[name] for name in expected} == expected
    assert math.isnan(values["code_on_request"])


def test_votes_say_which_has_more(plain: PlainFactors) -> None:
    one, other = (
        plain.values(text, "Why?", "en") for text in ("Sorry.", "Because of that, I know.")
    )
    votes = dict(zip(plain.catalogue.names, plain.votes(one, other), strict=True))
    assert (votes["apology"], votes["length"], votes["ends_question"]) == (1, -1, 0)
    assert votes["bullets"] == NOT_APPLICABLE
    assert plain.votes(other, one) == [
        vote if vote == NOT_APPLICABLE else -vote for vote in plain.votes(one, other)
    ]


def test_a_text_that_is_missing_tells_nothing(plain: PlainFactors) -> None:
    assert all(math.isnan(value) for value in plain.values(None, "Why?", "en"))
