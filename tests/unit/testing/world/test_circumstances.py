"""Circumstances can be put around any question."""

from __future__ import annotations

from string import Formatter

import pytest

from prefdata.testing.world.circumstances import CIRCUMSTANCES

__all__: list[str] = []


@pytest.mark.parametrize("language", sorted(CIRCUMSTANCES))
def test_every_sentence_names_a_person_a_town_and_a_number(language: str) -> None:
    known = CIRCUMSTANCES[language]
    for sentence in known.sentences:
        assert {name for _, name, _, _ in Formatter().parse(sentence) if name} == {
            "name", "town", "n",
        }  # fmt: skip
        assert sentence.endswith((".", "।"))
    assert all(setting.count("{x}") == 1 for setting in known.settings)


@pytest.mark.parametrize("language", sorted(CIRCUMSTANCES))
def test_nothing_is_listed_twice(language: str) -> None:
    known = CIRCUMSTANCES[language]
    for words in (known.settings, known.sentences, known.names, known.towns, known.fillers):
        assert len(set(words)) == len(words)
        assert all(word.strip() == word != "" for word in words)


def test_english_is_ascii_because_other_rows_are_counted() -> None:
    english = CIRCUMSTANCES["en"]
    words = (*english.settings, *english.sentences, *english.names, *english.towns)
    assert all(word.isascii() for word in (*words, *english.fillers))
