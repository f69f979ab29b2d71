"""The declared rules that tag prompts where no language model does, from ``rules.yaml``."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import pydantic
import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from prefdata.core.errors import InternalError
from prefdata.core.fingerprint import digest
from prefdata.routing.features.names import DIMENSIONS, SCALES, SUBJECTS
from prefdata.texts.ngrams import word_lists

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Rules", "load_rules", "rules", "rules_digest", "written_words"]

_FILE = Path(__file__).parent / "rules.yaml"
# Words of other signs than letters, which the rule of words would cut short.
_SPELT = {"c++": "cplusplus", "c#": "csharp", "’": "'"}


def written_words(texts: pl.Series) -> pl.Series:
    """Return the words of each text with one space before, between and after them.

    Args:
        texts: The texts; a null one has no words.
    """
    spelt = texts.str.to_lowercase().str.replace_many(list(_SPELT), list(_SPELT.values()))
    return " " + word_lists(spelt).list.join(" ") + " "


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _written(terms: tuple[str, ...]) -> tuple[str, ...]:
    """Return terms as they stand in a text of words that are parted by single spaces."""
    words = [text.strip() for text in written_words(pl.Series(terms, dtype=pl.String))]
    for term, text in zip(terms, words, strict=True):
        if not text or not re.fullmatch(r"[^*]+\*?", term):
            message = f"{term!r} is no term"
            raise ValueError(message)
    pairs = zip(terms, words, strict=True)
    ends = (f" {text}" if term.endswith("*") else f" {text} " for term, text in pairs)
    return tuple(dict.fromkeys(ends))


def _compiled(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        pl.Series([""]).str.contains(pattern)
    return patterns


Terms = Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_written)]
Patterns = Annotated[tuple[str, ...], AfterValidator(_compiled)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Subject(_Strict):
    """Words of a field of knowledge."""

    sure: Terms = Field(description="One of them is enough.")
    hints: Terms = Field(description="Two of them are needed.")


class Value(_Strict):
    """What gives a prompt a value: any of these."""

    terms: Terms = Field(default=(), description="Words of English prompts.")
    patterns: Patterns = Field(default=(), description="Forms, in any language.")
    subjects: tuple[str, ...] = Field(default=(), description="Fields of knowledge.")


class Counted(_Strict):
    """How much a prompt asks for at once."""

    asks: Terms = Field(description="Words that ask for one thing more.")
    simple_up_to: int = Field(description="The most things of a simple prompt.")
    moderate_up_to: int = Field(description="The most things of a moderate one.")


class Rules(_Strict):
    """All rules, as ``rules.yaml`` declares them; the values of a scale in order of precedence."""

    subjects: dict[str, Subject]
    expertise_level: dict[str, Value]
    open_endedness: dict[str, Value]
    safety_concern: dict[str, Value]
    complexity_of_intents: Counted
    type_of_in_context_material: dict[str, Value]
    format_constraints: dict[str, Value]
    languages: dict[str, str]

    @pydantic.model_validator(mode="after")
    def _values_are_known(self) -> Rules:
        for name, known in SCALES.items():
            declared = getattr(self, name)
            if isinstance(declared, dict) and set(declared) != set(known):
                message = f"{name} has the values {', '.join(known)}"
                raise ValueError(message)
        named = [*self.subjects, *(s for _, _, value in self.values() for s in value.subjects)]
        if unknown := sorted(set(named) - set(SUBJECTS)):
            message = f"unknown subjects: {', '.join(unknown)}"
            raise ValueError(message)
        return self

    def values(self) -> Iterator[tuple[str, str, Value]]:
        """Yield each dimension with its values and what gives them, in order of precedence."""
        for name in DIMENSIONS:
            declared = getattr(self, name, None)
            for value, given in declared.items() if isinstance(declared, dict) else ():
                if isinstance(given, Value):
                    yield name, value, given


def load_rules(path: Path) -> Rules:
    """Read the rules.

    Args:
        path: A file like ``rules.yaml``.

    Raises:
        InternalError: If it is not what `Rules` says.
    """
    try:
        return Rules.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, pydantic.ValidationError, pl.exceptions.PolarsError) as error:
        raise InternalError(
            f"The rules of tags cannot be read: {error}.", where=path.name, fix="Correct the file."
        ) from error


@functools.cache
def rules() -> Rules:
    """Return the rules that ship with this package."""
    return load_rules(_FILE)


@functools.cache
def rules_digest() -> str:
    """Return the first digits of the digest of the rules: other rules give other tags."""
    return digest(rules().model_dump(mode="json"))[:12]
