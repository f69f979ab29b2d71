"""Names and numbers that two texts share."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.routing.features.mentions import mentions, shared_names

__all__: list[str] = []


def _shared(one: str, other: str) -> float:
    found = mentions(pl.Series([one, other]))
    first, second = (found.take(np.array([place])) for place in (0, 1))
    (there,), (back,) = shared_names(first, second), shared_names(second, first)
    assert np.array_equal(there, back, equal_nan=True)  # HyPER's union counts one side twice.
    return float(there)


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        ("nothing here", "Nor is there any here.", 1.0),
        ("She went to Rome and Oslo.", "They like Oslo.", 1 / 2),
        ("It is in Rome.", "nothing", 0.0),
        # What begins a sentence is a name once it stands within one.
        ("Paris is its capital.", "The capital is Paris.", 1.0),
        ("Paris is nice.", "Bread is nice.", 1.0),
        # Numbers, however they are written; those of lists are none.
        ("It has 2,024 seats.", "There are 2024.", 1.0),
        ("1. First\n2. Then", "- Other", 1.0),
        ("about 3.5 or 7", "about 3.5", 1 / 2),
        # Headings, code, addresses, quotations and titles of people.
        ("## All The Things\n**Bold Heading**\nplain", "plain", 1.0),
        ("call `Foo` at https://Example.org/Bar", "call it", 1.0),
        ('He said "Good day" to me', "he said so", 1.0),
        ("we met Dr. Smith there", "we met Smith there", 1.0),
        ("I think I am", "as I said", 1.0),
        # Other alphabets with capitals.
        ("он живёт в Москве", "она была в Москве и Киеве", 1 / 2),
    ],
)
def test_known_values(one: str, other: str, value: float) -> None:
    assert _shared(one, other) == pytest.approx(value)


@pytest.mark.parametrize("text", ["東京は日本の首都です", "ประเทศไทย", "هذا نص"])
def test_scripts_without_capitals_are_not_read(text: str) -> None:
    assert np.isnan(_shared(text, "the capital is Tokyo"))


@settings(max_examples=20)
@given(st.text(max_size=80), st.text(max_size=80))
def test_it_is_a_share_and_one_for_a_text_and_itself(one: str, other: str) -> None:
    value = _shared(one, other)
    assert np.isnan(value) or 0 <= value <= 1
    itself = _shared(one, one)
    assert np.isnan(itself) or itself == 1


def test_a_null_text_mentions_nothing() -> None:
    found = mentions(pl.Series([None, "in Rome"], dtype=pl.String))
    assert found.firm.sizes.tolist() == [0, 1]
