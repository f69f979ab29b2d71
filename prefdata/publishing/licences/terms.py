"""What providers ask of the outputs of their models, and what publishers ask of whoever passes on.

All of it is in ``terms.yaml``.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from prefdata.core.errors import UnknownNameError
from prefdata.core.strict_yaml import read_model

if TYPE_CHECKING:
    from prefdata.publishing.facts import SourceFacts

__all__ = [
    "NOT_NAMED",
    "NO_TERMS",
    "Condition",
    "Origin",
    "Terms",
    "condition_of",
    "describes_a_reader",
    "origin_of",
    "terms_called",
    "terms_table",
]

NO_TERMS = "unknown"
"""Terms of models that nobody named, or that the table does not know."""
NOT_NAMED = "not named"
"""Stands for the model where the source names none."""
_FILE = Path(__file__).parent / "terms.yaml"
_SEPARATORS = re.compile(r"[\s:_]+")
Text = Annotated[str, Field(min_length=1)]


def _compiles(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            message = f"{pattern!r} is no pattern: {error}"
            raise ValueError(message) from error
    return patterns


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Terms(_Part):
    """Terms of a provider on what its models write."""

    name: Text
    title: Text
    level: Literal["warn", "notice", "none"]
    text: Text
    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None


class _Models(_Part):
    """Models whose outputs are under the same terms."""

    provider: Text | None
    terms: Text
    names: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_compiles)]


class Condition(_Part):
    """What the publisher of a source asks of everybody who gets the data, at whatever remove."""

    name: Text
    sources: tuple[str, ...]
    repos: tuple[str, ...]
    text: Text
    words: Annotated[tuple[tuple[str, ...], ...], Field(min_length=1)]
    """A text tells it when it has one of the words of each line, in whatever case."""

    def is_told_by(self, text: str) -> bool:
        """Whether a text tells it."""
        lower = text.lower()
        return all(any(word in lower for word in line) for line in self.words)


class Origin(_Part):
    """Whose model it is, and under which terms its outputs are."""

    provider: str | None
    terms: str


class _Table(_Part):
    terms: tuple[Terms, ...]
    models: tuple[_Models, ...]
    unnamed: dict[str, Origin]
    conditions: tuple[Condition, ...]
    readers: tuple[str, ...]

    @model_validator(mode="before")
    @classmethod
    def _named_by_key(cls, value: object) -> object:
        if isinstance(value, dict) and isinstance(value.get("terms"), dict):
            return value | {
                "terms": [{"name": name, **row} for name, row in value["terms"].items()]
            }
        return value

    @model_validator(mode="after")
    def _names_are_known(self) -> _Table:
        named = {line.terms for line in self.models} | {NO_TERMS}
        named |= {origin.terms for origin in self.unnamed.values()}
        if lost := sorted(named - {one.name for one in self.terms}):
            message = f"no such terms: {', '.join(lost)}"
            raise ValueError(message)
        return self


@functools.cache
def _table() -> _Table:
    return read_model(_FILE, _Table)


def terms_table() -> tuple[Terms, ...]:
    """Return all terms, in the order of the table."""
    return _table().terms


def terms_called(name: str) -> Terms:
    """Return terms by their name.

    Raises:
        UnknownNameError: If the table has none of that name.
    """
    known = {one.name: one for one in terms_table()}
    if name not in known:
        raise UnknownNameError("terms", name, known=sorted(known))
    return known[name]


@functools.cache
def origin_of(model: str | None, source: str | None = None) -> Origin:
    """Return whose model a name means.

    Args:
        model: As the source writes it; None where it names none.
        source: The source, of which the publisher may have said whose its models are.

    Returns:
        The provider, or None, and the name of the terms: ``unknown`` where the table has neither.
    """
    table = _table()
    if model is None or not model.strip():
        return table.unnamed.get(source or "", Origin(provider=None, terms=NO_TERMS))
    name = _SEPARATORS.sub("-", model.strip().lower())
    for line in table.models:
        if any(re.search(pattern, name) for pattern in line.names):
            return Origin(provider=line.provider, terms=line.terms)
    return Origin(provider=None, terms=NO_TERMS)


def condition_of(source: str, facts: SourceFacts | None = None) -> Condition | None:
    """Return what the publisher of a source asks of everybody; None where nothing is known.

    Args:
        source: Its name in the catalog.
        facts: Its repository on the hub counts too, where it was read under another name.
    """
    repo = facts.repo if facts else None
    return next(
        (one for one in _table().conditions if source in one.sources or repo in one.repos), None
    )


def describes_a_reader(source: str) -> bool:
    """Whether the card of that name describes a way to read data, and names no author of any."""
    return source in _table().readers
