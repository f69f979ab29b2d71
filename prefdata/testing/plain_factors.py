"""The catalogue of factors in plain Python: one text after the other, `re` and nothing else.

What `prefdata.constitution.factors` measures with polars must be exactly this; the benchmark of
factors holds its speed against it.
"""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.ballots import NOT_APPLICABLE
from prefdata.constitution.factors.forms import (
    BETWEEN,
    GAP,
    OPENING,
    SENTENCE_END,
    negated_phrases,
    phrases,
)
from prefdata.constitution.factors.quantities import OTHER_LETTER, PIECE, VOWELS

if TYPE_CHECKING:
    from prefdata.constitution.factors.catalogue import Catalogue
    from prefdata.constitution.factors.declared import Factor

__all__ = ["PlainFactors"]

_NAN = float("nan")
_SHORTEST = 3
_LAST = 0x110000
_SURROGATES = range(0xD800, 0xE000)


class PlainFactors:
    """Measures texts and votes on them, one by one."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Compile all patterns of a catalogue."""
        self.catalogue = catalogue
        self._between, self._ends = re.compile(BETWEEN), re.compile(SENTENCE_END)
        self._opening, self._piece = re.compile(OPENING), re.compile(PIECE)
        self._vowels, self._spaces = re.compile(VOWELS), re.compile(" {2,}")
        self._stops = re.compile(phrases(catalogue.stop_words))
        self._stop_words = frozenset(catalogue.stop_words)
        self._parts = [_Parts(factor) for factor in catalogue.factors]
        self._other, self._letter = _python_class(OTHER_LETTER), _python_class(r"\p{L}")
        self._content = functools.lru_cache(maxsize=None)(self._content_of)

    def values(self, text: str | None, prompt: str | None, language: str | None) -> list[float]:
        """Return the value of a response on each factor; NaN where it cannot be told."""
        if text is None:
            return [_NAN] * len(self._parts)
        normal = self.normal(text)
        opening = self._opening.match(text)
        first = normal if opening is None else self.normal(opening[0])
        counts = self._counts(text, normal)
        asked = None if prompt is None else self.normal(prompt)
        return [
            self._value(part, text, (normal, first), counts, (prompt, asked, language))
            for part in self._parts
        ]

    def votes(self, a: list[float], b: list[float]) -> list[int]:
        """Return the votes on two responses, of their values as float32."""
        votes = []
        singles = (np.array(values, np.float32) for values in (a, b))
        for factor, one, other in zip(self.catalogue.factors, *singles, strict=True):
            larger = max(abs(one), abs(other))
            if math.isnan(one) or math.isnan(other) or (factor.is_sparse and larger == 0):
                votes.append(NOT_APPLICABLE)
            elif abs(one - other) > np.float32(factor.zone) * larger:
                votes.append(1 if one > other else -1)
            else:
                votes.append(0)
        return votes

    def normal(self, text: str) -> str:
        """Return the normal form of a text."""
        lower = text.lower().replace("\u2019", "'")
        return self._spaces.sub(" ", self._between.sub(" ", f" {lower} ")).replace(" ", GAP)

    def _counts(self, text: str, normal: str) -> dict[str, float]:
        words = normal.split(GAP)[1:-1]
        n = len(words)
        pieces = self._piece.findall(text)
        sentences = len(self._ends.findall(text))
        syllables = len(self._vowels.findall(normal))
        stops = len(self._stops.findall(normal))
        at_least_one = max(sentences, 1)
        grade = 0.39 * (n / at_least_one) + 11.8 * (syllables / n) - 15.59 if n else _NAN
        return {
            "words": n,
            "n_distinct": len(set(words)),
            "characters": len(text),
            "sentences": sentences,
            "repeated_sentences": len(pieces) - len(set(pieces)) if sentences > 1 else 0,
            "grade": grade,
            "sentence_words": n / at_least_one if n else _NAN,
            "word_letters": (len(normal) - 2 * (n + 1)) / n if n else _NAN,
            "distinct_words": len(set(words)) / math.sqrt(n) if n else _NAN,
            "content_share": (n - stops) / n if n else _NAN,
        }

    def _value(
        self,
        part: _Parts,
        text: str,
        normals: tuple[str, str],
        counts: dict[str, float],
        known: tuple[str | None, str | None, str | None],
    ) -> float:
        factor, (prompt, asked, language) = part.factor, known
        if factor.languages is not None and language not in factor.languages:
            return _NAN
        if not part.applies(prompt, asked):
            return _NAN
        if factor.measure == "prompt_overlap":
            value = self._overlap(normals[0], asked, counts["n_distinct"])
        elif factor.measure == "script_match":
            value = self._match(text, prompt)
        elif factor.measure is not None:
            value = counts[factor.measure]
        else:
            value = part.found(text, normals[factor.within == "opening"])
        if factor.kind == "flag":
            value = value <= factor.at_most if factor.at_most is not None else value > 0
        elif factor.kind == "rate":
            value = value / max(counts["words"], 1)
        return 0.0 - value if factor.reversed else float(value)

    def _content_of(self, asked: str) -> list[str]:
        return [
            word
            for word in dict.fromkeys(asked.split(GAP))
            if len(word) >= _SHORTEST and word not in self._stop_words
        ]

    def _overlap(self, normal: str, asked: str | None, n_distinct: float) -> float:
        words = [] if asked is None else self._content(asked)
        n_shared = sum(f" {word} " in normal for word in words)
        return n_shared / n_distinct if words and n_distinct else _NAN

    def _match(self, text: str, prompt: str | None) -> float:
        shares = [_NAN if one is None else self._share(one) for one in (text, prompt)]
        return 1 - abs(shares[0] - shares[1])

    def _share(self, text: str) -> float:
        n_letters = len(self._letter.findall(text))
        return len(self._other.findall(text)) / n_letters if n_letters else _NAN


