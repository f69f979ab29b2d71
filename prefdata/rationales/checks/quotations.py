"""Where a rationale quotes: all common forms of quotation marks, and code."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

__all__ = ["Quotation", "as_prose", "find_quotations"]

_MAX_CHARACTERS = 1500
_INSIDE = rf"{{1,{_MAX_CHARACTERS}}}?"
_FORMS = (
    rf"```\w*\s([\s\S]{_INSIDE})```",
    rf"`([^`\n]{_INSIDE})`",
    rf"“([^“”]{_INSIDE})”",
    rf"„([^„“”]{_INSIDE})[“”]",
    rf"«([^«»]{_INSIDE})»",
    rf"»([^«»]{_INSIDE})«",
    rf"\u2039([^\u2039\u203a]{_INSIDE})\u203a",
    rf"「([^「」]{_INSIDE})」",
    rf"『([^『』]{_INSIDE})』",
    # A straight mark after a digit or letter is of inches, or closes what was not opened.
    rf'(?<![A-Za-z0-9])"(?=[^\s"])([^"\n]{_INSIDE})(?<=\S)"(?![A-Za-z0-9])',
    # Single marks are apostrophes as well: they open after no letter, and close before none.
    rf"(?<!\w)\u2018([^\u2018\n]{_INSIDE})\u2019(?!\w)",
    rf"(?<![\w'])'(?=\w)([^\n]{_INSIDE})(?<=\S)'(?![\w'])",
)
_PATTERN = re.compile("|".join(_FORMS))


@dataclass(frozen=True, slots=True)
class Quotation:
    """One quotation in a text."""

    start: int
    """Where its opening mark stands, in characters."""
    end: int
    """Where its closing mark ends."""
    text: str
    """What is between the marks."""


def find_quotations(text: str) -> list[Quotation]:
    """Return the quotations of a text, and its code, in order.

    A quotation inside another one is part of it. Marks that do not come in twos are no marks.

    Args:
        text: A rationale.
    """
    return [
        Quotation(match.start(), match.end(), match[match.lastindex or 0])
        for match in _PATTERN.finditer(text)
    ]


def as_prose(text: str) -> str:
    """Write a rationale that is JSON points as sentences; return any other as it is.

    A point says under ``evidence_X`` and ``evidence_Y`` what it quotes, or that something is
    missing; what other keys hold is prose.

    Args:
        text: A rationale.
    """
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        lines = _lines(json.loads(text), "")
    except (ValueError, RecursionError):
        return text
    return "\n".join(lines) if lines else text


def _lines(value: Any, key: str) -> list[str]:
    if isinstance(value, dict):
        return [line for name, part in value.items() for line in _lines(part, str(name))]
    if isinstance(value, list):
        return [line for part in value for line in _lines(part, key)]
    if not isinstance(value, str) or not value.strip():
        return []
    owner = re.fullmatch(r"evidence[_ ]?([xy])", key, re.IGNORECASE)
    body = value.strip()
    if owner:
        inner = body.strip("\"“”'").replace('"', "'")
        return [f'{owner[1].upper()}: "{inner}".']
    return [body if body.endswith((".", "!", "?", "。", "।")) else f"{body}."]
