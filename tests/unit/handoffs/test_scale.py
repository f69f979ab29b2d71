"""Words that people choose by."""

from __future__ import annotations

import pytest

from prefdata.handoffs._scale import LEVELS, choice_of, is_skip, level_of

__all__: list[str] = []


def test_a_level_is_known_by_its_word_and_by_its_sentence() -> None:
    for level in LEVELS:
        assert choice_of(level.value) == level.choice
        assert choice_of(level.text.upper()) == level.choice
        assert level_of(level.choice) is level


@pytest.mark.parametrize("word", ["a", " A ", "left", "First", "response a", "Response-A"])
def test_a_preference_without_strength_is_a_slight_one(word: str) -> None:
    assert choice_of(word) == 1


@pytest.mark.parametrize("word", ["b", "RIGHT", "second", "response_b"])
def test_so_it_is_for_the_second(word: str) -> None:
    assert choice_of(word) == -1


@pytest.mark.parametrize(
    "word", ["", "c", "1", "2", "both", "a or b", "skip", None, 1, True, ["a"]]
)
def test_other_words_are_not_guessed(word: object) -> None:
    assert choice_of(word) is None


def test_skipping_is_no_tie() -> None:
    assert is_skip(" Skip ")
    assert is_skip("skipped")
    assert not is_skip("tie")
    assert not is_skip(None)
