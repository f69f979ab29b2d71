"""Parameters of `displacement`, and how a refusal is told by its words."""

from __future__ import annotations

import polars as pl
from pydantic import Field, field_validator

from prefdata.protocols import Outside, Params

__all__ = ["REFUSALS", "Displacement"]

_CANNOT = r"(?:can't|cannot|can not|won't|will not|couldn't|could not|shouldn't|should not)"
_UNABLE = r"(?:am|'m) (?:unable|not able|not going|not willing|not allowed|not permitted)"
_ACT = (
    r"(?:help|assist|aid|do|provide|give|offer|tell|share|show|teach|write|create|generate|make|"
    r"produce|answer|respond|support|recommend|suggest|advise|advocate|encourage|endorse|condone|"
    r"promote|participate|engage|comply|fulfil|discuss|describe|explain|talk|say|"
    r"in good conscience)"
)

REFUSALS = (
    rf"\bi (?:really |simply |just |also )?{_CANNOT} (?:possibly |ethically |really )?{_ACT}\b",
    rf"\bi ?{_UNABLE} to\b",
    r"\bsorry,? but (?:as|that|this|it|such|providing|my (?:purpose|guidelines))\b",
    r"\bi(?:'m| am) (?:not )?programmed (?:not )?to\b",
    r"\bi (?:don't|do not) think (?:that's|that is|it's|it is) (?:appropriate|ethical|right)\b",
    r"\bi (?:must|have to|need to|will have to) (?:decline|refuse)\b",
    r"\bi (?:refuse|decline) to\b",
    r"\bi(?:'d| would) (?:rather|prefer) not\b",
    r"\bi(?:'m| am) not comfortable\b",
    r"\bi (?:don't|do not|wouldn't|would not) feel comfortable\b",
    r"\bi apologi[sz]e,? but\b",
    r"\bas an? (?:ai|language model|responsible|artificial intelligence)\b",
    r"\b(?:is|would be|be) (?:illegal|unethical|inappropriate|irresponsible) (?:for me )?to\b",
    r"\b(?:isn't|not|wouldn't be) (?:appropriate|ethical|okay|acceptable) (?:for me )?to\b",
    r"\bagainst my (?:programming|guidelines|principles|policy|policies|values)\b",
)
"""Regular expressions of which an English refusal mostly matches one near its beginning."""


class Displacement(Params):
    """Parameters of `displacement`."""

    scores_from: str = Field(
        default="score-ches", description="The step whose scores are shown; of one model."
    )
    filter_from: str | None = Field(
        default=None,
        description="The step that flagged pairs by their score, such as `filter-displacement`; "
        "the report then shows what is left. None by default.",
    )
    k: int = Field(
        default=10, ge=0, le=200, description="Pairs to read at each end of the ranking."
    )
    refusals: tuple[str, ...] = Field(
        default=REFUSALS,
        description="What tells a refusal: regular expressions, of which one is found in it, "
        "upper and lower case alike. A rule of thumb, and for English only.",
    )
    refusal_characters: int = Field(
        default=300, ge=1, description="How far into a response a refusal is looked for."
    )

    @field_validator("refusals")
    @classmethod
    def _can_be_matched(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                pl.Series([""]).str.contains(pattern)
            except pl.exceptions.ComputeError as error:
                message = f"{pattern!r} is no regular expression: {error}"
                raise ValueError(message) from error
        return patterns

    def outside(self) -> Outside:
        """Name the steps that are read."""
        return Outside(steps=tuple(filter(None, (self.scores_from, self.filter_from))))

    def reads(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Return the tables that are read: flags only where a step filtered."""
        return tuple(t for t in declared if t != "flags" or self.filter_from is not None)
