"""What a factor is, as a catalogue declares it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self, get_args

import polars as pl
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = ["DEAD_ZONES", "MEASURES", "Factor", "Kind", "Patterns", "Terms", "When"]

Kind = Literal["count", "rate", "flag", "cont", "diff"]
"""How two values become a vote. ``count`` and ``rate`` (a count per word) do not apply where
neither response has any; ``flag`` is 1 or 0; ``cont`` is a quantity; ``diff`` is what speaks for
it less what speaks against it."""

DEAD_ZONES: dict[Kind, float] = {"count": 0.0, "rate": 0.1, "flag": 0.0, "diff": 0.0}
"""Share of the larger value up to which two values are a tie, where a factor names none."""

Measure = Literal[
    "characters",
    "content_share",
    "distinct_words",
    "grade",
    "prompt_overlap",
    "repeated_sentences",
    "script_match",
    "sentence_words",
    "sentences",
    "word_letters",
    "words",
]
"""Quantities that words and patterns cannot tell; `prefdata.constitution.factors.quantities` has
them."""

MEASURES: frozenset[Measure] = frozenset(get_args(Measure))

_AVERAGES = frozenset(
    {"content_share", "distinct_words", "grade", "sentence_words", "word_letters"}
)


_WORD = re.compile(r"[^\W_]")
_SIGNS = re.compile(r"[^\w\s'’.*-]|_")


def _split(value: Any) -> Any:
    """Take terms as a list, or parted by commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _have_words(terms: tuple[str, ...]) -> tuple[str, ...]:
    for term in terms:
        if not _WORD.search(term) or "*" in term[:-1]:
            message = f"{term!r} is no word or phrase; a star may only stand at its end"
        elif _SIGNS.search(term):
            message = f"{term!r} holds signs that stand between words; look for it by `patterns`"
        else:
            continue
        raise ValueError(message)
    return terms


def _compile(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        try:
            is_empty = pl.Series([""]).str.contains(pattern, strict=True).item()
        except pl.exceptions.PolarsError as error:
            # The engine draws a caret under the place, on a line of its own.
            lines = [line.strip() for line in str(error).splitlines()]
            told = [line for line in lines if line.startswith("error: ")] or lines[:1]
            reason = told[0].removeprefix("error: ")
            message = f"{pattern!r} is no regular expression of Rust (like RE2): {reason}"
            raise ValueError(message) from error
        if is_empty:
            message = f"{pattern!r} matches the empty text, so it cannot be counted"
            raise ValueError(message)
    return patterns


Terms = Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_have_words)]
"""Words and phrases, in a list or parted by commas; a star at the end stands for any ending."""
Patterns = Annotated[tuple[str, ...], AfterValidator(_compile)]
"""Regular expressions of Rust, looked for in the text as it stands."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class When(_Strict):
    """Prompts that a factor applies to: any of these in the last message of the user."""

    words: Terms = Field(default=(), description="Words and phrases.")
    patterns: Patterns = Field(default=(), description="Regular expressions.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.words and not self.patterns:
            message = "names neither words nor patterns"
            raise ValueError(message)
        return self


class Factor(_Strict):
    """A signed axis: a quantity of a response, and what having more and less of it is in words."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Short name.")
    theme: str = Field(min_length=1, description="Group of factors.")
    kind: Kind = Field(description="How two values become a vote.")
    sentence: str = Field(min_length=1, description="The principle that asks for more of it.")
    opposite: str = Field(min_length=1, description="The principle that asks for less of it.")
    measure: Measure | None = Field(default=None, description="A quantity that code measures.")
    words: Terms = Field(default=(), description="Words and phrases that are counted.")
    words_against: Terms = Field(default=(), description="Words that count against, of `diff`.")
    patterns: Patterns = Field(default=(), description="Forms that are counted.")
    patterns_against: Patterns = Field(
        default=(), description="Forms that count against, of `diff`."
    )
    negators: Terms = Field(
        default=(), description="Words after which a word counts for the other side, of `diff`."
    )
    window: int = Field(
        default=2, ge=0, le=10, description="Words between negator and word, at most."
    )
    within: Literal["all", "opening"] = Field(
        default="all", description="Where words are looked for: `opening` is two sentences."
    )
    languages: tuple[str, ...] | None = Field(
        default=None,
        description="Languages it can be told in, ISO 639-1; all when null, which a factor with "
        "words is only where it says so.",
    )
    dead_zone: float | None = Field(
        default=None, ge=0, lt=1, description="Share of the larger value that is a tie."
    )
    at_most: float | None = Field(default=None, description="A `flag`: the measure is at most it.")
    reversed: bool = Field(default=False, description="Less of the quantity is more of the factor.")
    when: When | None = Field(default=None, description="The prompts it applies to.")

    @property
    def zone(self) -> float:
        """Return the share of the larger value up to which two values are a tie."""
        return DEAD_ZONES.get(self.kind, 0.0) if self.dead_zone is None else self.dead_zone

    @property
    def is_sparse(self) -> bool:
        """Tell whether it does not apply where neither response has any."""
        return self.kind in {"count", "rate"}

    @property
    def has_lexicon(self) -> bool:
        """Tell whether it reads words."""
        return bool(self.words or self.words_against)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """Refuse what would be ignored, and what cannot be measured."""
        counts = (self.words, self.words_against, self.patterns, self.patterns_against)
        against = (self.words_against, self.patterns_against, self.negators)
        is_average = self.measure in _AVERAGES
        checks = {
            "has no words, patterns or measure": self.measure or any(counts),
            "has a measure, and words or patterns beside it": not self.measure or not any(counts),
            "is of the kind `cont`, which needs a measure": self.kind != "cont" or self.measure,
            "is of the kind `cont`, which needs a dead_zone": self.kind != "cont"
            or self.dead_zone is not None,
            "has words, patterns or negators against it, which need the kind `diff`": self.kind
            == "diff"
            or not any(against),
            "is of the kind `diff`, but nothing counts against it": self.kind != "diff"
            or any(against),
            "has at_most, which needs a measure and the kind `flag`": self.at_most is None
            or (self.measure and self.kind == "flag"),
            "is a `flag` of a measure, which needs at_most": self.kind != "flag"
            or not self.measure
            or self.at_most is not None,
            f"measures {self.measure}, which needs the kind `cont`": not is_average
            or self.kind == "cont",
            "looks within the opening, but has no words": self.within == "all" or self.has_lexicon,
            "has the same words for both ends": self.sentence != self.opposite,
        }
        for message, holds in checks.items():
            if not holds:
                raise ValueError(message)
        return self
