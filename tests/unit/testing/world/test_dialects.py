"""A dialect has the sentences of its language, and things of its own."""

from __future__ import annotations

import re
from itertools import islice

import pytest

from prefdata.testing.world.dialects import dialect, people, words
from prefdata.testing.world.languages import LEXICONS

__all__: list[str] = []

_PARTS = ("en", "people", "fr", "it", "pt")


def test_every_word_is_one_of_a_kind() -> None:
    said = [
        word
        for tile in (1, 2, 7, 1_000)
        for part in _PARTS
        for word in islice(words(3, tile, part), 60)
    ]
    assert len(set(said)) == len(said) == 4 * 5 * 60
    assert all(word.isascii() and word.islower() and len(word) == 8 for word in said)
    assert people(3, 1, 2) == tuple(islice(words(3, 1, "people"), 2))


def test_another_seed_has_other_words() -> None:
    one, other = (set(islice(words(seed, 1, "en"), 600)) for seed in (0, 1))
    assert len(one & other) < 5


@pytest.mark.parametrize("language", sorted(LEXICONS))
def test_sentences_keep_their_shape_and_lose_their_long_words(language: str) -> None:
    known = LEXICONS[language]
    new = dialect(known, language, 0, 3)
    said = [
        (*one.asks, *one.body, *one.goals, *one.circumstances.sentences) for one in (known, new)
    ]
    shapes = [[re.findall(r"\{\w+\}|[.,;:?!।]", text) for text in texts] for texts in said]
    assert shapes[0] == shapes[1]
    assert [len(text.split()) for text in said[0]] == [len(text.split()) for text in said[1]]
    kept = [
        set(re.findall(r"[^\s.,;:?!।'’\"{}\-]{5,}", re.sub(r"\{\w+\}", "", " ".join(texts))))
        for texts in said
    ]
    assert not kept[0] & kept[1]
    # As long as they were, more or less, and what shows the qualities of a response is the same.
    assert sum(map(len, said[1])) == pytest.approx(sum(map(len, said[0])), rel=0.15)
    assert (new.openers, new.closers, new.cautions, new.overclaims) == (
        known.openers, known.closers, known.cautions, known.overclaims,
    )  # fmt: skip


@pytest.mark.parametrize("language", sorted(LEXICONS))
def test_things_settings_names_and_towns_are_new(language: str) -> None:
    known = LEXICONS[language]
    new = dialect(known, language, 0, 3)
    assert list(new.topics) == list(known.topics)
    things = [thing for topic in new.topics.values() for thing in topic]
    mine, theirs = new.circumstances, known.circumstances
    for ours, old in (
        (mine.settings, theirs.settings),
        (mine.names, theirs.names),
        (mine.towns, theirs.towns),
        (things, [thing for topic in known.topics.values() for thing in topic]),
    ):
        assert len(set(ours)) == len(ours) == len(old)
        assert not set(ours) & set(old)
    assert all(setting.count("{x}") == 1 for setting in mine.settings)
    assert all("{own}" not in setting for setting in mine.settings)


def test_a_language_does_not_use_up_the_words_of_the_next() -> None:
    # Each part begins at a number of its own; none may run into another.
    for tile in (1, 2):
        seen: set[str] = set()
        for language in sorted(LEXICONS):
            new = dialect(LEXICONS[language], language, 0, tile)
            used = {
                word for topic in new.topics.values() for thing in topic for word in thing.split()
            } | {name.lower() for name in (*new.circumstances.names, *new.circumstances.towns)}
            assert not used & seen
            seen |= used
        assert not seen & set(people(0, tile, 18))
