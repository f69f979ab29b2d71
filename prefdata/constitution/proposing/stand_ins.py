"""Answers of plausible form and length, which an estimate of the price goes on with.

They say nothing: each names words of the row's own responses, so that about as many different
principles come of them as of a model, and later steps that ask for votes on them can be priced.
They are never stored.
"""

from __future__ import annotations

import re

from prefdata.constitution.proposing.sentences import BEGINNING
from prefdata.core.fingerprint import canonical_json, digest

__all__ = ["stand_in"]

_READ = 3000
_WORD = re.compile(r"[^\W\d_]{3,12}")
_COMMON = ("is more helpful", "is polite", "avoids harm", "is easy to follow", "is honest")
_N_COMMON = 4
"""Of 16 sentences, those that many answers have alike."""


def stand_in(preferred: str, other: str, variant: str, k: int) -> str:
    """Return an object in place of an answer.

    Args:
        preferred: The response that was selected.
        other: The other one.
        variant: Which wording asks.
        k: Principles in it.
    """
    words = [_WORD.findall(text[:_READ]) or ["nothing"] for text in (preferred, other)]
    found: dict[str, None] = {}
    n = 0
    while len(found) < k:
        mark = int(digest([preferred, other, variant, n])[:8], 16)
        if mark % 16 < _N_COMMON:
            rest = _COMMON[(mark >> 4) % len(_COMMON)]
        else:
            one, two = (said[(mark >> 4) % len(said)].lower() for said in words)
            rest = f"speaks of {one} and says nothing of {two}"
        n += 1
        if n > 4 * k:  # few words, many principles
            rest = f"{rest} in {n} ways"
        found[f"{BEGINNING} {rest}"] = None
    return canonical_json({"principles": list(found)})
