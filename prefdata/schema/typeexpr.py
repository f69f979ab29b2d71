"""The small language of column types in contracts: scalars, lists and structs.

type   = scalar | "list<" type ">" | "struct<" field ("," field)* ">"
field  = name ":" type
scalar = string | bool | int32 | int64 | float32 | float64 | timestamp[us]
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

__all__ = ["SCALARS", "ListOf", "Scalar", "StructOf", "TypeTree", "parse_type"]

SCALARS = ("string", "bool", "int32", "int64", "float32", "float64", "timestamp[us]")
"""Names of the scalar types; timestamps are microseconds in UTC without a zone."""

_TOKEN = re.compile(r"\s*(?:([A-Za-z_][A-Za-z0-9_]*(?:\[[a-z]+\])?)|([<>:,]))")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type without parts; ``name`` is one of `SCALARS`."""

    name: str

    def __str__(self) -> str:
        """Write the type as contracts do."""
        return self.name


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of any length; items may be null."""

    item: TypeTree

    def __str__(self) -> str:
        """Write the type as contracts do."""
        return f"list<{self.item}>"


@dataclass(frozen=True, slots=True)
class StructOf:
    """Named parts in a fixed order; each may be null."""

    fields: tuple[tuple[str, TypeTree], ...]

    def __str__(self) -> str:
        """Write the type as contracts do."""
        inner = ",".join(f"{name}:{part}" for name, part in self.fields)
        return f"struct<{inner}>"


TypeTree = Scalar | ListOf | StructOf
"""A parsed type."""


@functools.cache
def parse_type(text: str) -> TypeTree:
    """Parse a type of a contract.

    Raises:
        ValueError: If it is not in the language; the message names the place in the text.

    Examples:
        >>> str(parse_type("list<struct<role: string, content: string>>"))
        'list<struct<role:string,content:string>>'
    """
    return _Parser(text).parse()


class _Parser:
    """Recursive descent over one type expression."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._split()
        self.next = 0

    def parse(self) -> TypeTree:
        tree = self._type()
        if self.next < len(self.tokens):
            raise self._error("the end")
        return tree

    def _split(self) -> list[tuple[str, int]]:
        tokens: list[tuple[str, int]] = []
        text = self.text.rstrip()
        spot = 0
        while spot < len(text):
            match = _TOKEN.match(text, spot)
            if match is None:
                message = f"{self.text!r} has an unexpected {text[spot]!r} at position {spot}"
                raise ValueError(message)
            tokens.append((match[1] or match[2], match.end()))
            spot = match.end()
        return tokens

    def _type(self) -> TypeTree:
        name = self._name("a type")
        if name == "list":
            self._expect("<")
            item = self._type()
            self._expect(">")
            return ListOf(item)
        if name == "struct":
            return self._struct()
        if name not in SCALARS:
            known = ", ".join((*SCALARS, "list<…>", "struct<…>"))
            message = f"{self.text!r} names the unknown type {name!r}; known: {known}"
            raise ValueError(message)
        return Scalar(name)

    def _struct(self) -> StructOf:
        self._expect("<")
        fields: list[tuple[str, TypeTree]] = []
        while True:
            name = self._name("a field name")
            if name in dict(fields):
                message = f"{self.text!r} names the field {name!r} twice"
                raise ValueError(message)
            self._expect(":")
            fields.append((name, self._type()))
            if self._peek() != ",":
                break
            self._expect(",")
        self._expect(">")
        return StructOf(tuple(fields))

    def _peek(self) -> str | None:
        return self.tokens[self.next][0] if self.next < len(self.tokens) else None

    def _name(self, wanted: str) -> str:
        found = self._peek()
        if found is None or not found[0].isidentifier():
            raise self._error(wanted)
        self.next += 1
        return found

    def _expect(self, token: str) -> None:
        if self._peek() != token:
            raise self._error(repr(token))
        self.next += 1

    def _error(self, wanted: str) -> ValueError:
        found = self._peek()
        after = self.tokens[self.next - 1][1] if self.next else 0
        got = "the end" if found is None else repr(found)
        return ValueError(f"{self.text!r} needs {wanted} after position {after}, not {got}")
