"""Answers of plausible form and length, which an estimate of the price goes on with.

They say nothing: they are words of the row's own responses, so that they are in its language, as
long as what a model writes, differ from row to row, and quote what is there. Checks that would
have a rationale written anew let them pass. They are never stored.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from prefdata.core.fingerprint import canonical_json, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.rationales.wording import Handle, Kind

__all__ = ["AGREES", "agrees", "stand_in", "stand_in_blind"]

AGREES = 0.7
"""Share of pairs on which an estimate takes a blind writer to agree with the data."""

_READ = 3000
_WORD = re.compile(r"[^\W\d_]{2,12}(?:['’][^\W\d_]+)?")
_NO_QUOTES = re.compile(r"[\"“”„«»`\s]+")
_N_QUOTED = 7
_STEP = 3
_N_WORDS: dict[Kind, tuple[int, ...]] = {"general": (16, 16, 12), "specific": (22, 22, 22, 20)}


def stand_in(kind: Kind, better: Handle, x_text: str, y_text: str) -> str:
    """Return a text in place of a rationale.

    Args:
        kind: What kind of rationale.
        better: The response that it begins with.
        x_text: The response that is called X.
        y_text: The response that is called Y.
    """
    texts = {"X": x_text, "Y": y_text}
    order = (better, "Y" if better == "X" else "X")
    words = {name: _scattered(text) for name, text in texts.items()}
    parts: list[str] = []
    for n, name in zip(_N_WORDS[kind], itertools.cycle(order), strict=False):
        said = " ".join(itertools.islice(words[name], n))
        is_quoted = kind == "specific" and len(parts) < len(order)
        quoted = f' "{_first_words(texts[name])}"' if is_quoted else ""
        parts.append(f"{name}{quoted} {said}.")
    return " ".join(parts)


def stand_in_blind(kind: Kind, better: Handle, x_text: str, y_text: str) -> str:
    """Return an object in place of the answer of a writer who was not told the label."""
    reason = stand_in(kind, better, x_text, y_text)
    return canonical_json({"reason": reason, "verdict": better})


def agrees(pair_id: str) -> bool:
    """Return whether an estimate takes a blind writer to agree with the label of a pair."""
    return int(digest(["agrees", pair_id])[:4], 16) < AGREES * (1 << 16)


def _scattered(text: str) -> Iterator[str]:
    """Return words of a text without end, in steps, so that no stretch of it is copied."""
    words = _WORD.findall(text[:_READ]) or ["nothing"]
    stepped = [word for start in range(_STEP) for word in words[start::_STEP]]
    return itertools.cycle(stepped)


def _first_words(text: str) -> str:
    words = _NO_QUOTES.split(text[:400].strip())[:_N_QUOTED]
    return " ".join(filter(None, words))[:80] or "nothing"
