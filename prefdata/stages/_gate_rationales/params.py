"""Parameters of `gate-rationales`."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from prefdata.protocols import ChatParams, Outside, Params
from prefdata.rationales.checks import Limits
from prefdata.rationales.judged import JudgeLimits, ModelCheck
from prefdata.rationales.writer import WriteParams

__all__ = ["GateRationales"]

_USUAL: tuple[ModelCheck, ...] = ("stance", "grounding", "order-gap")


class GateRationales(Params):
    """Parameters of `gate-rationales`."""

    rationales: tuple[str, ...] = Field(
        default=("write-rationales",),
        description="The steps whose rationales are checked; one name, or several.",
    )
    pairs: str = Field(
        default="make-pairs",
        description="The step whose pairs they are for; read where rationales are written anew.",
    )
    limits: Limits = Field(default_factory=Limits, description="Of the checks that need no model.")
    judge: ChatParams | None = Field(
        default=None,
        description="The chat model that makes the checks which need one, better not of the "
        "writer's family. Without a judge, or with `none`, they are not made.",
    )
    model_checks: tuple[ModelCheck, ...] | None = Field(
        default=None,
        description="Which of them: `stance`, `grounding`, `order-gap`, `claims`, `flip`, `gain`. "
        "By default the first three where there is a judge.",
    )
    judge_limits: JudgeLimits = Field(
        default_factory=JudgeLimits, description="Of the checks that a judge makes."
    )
    is_thorough: bool = Field(
        default=False,
        description="Ask the judge also about rationales that failed a cheaper check; it costs "
        "more, and says more of each check.",
    )
    rewrite: WriteParams | None = Field(
        default=None,
        description="Who writes anew where none passed, and for the opposite label as a control: "
        "parameters of `write-rationales`. By default nobody.",
    )
    retries: int = Field(
        default=2,
        ge=0,
        description="How often a rationale is written anew; then the pair stays without one.",
    )
    controls: int = Field(
        default=200,
        ge=0,
        description="Rationales of each kind that are spoilt in each way, to measure what the "
        "gate sees; 0 for none.",
    )

    @field_validator("rationales", mode="before")
    @classmethod
    def _one_name(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("judge", mode="before")
    @classmethod
    def _nobody(cls, value: Any) -> Any:
        # Inputs of recipes have no other way to say so: null is one that waits for a value.
        return None if value == "none" else value

    @model_validator(mode="after")
    def _checks_have_what_they_need(self) -> Self:
        if self.judge is None and self.model_checks:
            message = f"model_checks need a judge: {', '.join(self.model_checks)}"
            raise ValueError(message)
        if "flip" in (self.model_checks or ()) and self.rewrite is None:
            message = "the check flip needs `rewrite`, which writes for the opposite label"
            raise ValueError(message)
        return self

    def checks(self) -> tuple[str, ...]:
        """Return the checks that the judge makes."""
        usual = _USUAL if self.judge is not None else ()
        return usual if self.model_checks is None else self.model_checks

    def outside(self) -> Outside:
        """Name the models, and the steps that are read."""
        writer = self.rewrite.model if self.rewrite is not None else None
        models = tuple(model for model in (self.judge, writer) if model is not None)
        return Outside(models=models, steps=(*self.rationales, self.pairs))
