"""How rationales say things in each language: the word patterns that the checks look for.

A language is a file of ``lexicons/``; a language without one is not read by the checks that need
words, and they say so.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pydantic
import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from prefdata.core.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ASPECTS", "Lexicon", "alternatives", "lexicon_languages", "lexicon_of", "load_lexicon"]

ASPECTS = (
    "correctness",
    "instruction",
    "completeness",
    "safety",
    "helpfulness",
    "clarity",
    "style",
    "tone",
    "honesty",
    "length",
    "format",
)
"""Criteria that a rationale may be about."""

_FOLDER = Path(__file__).parent / "lexicons"
_TERM = re.compile(r"\{([a-z]+)\}")


def _compiled(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        try:
            re.compile(_TERM.sub("(?:)", pattern))
        except re.error as error:
            message = f"{pattern!r} is no pattern: {error}"
            raise ValueError(message) from error
    return patterns


Patterns = Annotated[tuple[str, ...], AfterValidator(_compiled)]
"""Regular expressions of the syntax that Rust and Python share; a space matches white space."""

Words = Annotated[
    frozenset[str],
    BeforeValidator(lambda value: value.split() if isinstance(value, str) else value),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ControlTexts(_Strict):
    """What corrupted controls put into rationales of the language."""

    refusal: tuple[str, ...] = Field(min_length=1, description="Refusals and non-decisions.")
    label: tuple[str, ...] = Field(
        min_length=1,
        description="Sentences that give the label away; `{good}` and `{bad}` are handles.",
    )
    position: tuple[str, ...] = Field(
        min_length=1, description="Sentences that speak of an order of the responses."
    )
    words: tuple[str, ...] = Field(min_length=1, description="Words to put into altered quotes.")
    samples: tuple[str, ...] = Field(min_length=1, description="Rationales of no pair at all.")


class Lexicon(_Strict):
    """The word patterns of one language; patterns ignore case."""

    language: str = Field(description="ISO 639-1.")
    spaced: bool = Field(default=True, description="Whether spaces part its words.")
    capitals_are_names: bool = Field(
        default=True, description="Whether a capital inside a sentence begins a name."
    )
    content_letters: int = Field(
        default=4, ge=1, description="Letters of a word that may carry content, at least."
    )
    terms: dict[str, Patterns] = Field(
        description="Lists that patterns below name in braces, such as `{noun}`: what responses "
        "are called."
    )
    refusal: Patterns = Field(description="The writer refuses.")
    undecided: Patterns = Field(description="The writer decides nothing.")
    equal: Patterns = Field(description="Both are as good, which is no decision unless `contrast`")
    contrast: Patterns = Field(description="follows it.")
    label_leak: Patterns = Field(description="Speaks of the label, or of who gave it.")
    position_leak: Patterns = Field(description="Names a response by its place.")
    innocent: Patterns = Field(description="Looks like a leak of either kind, and is none.")
    negation: Patterns = Field(description="What follows is said to be missing.")
    negation_follows: Patterns = Field(description="What comes before is said to be missing.")
    compared_before: Patterns = Field(
        description="Before a handle: the other response is compared with it, not described."
    )
    compared_after: Patterns = Field(description="The same, after a handle.")
    clause: Patterns = Field(description="Begins another clause.")
    pronoun: Patterns = Field(
        description="Begins a sentence about the response that the one before was about."
    )
    relative: Patterns = Field(description="After a handle: it is described after all.")
    after_quote: Patterns = Field(description="Between a quote and the handle that it is from.")
    stop_words: Words = Field(description="Words without content, in rationales above all.")
    aspects: dict[str, Patterns] = Field(description="Words that speak of a criterion.")
    controls: ControlTexts

    @pydantic.model_validator(mode="after")
    def _names_are_known(self) -> Lexicon:
        if unknown := sorted(set(self.aspects) - set(ASPECTS)):
            message = f"unknown aspects: {', '.join(unknown)}"
            raise ValueError(message)
        patterns: Iterable[tuple[str, ...]] = (
            value for value in self.__dict__.values() if isinstance(value, tuple)
        )
        used = {term for group in patterns for one in group for term in _TERM.findall(one)}
        if missing := sorted(used - set(self.terms)):
            message = f"terms that are not there: {', '.join(missing)}"
            raise ValueError(message)
        return self

    def pattern(self, patterns: tuple[str, ...]) -> str:
        """Return one regular expression that matches any of some patterns of this lexicon.

        Args:
            patterns: One of its fields.

        Returns:
            Without groups that capture, for Rust's engine as for Python's; it ignores case, and
            begins and ends at the edges of words in languages that have such.
        """
        body = self._any(patterns)
        return rf"(?i)\b{body}\b" if self.spaced else f"(?i){body}"

    def sieve(self, patterns: tuple[str, ...]) -> str:
        """Return an expression that finds the same texts faster, but not the place in them.

        Rust's fastest engine knows no edges of words outside of ASCII, so this takes the signs
        around a match along.

        Args:
            patterns: One of its fields.
        """
        body = self._any(patterns)
        return rf"(?i)(?:^|\W){body}(?:\W|$)" if self.spaced else f"(?i){body}"

    def _any(self, patterns: tuple[str, ...]) -> str:
        terms = {name: alternatives(parts) for name, parts in self.terms.items()}
        return alternatives(_TERM.sub(lambda match: terms[match[1]], one) for one in patterns)


def alternatives(patterns: Iterable[str]) -> str:
    """Return a group that matches any of some patterns; their spaces match any white space.

    Args:
        patterns: At least one, for none match nothing.
    """
    joined = "|".join(pattern.replace(" ", r"\s+") for pattern in patterns)
    return f"(?:{joined})" if joined else r"(?:[^\s\S])"


def load_lexicon(path: Path) -> Lexicon:
    """Read one file.

    Args:
        path: A file ``<language>.yaml``.

    Raises:
        InternalError: If it is not what `Lexicon` says.
    """
    # The marks of Indic scripts are written in several ways; texts are read in this form too.
    text = unicodedata.normalize("NFC", path.read_text(encoding="utf-8"))
    try:
        value: Any = yaml.safe_load(text)
        lexicon = Lexicon.model_validate(value)
    except (yaml.YAMLError, pydantic.ValidationError) as error:
        raise InternalError(
            f"The word patterns cannot be read: {error}.", where=path.name, fix="Correct the file."
        ) from error
    if lexicon.language != path.stem:
        raise InternalError(
            f"The word patterns are of {lexicon.language!r}.",
            where=path.name,
            fix=f"Name the file {lexicon.language}.yaml.",
        )
    return lexicon


@functools.cache
def lexicon_languages() -> tuple[str, ...]:
    """Return the languages that have word patterns, in alphabetical order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@functools.cache
def lexicon_of(language: str) -> Lexicon | None:
    """Return the word patterns of a language; None where there are none.

    Args:
        language: ISO 639-1.
    """
    if language not in lexicon_languages():
        return None
    return load_lexicon(_FOLDER / f"{language}.yaml")
