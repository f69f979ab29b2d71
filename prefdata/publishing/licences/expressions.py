"""SPDX expressions, read as what somebody may choose between and must then obey.

A small strict reader: the operators are ``OR``, ``AND`` and ``WITH`` in capitals, with parentheses.
The packages that read the whole specification bring a list of 2,000 licences of software and check
none of what matters here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prefdata.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Choice", "choices", "joined", "together"]

Choice = tuple[str, ...]
"""Licences that hold together, sorted; all of them must be obeyed."""

_TOKEN = re.compile(r"\s*(\(|\)|[A-Za-z0-9][A-Za-z0-9.:-]*\+?)")
_OPERATORS = frozenset({"AND", "OR", "WITH"})
_MOST_CHOICES = 64


def choices(text: str) -> tuple[Choice, ...]:
    """Return what an expression lets somebody choose between.

    Of ``A OR B`` any one suffices; of ``A AND B`` both hold. An exception after ``WITH`` only
    allows more, so it is left aside, and what is asked without it is taken. A choice that asks for
    all that another one asks for, and more, is left out.

    Args:
        text: An expression of SPDX, such as ``MIT`` or ``(MIT OR Apache-2.0) AND CC-BY-4.0``.

    Returns:
        The choices, sorted; one at least.

    Raises:
        UserError: If it is no expression.

    References:
        The SPDX specification, annex B; ``WITH`` binds closer than ``AND``, and that than ``OR``.

    Examples:
        >>> choices("MIT OR Apache-2.0 AND CC-BY-4.0")
        (('Apache-2.0', 'CC-BY-4.0'), ('MIT',))
    """
    return _Reader(text).read()


def joined(licenses: Iterable[str]) -> str:
    """Return licences as one expression that asks for all of them, sorted, without repetition."""
    return " AND ".join(sorted(set(licenses), key=lambda name: (name == "NOASSERTION", name)))


def together(expressions: Iterable[str]) -> str:
    """Return one expression that asks for all that several ask for, plain where there is no choice.

    Args:
        expressions: What parts are under; what cannot be read stays as it is.

    Examples:
        >>> together(["(CC-BY-4.0) AND (CC-BY-NC-4.0)", "CC-BY-4.0"])
        'CC-BY-4.0 AND CC-BY-NC-4.0'
    """
    distinct = sorted(set(expressions))
    try:
        found = choices(" AND ".join(f"({one})" for one in distinct))
    except UserError:
        return joined(distinct)
    if len(found) == 1:
        return joined(found[0])
    return joined(f"({one})" if " OR " in one else one for one in distinct)


class _Reader:
    """Reads by recursive descent, one function per operator."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._at = 0

    def read(self) -> tuple[Choice, ...]:
        found = self._any()
        if self._at != len(self._tokens):
            raise self._fault(f"{self._tokens[self._at]!r} is too much")
        return tuple(sorted(tuple(sorted(choice)) for choice in _shortest(found)))

    def _split(self) -> list[str]:
        tokens, at = [], 0
        text = self._text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._fault(f"{text[at:].strip()[:12]!r} cannot be read")
            tokens.append(found[1])
            at = found.end()
        return tokens

    def _next(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _takes(self, word: str) -> bool:
        if self._next() != word:
            return False
        self._at += 1
        return True

    def _any(self) -> set[frozenset[str]]:
        found = self._all()
        while self._takes("OR"):
            found |= self._all()
        return self._bounded(found)

    def _all(self) -> set[frozenset[str]]:
        found = self._one()
        while self._takes("AND"):
            right = self._one()
            found = self._bounded({a | b for a in found for b in right})
        return found

    def _one(self) -> set[frozenset[str]]:
        if self._takes("("):
            found = self._any()
            if not self._takes(")"):
                raise self._fault("a parenthesis is not closed")
            return found
        license_ = self._name("a licence")
        if self._takes("WITH"):
            self._name("an exception")
        return {frozenset({license_})}

    def _name(self, what: str) -> str:
        word = self._next()
        if word is None or word in {*_OPERATORS, "(", ")"}:
            raise self._fault(f"{what} is missing" + (f" before {word!r}" if word else ""))
        self._at += 1
        return word

    def _bounded(self, found: set[frozenset[str]]) -> set[frozenset[str]]:
        shortest = _shortest(found)
        if len(shortest) > _MOST_CHOICES:
            raise self._fault(f"it leaves more than {_MOST_CHOICES} choices")
        return shortest

    def _fault(self, problem: str) -> UserError:
        return UserError(
            f"{self._text!r} is no SPDX expression: {problem}.",
            where="licence",
            fix="Write an id such as CC-BY-4.0, or several joined by AND or OR in capitals; "
            "NOASSERTION where nobody knows.",
        )


def _shortest(found: set[frozenset[str]]) -> set[frozenset[str]]:
    return {choice for choice in found if not any(other < choice for other in found)}
