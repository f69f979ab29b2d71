"""Parameters of `constitution`."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from prefdata.protocols import EmbedderParams, Outside, Params

__all__ = ["Constitution"]


class Constitution(Params):
    """Parameters of `constitution`."""

    pairs: tuple[str, ...] = Field(
        default=("make-pairs",),
        min_length=1,
        description="The steps whose pairs are labels. Made with `aggregate: annotator` and `tie: "
        "both-orders` they keep who said what, and ties.",
    )
    judgments: tuple[str, ...] = Field(
        default=(),
        description="The steps that added annotators behind these pairs, where the source did "
        "not: such as `judge`.",
    )
    votes: tuple[str, ...] = Field(
        default=("factors", "vote-principles"),
        min_length=1,
        description="The steps whose principles are measured. One that wrote none is passed over; "
        "of comparisons, those are used that all the others voted on.",
    )
    group_by: tuple[str, ...] = Field(
        default=(),
        description="Groups that are compared: columns of `annotators` such as `country`, "
        "`gender`, `age_band` or `kind`, of `prompts` (`subset`, `split`, `topic`, `language`), or "
        "`stated:<name>` for those who say that something matters most to them.",
    )
    per_group: bool = Field(
        default=True, description="Look for a constitution in each group, not for all alone."
    )
    aspect: str | None = Field(
        default=None, description="The aspect that was judged; all together when null or `all`."
    )
    graded: bool = Field(
        default=False,
        description="Where votes were aggregated, weigh a label by how far they lean.",
    )
    cluster: Literal["auto", "prompt", "annotator", "both"] = Field(
        default="auto",
        description="What is drawn as a whole in intervals and tests. `auto`: annotators and "
        "prompts, the wider of both, where at least ten annotators judged several prompts each; "
        "else prompts.",
    )
    method: Literal["greedy", "lasso"] = Field(
        default="greedy", description="How the set of principles is chosen."
    )
    max_principles: int = Field(default=10, ge=1, description="Most principles of a constitution.")
    screen: float = Field(
        default=0.4,
        gt=0,
        lt=1,
        description="Principles with a greater q-value on the prompts to choose on are no "
        "candidates. Generous, for the set as a whole is tested on other prompts.",
    )
    train_share: float = Field(
        default=0.6,
        gt=0.1,
        lt=0.9,
        description="Share of prompts on which principles are chosen; they are measured on others.",
    )
    min_annotators: int = Field(
        default=10, ge=10, description="Groups of fewer annotators are not shown; ten at the least."
    )
    min_decisive: int = Field(
        default=30, ge=1, description="Principles that decide fewer labels are not measured."
    )
    n_bootstraps: int = Field(default=2000, ge=100, description="Draws of an interval.")
    n_flips: int = Field(default=10_000, ge=100, description="Draws of a test.")
    evidence: int = Field(
        default=5, ge=0, description="Pairs to read for each principle and side; 0 for none."
    )
    embedder: EmbedderParams | None = Field(
        default=None,
        description="The embedder by which evidence is searched and made various: a name, or its "
        "parameters; null to go by votes alone.",
    )

    @field_validator("pairs", "judgments", "votes", "group_by", mode="before")
    @classmethod
    def _one_alone(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("aspect", "embedder", mode="before")
    @classmethod
    def _null_by_word(cls, value: Any) -> Any:
        # An input of a recipe that is null has no default.
        return None if value in ("all", "none") else value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse a group that is named twice."""
        if len(set(self.group_by)) < len(self.group_by):
            message = "group_by names a column twice"
            raise ValueError(message)
        return self

    def outside(self) -> Outside:
        """Name the steps that are read, and the embedder where one is used."""
        models = (self.embedder,) if self.embedder and self.evidence else ()
        return Outside(models=models, steps=(*self.pairs, *self.judgments, *self.votes))