class _Parts:
    """The compiled patterns of a factor."""

    def __init__(self, factor: Factor) -> None:
        self.factor = factor
        self._words = [
            (sign, *_compiled(factor, words))
            for sign, words in ((1, factor.words), (-1, factor.words_against))
            if words
        ]
        self._forms = [(1, re.compile(form)) for form in factor.patterns]
        self._forms += [(-1, re.compile(form)) for form in factor.patterns_against]
        when = factor.when
        self._asked = when and when.words and re.compile(phrases(when.words))
        self._asked_forms = [re.compile(form) for form in when.patterns] if when else []

    def applies(self, prompt: str | None, asked: str | None) -> bool:
        if self.factor.when is None:
            return True
        if prompt is None or asked is None:
            return False
        return bool(self._asked and self._asked.search(asked)) or any(
            form.search(prompt) for form in self._asked_forms
        )

    def found(self, text: str, normal: str) -> int:
        n = sum(sign * len(form.findall(text)) for sign, form in self._forms)
        for sign, words, negated in self._words:
            n += sign * len(words.findall(normal))
            if negated is not None:
                n -= 2 * sign * len(negated.findall(normal))
        return n


def _compiled(
    factor: Factor, words: tuple[str, ...]
) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    negated = negated_phrases(words, factor.negators, factor.window) if factor.negators else None
    return re.compile(phrases(words)), None if negated is None else re.compile(negated)


@functools.cache
def _python_class(rust: str) -> re.Pattern[str]:
    """Write a class of Rust's as ranges: `re` knows no scripts, and another version of Unicode."""
    points = [point for point in range(_LAST) if point not in _SURROGATES]
    is_in = pl.Series([chr(point) for point in points]).str.contains(rust).to_numpy()
    members = np.array(points)[is_in]
    cuts = np.flatnonzero(np.diff(members) != 1)
    starts, ends = members[np.r_[0, cuts + 1]], members[np.r_[cuts, len(members) - 1]]
    ranges = (f"\\U{first:08x}-\\U{last:08x}" for first, last in zip(starts, ends, strict=True))
    return re.compile(f"[{''.join(ranges)}]")
