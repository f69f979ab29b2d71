"""Fences around texts of others in a request, so that what stands inside is data.

A response may hold lines that look like the end of itself, or like instructions. Its fence is a
line with a digest of the text: who wrote the text could not know it, so nothing inside can close
the fence. The same text under the same key has the same fence, so requests can be made again.
"""

from __future__ import annotations

import itertools

from prefdata.core.fingerprint import digest

__all__ = ["fence", "fenced", "fenced_end", "fenced_start"]

_DIGITS = 12


def fence(text: str, key: str) -> tuple[str, str]:
    """Return the lines that open and close a text.

    Args:
        text: What will stand between them.
        key: What else names the fence, such as its label and a seed; two texts of a request
            should differ in it.

    Returns:
        Two different lines, neither of which occurs in the text.
    """
    # A text that holds its own digest gets the next one: it cannot by accident, but it must not.
    marks = (digest([key, text, n])[:_DIGITS] for n in itertools.count())
    mark = next(mark for mark in marks if mark not in text)
    return f"<<<begin {mark}>>>", f"<<<end {mark}>>>"


def fenced(label: str, text: str, key: str) -> str:
    """Return a text under its label, between its fences.

    Args:
        label: What the text is, such as ``X``; it stands in the line before.
        text: The text, as it is.
        key: As in `fence`; the label is added to it.
    """
    opening, closing = fence(text, f"{label}/{key}")
    return f"{label}:\n{opening}\n{text}\n{closing}"


def fenced_start(label: str, text: str, key: str, max_chars: int) -> str:
    """Return the start of a text between its fences, and what is left out of it behind them.

    Args:
        label: As in `fenced`.
        text: The text.
        key: As in `fenced`.
        max_chars: The most characters that are shown; all are where there are no more.
    """
    n_left_out = len(text) - max_chars
    if n_left_out <= 0:
        return fenced(label, text, key)
    return (
        f"{fenced(label, text[:max_chars], key)}\n"
        f"(It goes on; the last {n_left_out:,} characters are not shown.)"
    )


def fenced_end(label: str, text: str, key: str, max_chars: int) -> str:
    """Return the end of a text between its fences: of a conversation what is to be responded to.

    Args:
        label: As in `fenced`.
        text: The text.
        key: As in `fenced`.
        max_chars: The most characters that are shown, at least 1.
    """
    n_left_out = len(text) - max_chars
    if n_left_out <= 0:
        return fenced(label, text, key)
    return (
        f"{fenced(label, text[-max_chars:], key)}\n"
        f"(It began earlier; the first {n_left_out:,} characters are not shown.)"
    )
