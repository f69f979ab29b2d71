"""The patterns by which a text names a response, for each language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from prefdata.stages._native_rationales.words import (
    ARTICLES,
    BLOCKERS,
    CHOOSING,
    DEVANAGARI,
    JOINING,
    ORDINALS,
    RESPONSE,
    SAYING,
    SHARED,
    ZERO_COPULA,
)

__all__ = ["CAPITAL", "ENDS", "MAY_NAME", "OPENERS", "Patterns", "patterns"]

OPENERS = {"(": ")", "[": "]", '"': '"', "'": "'", "“": "”", "\u2018": "’", "«": "»"}
"""What may stand before the name of a response, and what closes it."""

# Letters and vowel signs of Devanagari: signs are no word characters to Python.
_LETTER = r"\w\u0900-\u0963\u0966-\u097F"
_FREE = rf"(?<![{_LETTER}'’.+#&-])"
_DONE = rf"(?![{_LETTER}'’+#%]|[.,:/-]\d|-\w)"

_BLOCKED = rf"(?P<blocker>(?<!\w)(?i:{BLOCKERS})\s+)?"

CAPITAL = re.compile(rf"{_BLOCKED}{_FREE}(?P<name>[B-D])(?![{_LETTER}'’+#&]|[.-]\w)")
"""A capital B, C or D that stands alone, which is no word in any of the languages: name, and the
word before it that makes it something else: blocker."""

ENDS = re.compile(r"""\s*(?:$|[.,;:!?)\]"'”’»।\n])""")
"""The end of a sentence or of a part of one."""

_NOUNS = "|".join((*RESPONSE.values(), *SHARED.values()))
MAY_NAME = (
    rf"(?i:{_NOUNS})[\s#:(\[\x22\x27\x{{2018}}“«]{{1,4}}(?:[ABCDabcd1-4]|{'|'.join(DEVANAGARI)})"
    rf"|\b[A-D]\b|(?i:{'|'.join(ORDINALS.values())})"
)
"""What polars' own patterns find of all this, so that other texts never reach Python."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """The patterns of one language."""

    nouned: re.Pattern[str]
    """A word for a response and its name: article, noun, own (null for a `SHARED` word), gap,
    name."""
    more: re.Pattern[str]
    """Another name that is joined to the one before."""
    listed: re.Pattern[str]
    """Letters alone, joined: blocker, names, and tests, as of an A/B test."""
    chosen: re.Pattern[str] | None
    """A letter alone, after a verb of choice: name."""
    saying: re.Pattern[str] | None
    """A letter alone, before a verb: name."""
    verb: re.Pattern[str]
    """A verb, right behind a name."""
    lone: re.Pattern[str] | None
    """A letter alone, where no word looks like it: name."""
    place: re.Pattern[str]
    """An ordinal and a word for a response."""


@cache
def patterns(language: str) -> Patterns:
    """Return the patterns of a language; people write English words in all of them."""
    articles = "|".join(
        re.escape(article).replace(r"\ ", r"\s+")
        for article in sorted(ARTICLES["en"] | ARTICLES[language], key=len, reverse=True)
    )
    own, shared = _both(RESPONSE, language), _both(SHARED, language)
    name = rf"[A-Da-d1-4]|(?:{'|'.join(DEVANAGARI)})"
    openers = "".join(re.escape(opener) for opener in OPENERS)
    closers = "".join(re.escape(closer) for closer in OPENERS.values())
    joining = rf"(?:\s*(?:,|/|&|\+)\s*(?:(?:{JOINING})\s+)?|\s+(?:{JOINING})\s+)"
    lone = rf"{_FREE}(?P<name>[A-D]){_DONE}"
    choosing, saying = CHOOSING[language], SAYING[language]
    return Patterns(
        nouned=re.compile(
            rf"(?:(?<!\w)(?P<article>(?i:{articles})))?(?<![{_LETTER}])"
            rf"(?P<noun>(?i:(?P<own>{own})|{shared}))"
            rf"(?:(?P<gap>\s*[{openers}])(?P<quoted>{name})(?=[{closers}])"
            rf"|(?:\s*[#:]\s*|\s+)(?P<name>{name}){_DONE})"
        ),
        more=re.compile(rf"(?P<joint>{joining})(?P<name>[A-D1-4]){_DONE}"),
        listed=re.compile(
            rf"{_BLOCKED}{_FREE}(?P<names>[A-D](?:{joining}[A-D])+){_DONE}(?P<tests>\s*(?i:test))?"
        ),
        chosen=re.compile(rf"(?<!\w)(?i:{choosing})\s+{lone}") if choosing else None,
        saying=re.compile(rf"{_BLOCKED}{lone}(?=\s+(?:{saying})(?!\w))") if saying else None,
        verb=re.compile(rf"\s+(?:{_both(SAYING, language)})(?!\w)"),
        lone=re.compile(rf"{_BLOCKED}{lone}") if language in ZERO_COPULA else None,
        place=re.compile(
            rf"(?<!\w)(?i:{_both(ORDINALS, language)})\s+(?i:{own}|{shared})(?![{_LETTER}])"
        ),
    )


def _both(words: dict[str, str], language: str) -> str:
    """Join the words of English and of the language; longer ones of one come first in its own."""
    joined = dict.fromkeys((words[language], words["en"]))
    return "|".join(word for word in joined if word)
