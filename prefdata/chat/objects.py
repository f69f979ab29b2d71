"""Reading the one JSON object that an answer is, and nothing else that it may say."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["read_object", "without_thoughts"]

_THOUGHT = re.compile(r"\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"```\w*\n(.*?)\n?```", re.DOTALL)


def without_thoughts(text: str) -> str:
    """Return an answer without the thoughts before it, of a model that reasons.

    Args:
        text: The answer.

    Raises:
        ValueError: If its thoughts have no end, or there are no words behind them.
    """
    body = _THOUGHT.sub("", text, count=1) if _THOUGHT.match(text) else text
    if body.lstrip().startswith("<think>"):
        message = "the thoughts before the answer have no end"
        raise ValueError(message)
    if not any(letter.isalnum() for letter in body):
        message = "there are no words"
        raise ValueError(message)
    return body.strip()


def read_object(text: str) -> dict[str, Any]:
    """Return the JSON object that an answer is.

    Thoughts before it and one code fence around it are looked through; other words are not.

    Args:
        text: The answer.

    Raises:
        ValueError: If it is anything else, one of its objects names a key twice, or a string in it
            holds half of a surrogate pair, which is no text.
    """
    body = without_thoughts(text)
    if found := _FENCED.fullmatch(body):
        body = found[1]
    try:
        said = json.loads(body, object_pairs_hook=_once)
    except (json.JSONDecodeError, RecursionError) as error:
        message = f"the answer is no JSON object: {error}"
        raise ValueError(message) from None
    if not isinstance(said, dict):
        message = "the answer is no JSON object"
        raise ValueError(message)  # noqa: TRY004 - what the caller was told to expect
    if "\\ud" in body.lower():
        # Raises UnicodeEncodeError, a ValueError, which tells where.
        json.dumps(said, ensure_ascii=False).encode()
    return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        message = "a key is there twice"
        raise ValueError(message)
    return found
