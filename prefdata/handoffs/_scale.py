"""The five levels that people choose from, and what else they may have meant by a word.

A and B are the responses as they are shown: A is `TASKS.first`, B is `TASKS.second`. Which response
of the comparison that is, `is_swapped` tells; no tool needs to know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONFIDENCES", "LEVELS", "SKIP", "Level", "choice_of", "is_skip", "level_of"]


@dataclass(frozen=True, slots=True)
class Level:
    """One of the five levels."""

    choice: int
    """As in `ANSWERS`: 2 is the first much better, -2 the second much better."""
    value: str
    """The word that files hold."""
    text: str
    """What annotators see."""


LEVELS = (
    Level(2, "a_much", "A is much better"),
    Level(1, "a_slight", "A is slightly better"),
    Level(0, "tie", "Both are about equally good or bad"),
    Level(-1, "b_slight", "B is slightly better"),
    Level(-2, "b_much", "B is much better"),
)
"""From the first much better to the second much better."""

CONFIDENCES = (1, 2, 3, 4, 5)
"""How sure annotators are, from a guess to certain."""

SKIP = "skip"
"""What a person writes who cannot say, where the tool has no button for it."""

_SKIPS = frozenset({SKIP, "skipped", "skip_it"})
# A preference that says no strength claims the least: slightly better. The word stays in
# `raw_value`, for who wants to tell the two apart.
_PLAIN = {
    "a": 1,
    "response_a": 1,
    "left": 1,
    "first": 1,
    "b": -1,
    "response_b": -1,
    "right": -1,
    "second": -1,
    "equal": 0,
}
_BETWEEN = re.compile(r"[\s_-]+")


def _normal(word: str) -> str:
    return _BETWEEN.sub("_", word.strip().strip(".").casefold())


_CHOICES: Mapping[str, int] = {
    **_PLAIN,
    **{_normal(level.value): level.choice for level in LEVELS},
    **{_normal(level.text): level.choice for level in LEVELS},
}


def choice_of(word: object) -> int | None:
    """Return the choice that a word stands for, or None if it is none of those known.

    Case, spaces, dashes and underscores do not count. A word without strength (``a``, ``left``,
    ``second``) is a slight preference: 1 or -1.

    >>> choice_of("A much"), choice_of("tie"), choice_of("right"), choice_of("maybe")
    (2, 0, -1, None)
    """
    return _CHOICES.get(_normal(word)) if isinstance(word, str) else None


def is_skip(word: object) -> bool:
    """Tell whether a word says that the annotator passed the task on."""
    return isinstance(word, str) and _normal(word) in _SKIPS


def level_of(choice: int) -> Level:
    """Return the level of a choice.

    Raises:
        KeyError: If it is none of 2, 1, 0, -1, -2.
    """
    return {level.choice: level for level in LEVELS}[choice]
