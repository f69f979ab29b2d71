"""What the checks read, what they give, and from where on a rationale fails."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from prefdata.protocols import Params

__all__ = ["CHECKED", "CHECK_NAMES", "FOUND", "Limits"]

CHECKED: dict[str, pl.DataType] = {
    "rationale_id": pl.String(),
    "source": pl.String(),
    "pair_id": pl.String(),
    "prompt_id": pl.String(),
    "kind": pl.String(),
    "text": pl.String(),
    "language": pl.String(),
    "x_text": pl.String(),
    "y_text": pl.String(),
    "prompt_text": pl.String(),
    "preferred": pl.String(),
    "finish_reason": pl.String(),
    "status": pl.String(),
}
"""Columns of the rationales that are checked: those of `rationales`, and the texts of the two
responses and of the prompt. ``language`` is the one that the rationale should be in."""

FOUND: dict[str, pl.DataType] = {
    "rationale_id": pl.String(),
    "check_name": pl.String(),
    "value": pl.Float64(),
    "is_passed": pl.Boolean(),
    "detail": pl.String(),
}
"""Columns of what checks give."""

CHECK_NAMES = (
    "length",
    "language",
    "refusal",
    "label-leak",
    "position-leak",
    "quotes",
    "names",
    "copying",
    "specificity",
    "boilerplate",
    "aspects",
)
"""Names of the checks, in the order in which they are made."""


class Limits(Params):
    """From where on a rationale fails."""

    general_words: tuple[int, int] = Field(
        default=(8, 90), description="Fewest and most words of a `general` rationale."
    )
    specific_words: tuple[int, int] = Field(
        default=(30, 220), description="Fewest and most words of a `specific` rationale."
    )
    characters_per_word: float = Field(
        default=1.6,
        gt=0,
        description="Characters that count as a word in scripts without spaces.",
    )
    quoted_words: int = Field(
        default=3, ge=1, description="Words from which on a quotation must be found."
    )
    quote_similarity: float = Field(
        default=90.0,
        ge=0,
        le=100,
        description="Least partial ratio of a quotation with a response, where it is not found "
        "word by word.",
    )
    longest_quote: int = Field(
        default=40, ge=1, description="Words above which a quotation counts as copied."
    )
    copied_run: int = Field(default=8, ge=1, description="Words of a run that counts as copied.")
    copied_share: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="Greatest share of a rationale's runs that are in one response.",
    )
    specific_content: int = Field(
        default=2,
        ge=0,
        description="Fewest words of content of a `specific` rationale that are in one response "
        "alone.",
    )
    boilerplate_similarity: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Least share of common runs of three words that makes two rationales alike.",
    )
    boilerplate_prompts: int = Field(
        default=3, ge=1, description="Prompts that alike rationales may have, at most."
    )
    small_number: int = Field(
        default=12, ge=0, description="Greatest number that counts as counted, not as claimed."
    )
    same_content: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="Share of the shorter response's words that the longer has, from which on "
        "they differ in length or format alone.",
    )
