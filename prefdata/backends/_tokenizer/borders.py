"""Where a text may be cut so that its parts have the tokens of the whole."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["Borders"]


class Borders:
    """Special tokens before which a text may be cut.

    A fast tokenizer first finds the special tokens of a text, from left to right and the longest
    where several begin at one place, and then reads each stretch between them by itself. So what
    stands before a special token has the same tokens whatever follows, and what begins with one
    has the same tokens whatever went before; unless the token takes white space on its left with
    it, is looked for in normalised text, or may lie inside another token or across its end.

    A prompt is then tokenised once, up to the last such place, and not with each response anew.

    Args:
        tokenizer: Of transformers; one that is not fast, or that reads special tokens as text,
            has no such places.

    References:
        tokenizers, ``AddedVocabulary::extract_and_normalize``.
    """

    def __init__(self, tokenizer: Any) -> None:
        is_fast = getattr(tokenizer, "backend_tokenizer", None) is not None
        added = list(tokenizer.added_tokens_decoder.values()) if is_fast else []
        if is_fast and tokenizer.split_special_tokens:
            added = []
        texts = [token.content for token in added]
        usable = [
            token.content
            for token in added
            if token.special
            and not (token.lstrip or token.single_word or token.normalized)
            and token.content.strip() == token.content
            and not any(_may_hide(other, token.content) for other in texts)
        ]
        longest_first = sorted(usable, key=lambda text: (-len(text), text))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if usable else None

    def last(self, text: str) -> int:
        """Return the place before the last special token, or 0 if there is none."""
        if self._pattern is None:
            return 0
        place = 0
        for found in self._pattern.finditer(text):
            place = found.start()
        return place


def _may_hide(other: str, token: str) -> bool:
    """Tell whether a token can be found instead of another, or over the place where it begins."""
    if other != token and token in other:
        return True
    return any(token.startswith(other[start:]) for start in range(1, len(other)))
