"""Words of a server, as they may be kept and shown: whole characters, no keys, not too long."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["mended", "shortened"]

_LONGEST = 300
_KEYS = re.compile(r"\b(?:sk|gsk|hf|xai)[-_][\w-]{6,}|\bbearer\s+\S+", re.IGNORECASE)
_HIDDEN = "[key]"


def mended(text: str) -> str:
    """Return a text in which halves of characters, which JSON allows, are replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def shortened(said: Any, secret: str = "") -> str:
    """Return what a server said in one line of at most 300 characters, without keys.

    Args:
        said: A text, or parsed JSON.
        secret: A key that is in use; what looks like one is left out in any case.
    """
    text = " ".join(mended(said if isinstance(said, str) else str(said)).split())
    if secret:
        text = text.replace(secret, _HIDDEN)
    text = _KEYS.sub(_HIDDEN, text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
