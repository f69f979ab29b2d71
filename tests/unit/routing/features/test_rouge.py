"""ROUGE-1 F of pairs of texts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.routing.features.rouge import multisets, rouge_1, stems

__all__: list[str] = []


def _rouge(pairs: list[tuple[str, str]]) -> list[float]:
    left, right = (multisets(stems(pl.Series([pair[i] for pair in pairs]))) for i in (0, 1))
    return [float(value) for value in rouge_1(left, right)]


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        # Of 9 and 8 words 6 are shared: precision 6/8, recall 6/9. The figure that the program
        # which HyPER calls prints for these two sentences of its documentation.
        (
            "The quick brown fox jumps over the lazy dog",
            "The quick brown dog jumps on the log.",
            12 / 17,
        ),
        ("running cats", "He runs after a cat", 4 / 7),  # Stems: run, cat.
        ("a cow", "the cows", 2 / 4),
        ("the the the", "the", 0.5),
        ("one two", "three four", 0.0),
        ("Same words.", "same WORDS!", 1.0),
        ("早上好", "晚上好", 2 / 3),
        ("Ärzte", "Arzt", 0.0),
    ],
)
def test_known_values(one: str, other: str, value: float) -> None:
    assert _rouge([(one, other)]) == pytest.approx([value])


def test_texts_without_words_have_none() -> None:
    (unknown, nothing) = _rouge([("", "?!"), ("word", "")])
    assert np.isnan(unknown)
    assert nothing == 0.0


_TEXT = st.lists(st.sampled_from(["ab", "bc", "cd", "de", "ef"]), max_size=12)


@settings(max_examples=20)
@given(st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=5))
def test_it_is_the_overlap_of_bags_of_words(pairs: list[tuple[list[str], list[str]]]) -> None:
    found = _rouge([(" ".join(one), " ".join(other)) for one, other in pairs])
    turned = _rouge([(" ".join(other), " ".join(one)) for one, other in pairs])
    assert np.array_equal(found, turned, equal_nan=True)
    for value, (one, other) in zip(found, pairs, strict=True):
        total = len(one) + len(other)
        shared = (Counter(one) & Counter(other)).total()
        assert np.isnan(value) if not total else value == pytest.approx(2 * shared / total)
