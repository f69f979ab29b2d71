"""What a model thinks aloud before it answers, where its server leaves that in the text."""

from __future__ import annotations

import re

__all__ = ["thought"]

_THOUGHT = re.compile(r"\s*<think>.*?(?:</think>\s*|\Z)", re.DOTALL)
_OPENED_BEFORE = re.compile(r"(?:(?!<think>).)*?</think>\n\s*", re.DOTALL)
"""Some templates end with the opening mark, so that the text begins within the thought."""


def thought(text: str) -> int:
    r"""Return how many characters of a text are a thought that comes before the answer.

    The marks are those of DeepSeek-R1 and of Qwen3, which many servers only part from the answer
    when they are told to. A thought that does not end is all of the text.

    Examples:
        >>> thought("<think>Hm. X is short.</think>\n\nX")
        32
        >>> thought("Hm. X is short.\n</think>\n\nX")
        26
        >>> thought("X, because `</think>` is closed.")
        0
    """
    if "think>" not in text:
        return 0
    found = _THOUGHT.match(text) or _OPENED_BEFORE.match(text)
    return found.end() if found else 0
