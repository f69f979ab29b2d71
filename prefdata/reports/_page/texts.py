"""Numbers as people read them, and texts of any length cut to what a page can hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Excerpt", "count", "ending", "opening", "score", "share"]

_SHOWN = 600
_MOST = 8_000
_SIGNS = 4
_LONG = 1e9
# What a browser does not show or refuses; line breaks and tabs stay.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A text in three parts: shown, shown when asked for, and left out."""

    shown: str
    more: str
    n_left_out: int
    """Characters that are in neither part."""
    is_end: bool = False
    """Whether ``more`` and what is left out stand before what is shown."""

    @property
    def n_more(self) -> int:
        """Characters that are shown when asked for."""
        return len(self.more)


def opening(text: str, *, shown: int = _SHOWN, most: int = _MOST) -> Excerpt:
    """Return the beginning of a text.

    Args:
        text: Any text, of any length.
        shown: Characters that are shown at once.
        most: Characters that the page holds at most.
    """
    kept = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text[:most])
    return Excerpt(kept[:shown], kept[shown:], max(len(text) - most, 0))


def ending(text: str, *, shown: int = _SHOWN, most: int = _MOST) -> Excerpt:
    """Return the end of a text; see `opening`."""
    kept = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text[-most:])
    return Excerpt(kept[-shown:], kept[:-shown], max(len(text) - most, 0), is_end=True)


def count(value: int | None) -> str:
    """Write a whole number with separators; nothing is a dash."""
    return "–" if value is None else f"{value:,}".replace("-", "−")


def score(value: float | None, *, signs: int = _SIGNS) -> str:
    """Write a number of any size with few significant digits; nothing is a dash."""
    if value is None:
        return "–"
    is_long = 10**signs <= abs(value) < _LONG
    return (f"{value:,.0f}" if is_long else f"{value:,.{signs}g}").replace("-", "−")


def share(value: float | None) -> str:
    """Write a share (0 to 1) as per cent; nothing is a dash."""
    return "–" if value is None else f"{100 * value:.1f} %"
