"""Parameters of `annotated-pairs`."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from prefdata.protocols import Outside, Params

__all__ = ["AnnotatedPairs"]


class AnnotatedPairs(Params):
    """Parameters of `annotated-pairs`."""

    pairs: tuple[str, ...] = Field(
        default=("make-pairs",), min_length=1, description="The steps whose pairs are labels."
    )
    votes: tuple[str, ...] = Field(
        default=("factors", "vote-principles"),
        description="The steps whose principles are annotators; of a principle that several voted "
        "on, the votes of the first.",
    )
    constitution: str | None = Field(
        default="constitution",
        description="The step whose constitution of all labels is written for ICAI; null for none.",
    )
    principles: Literal["all", "constitution"] = Field(
        default="all",
        description="Which principles are annotators: all that were voted on, or those of the "
        "constitution alone, turned to the end that holds.",
    )
    people: Literal["pooled", "each"] = Field(
        default="pooled",
        description="`pooled`: what most people prefer, as one annotator, so that nobody's choices "
        "can be told apart. `each`: every person too, named by a digest of the id in the source; "
        "who knows the ids of the source can find the person.",
    )
    prompts: Literal["text", "messages"] = Field(
        default="text",
        description="How a prompt of several messages is written: as one text, which every reader "
        "of the format takes, or as messages, which inverse-cai does not.",
    )
    ties: Literal["keep", "drop"] = Field(
        default="keep",
        description="Whether comparisons stay of which people prefer neither; the viewer counts "
        "them, and inverse-cai cannot read a file with them.",
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        description="Most comparisons of a source, chosen by the digests of their ids; the viewer "
        "loads all of them into memory.",
    )
    created_at: str | None = Field(
        default=None,
        description="What the file says of when it was made; null, so that the same snapshot "
        "gives the same bytes.",
    )

    @field_validator("pairs", "votes", mode="before")
    @classmethod
    def _one_alone(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_a_constitution(self) -> Self:
        if self.principles == "constitution" and self.constitution is None:
            message = "principles: constitution needs the step of a constitution"
            raise ValueError(message)
        return self

    def outside(self) -> Outside:
        """Name the steps that are read."""
        last = () if self.constitution is None else (self.constitution,)
        return Outside(steps=(*self.pairs, *self.votes, *last))
