"""Words of its own for each tile of a large world, so that no two tiles speak of the same things.

A world beyond the published size says the same kind of sentence many more times. With the words of
one lexicon, prompts that nobody copied would come out alike by chance, and the number of such pairs
would grow with the square of the size. A dialect has invented things, settings, names and towns; of
the sentences it keeps the short words, the order and the marks, and puts a word of its own in the
place of each longer one, always the same. What a response says to be warm, safe or too sure stays
as it is. Words count through all that their syllables can make; those of four syllables, things and
names, are one of a kind in their world.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from prefdata.testing.world.counts import generator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefdata.testing.world.lexicon import Lexicon

__all__ = ["dialect", "people", "words"]

_LONG, _SHORT = 4, 3
"""Syllables of things and names, and of the words in sentences: as long as those they replace."""
_LATIN = [f"{consonant}{vowel}" for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
_DEVANAGARI = [f"{consonant}{vowel}" for consonant in "कगचजतदनपबमरलवस" for vowel in "ािीेो"]
_STRIDE = 14_838_997
"""Near the golden section of all words of four syllables, and without a divisor in common with the
number of these or of those of three: visits every word."""

_PER_TILE = 2_048
_FROM = {"en": 0, "people": 960, "fr": 1_024, "it": 1_152, "hi": 1_280, "pt": 1_408}
"""Where the words of a language begin among those of a tile."""

_SETTINGS = {
    "en": (
        "{x} near {own}",
        "{x} with {own} at hand",
        "{x} after {own}",
        "{x} without {own}",
        "{x} during {own}",
        "{x} as they do in {own}",
        "{x} for {own}",
        "{x} in spite of {own}",
    ),
    "fr": ("{x} près de {own}", "{x} sans {own}", "{x} avec {own}", "{x} comme à {own}"),
    "it": ("{x} vicino a {own}", "{x} senza {own}", "{x} con {own}", "{x} come a {own}"),
    "hi": ("{own} के पास {x}", "{own} के बिना {x}", "{own} के साथ {x}", "{own} जैसा {x}"),
    "pt": ("{x} perto de {own}", "{x} sem {own}", "{x} com {own}", "{x} como em {own}"),
}

_SENTENCES = ("asks", "who", "goals", "body", "feedback", "follow_ups")
_WORD = re.compile(r"\{\w+\}|[^\s.,;:?!।'’\"{}\-]+")
_KEPT = {"hi": 3}
_USUALLY_KEPT = 4
"""Letters of the longest words of sentences that are kept; marks of vowels count in Hindi."""


def words(seed: int, tile: int, part: str, syllables: int = _LONG) -> Iterator[str]:
    """Yield the invented words of one part of a tile.

    Args:
        seed: That of the world.
        tile: Its number.
        part: Code of a language, or ``people``.
        syllables: Of each word.
    """
    known = _DEVANAGARI if part == "hi" else _LATIN
    n_words = len(known) ** syllables
    start = int(generator(seed, "dialect").integers(n_words))
    number = tile * _PER_TILE + _FROM[part]
    while True:
        code = (start + number * _STRIDE) % n_words
        spelt = []
        for _ in range(syllables):
            code, syllable = divmod(code, len(known))
            spelt.append(known[syllable])
        yield "".join(spelt)
        number += 1


class _Sentences:
    """Sentences in a dialect: each long word has one that always stands for it."""

    def __init__(self, seed: int, tile: int, language: str) -> None:
        self._spoken = words(seed, tile, language, _SHORT)
        self._kept = _KEPT.get(language, _USUALLY_KEPT)
        self._known: dict[str, str] = {}

    def say(self, sentences: Iterable[str]) -> tuple[str, ...]:
        """Return the sentences in the dialect."""
        return tuple(_WORD.sub(self._word, sentence) for sentence in sentences)

    def _word(self, found: re.Match[str]) -> str:
        word = found[0]
        if word.startswith("{") or len(word) <= self._kept:
            return word
        key = word.lower()
        if key not in self._known:
            self._known[key] = next(self._spoken)
        own = self._known[key]
        return own.capitalize() if word[0].isupper() else own


def people(seed: int, tile: int, count: int) -> tuple[str, ...]:
    """Invent last names for the workers of a tile."""
    spoken = words(seed, tile, "people")
    return tuple(next(spoken) for _ in range(count))


def dialect(lexicon: Lexicon, language: str, seed: int, tile: int) -> Lexicon:
    """Return a lexicon of the same shape that speaks of other things in other words.

    Args:
        lexicon: The words of the language.
        language: Its code.
        seed: That of the world.
        tile: Number of the tile.
    """
    spoken = words(seed, tile, language)
    known = lexicon.circumstances
    ways = _SETTINGS[language]
    sentences = _Sentences(seed, tile, language)
    return replace(
        lexicon,
        **{name: sentences.say(getattr(lexicon, name)) for name in _SENTENCES},
        topics={
            topic: tuple(f"{next(spoken)} {next(spoken)}" for _ in things)
            for topic, things in lexicon.topics.items()
        },
        circumstances=replace(
            known,
            sentences=sentences.say(known.sentences),
            settings=tuple(
                ways[index % len(ways)].replace("{own}", next(spoken).capitalize())
                for index in range(len(known.settings))
            ),
            names=tuple(next(spoken).capitalize() for _ in known.names),
            towns=tuple(next(spoken).capitalize() for _ in known.towns),
        ),
    )
