"""The patterns of personal data, from ``patterns.yaml``."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import polars as pl
import pydantic
import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from prefdata.core.errors import InternalError, UnknownNameError
from prefdata.core.fingerprint import digest
from prefdata.privacy.checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Pattern", "Patterns", "kinds", "load_patterns", "patterns", "patterns_digest", "scans"]

_FILE = Path(__file__).parent / "patterns.yaml"


def _rust(regex: str) -> str:
    # In Rust a word has all letters of Unicode, in RE2 those of ASCII.
    return regex.replace(r"\b", r"(?-u:\b)")


def _compiled(regexes: tuple[str, ...]) -> tuple[str, ...]:
    for regex in regexes:
        pl.Series([""]).str.contains(_rust(regex))
        if ("(?P<lead>" in regex) != ("(?P<hit>" in regex):
            message = f"{regex!r} needs both groups, or none"
            raise ValueError(message)
    return regexes


def _known_check(name: str | None) -> str | None:
    if name is not None and name not in CHECKS:
        message = f"there is no check {name!r}"
        raise ValueError(message)
    return name


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pattern(_Strict):
    """One kind of personal data, and how it is found."""

    name: str = Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
    title: str = Field(description="In the plural, for messages.")
    severity: Literal["refuse", "warn"]
    regexes: Annotated[tuple[str, ...], AfterValidator(_compiled)] = Field(min_length=1)
    check: Annotated[str | None, AfterValidator(_known_check)] = None
    alone: bool = False
    same: Literal["exact", "lower", "alnum"]
    ignore: str | None = None
    not_after: str = ""
    not_before: str = ""
    hits: dict[str, str] = Field(min_length=1, description="Text to what is found in it.")
    near_misses: tuple[str, ...] = Field(min_length=1)

    @property
    def placeholder(self) -> str:
        """What stands for a find, before its number: ``CREDIT_CARD``."""
        return self.name.upper().replace("-", "_")

    def for_rust(self) -> tuple[str, ...]:
        """Return the expressions for polars, which mean there what the written ones mean in RE2."""
        return tuple(_rust(regex) for regex in self.regexes)

    def holds(self, text: str, start: int, end: int) -> int | None:
        """Return where a find ends that holds up against its check and neighbours, or None.

        Args:
            text: The whole text.
            start: Where the find begins, in characters.
            end: Where it ends.
        """
        before, found = text[start - 1 : start], text[start:end]
        if before and before in self.not_after:
            return None
        if self.check is not None:
            held = CHECKS[self.check](found)
            if held is None:
                return None
            found = held
        end = start + len(found)
        after = text[end : end + 1]
        if after and after in self.not_before:
            return None
        return None if self.ignore and re.search(self.ignore, found) else end

    def identity(self, found: str) -> str:
        """Return what is equal for two finds of the same thing."""
        if self.same == "alnum":
            return "".join(sign for sign in found if sign.isalnum()).lower()
        return found.lower() if self.same == "lower" else found


class Patterns(_Strict):
    """All of them, in the order in which the first wins among equals."""

    version: int
    patterns: tuple[Pattern, ...]


def load_patterns(path: Path) -> Patterns:
    """Read patterns.

    Args:
        path: A file like ``patterns.yaml``.

    Raises:
        InternalError: If it is not what `Patterns` says.
    """
    try:
        return Patterns.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, pydantic.ValidationError, pl.exceptions.PolarsError) as error:
        raise InternalError(
            f"The patterns of personal data cannot be read: {error}.",
            where=path.name,
            fix="Correct the file.",
        ) from error


@functools.cache
def _shipped() -> Patterns:
    return load_patterns(_FILE)


def kinds() -> tuple[str, ...]:
    """Return the names of all kinds."""
    return tuple(pattern.name for pattern in _shipped().patterns)


def patterns(names: Sequence[str] | None = None) -> tuple[Pattern, ...]:
    """Return the patterns of some kinds, in the order of the file; all when None.

    Raises:
        UnknownNameError: If there is no such kind.
    """
    wanted = kinds() if names is None else names
    for name in wanted:
        if name not in kinds():
            raise UnknownNameError("kind of personal data", name, known=kinds())
    return tuple(pattern for pattern in _shipped().patterns if pattern.name in wanted)


def scans(names: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return few expressions for polars: where none matches, nothing of these kinds is found.

    Raises:
        UnknownNameError: If there is no such kind.
    """
    wanted = patterns(names)
    together = [regex for pattern in wanted if not pattern.alone for regex in pattern.for_rust()]
    alone = [regex for pattern in wanted if pattern.alone for regex in pattern.for_rust()]
    # A name stands for one group, and here nobody asks which.
    plain = [re.sub(r"\(\?P<[a-z]+>", "(?:", regex) for regex in together]
    return (*(["|".join(f"(?:{regex})" for regex in plain)] if plain else []), *alone)


@functools.cache
def patterns_digest() -> str:
    """Return the first digits of the digest of the patterns: others find other things."""
    found = _shipped().model_dump(mode="json", exclude={"patterns": {"__all__": {"alone"}}})
    return digest(found)[:12]
