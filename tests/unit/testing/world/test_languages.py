"""The languages are those of Community Alignment."""

from __future__ import annotations

from prefdata.testing.world.languages import LEXICONS

__all__: list[str] = []


def test_each_language_has_words_of_its_own() -> None:
    assert set(LEXICONS) == {"en", "fr", "it", "hi", "pt"}
    sentences = [body for words in LEXICONS.values() for body in words.body]
    assert len(set(sentences)) == len(sentences)


def test_hindi_is_written_in_devanagari() -> None:
    assert all(any("\u0900" <= c <= "\u097f" for c in text) for text in LEXICONS["hi"].body)
