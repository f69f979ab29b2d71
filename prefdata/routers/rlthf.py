"""A published router, for comparison: the ranking of RLTHF, without its relabelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from prefdata.protocols import Params, router
from prefdata.routing.gaps import Beyond, gap_gains

if TYPE_CHECKING:
    from prefdata.protocols import Gains, RouterContext, RoutingData

__all__ = ["RlthfParams", "rlthf"]


class RlthfParams(Params):
    """Parameters of `rlthf`."""

    ridge: float = Field(
        default=0.01, gt=0, description="Of the reward heads, on differences of unit variance."
    )
    amplification: float = Field(
        default=4.0,
        gt=0,
        description="How often labels of people are repeated; alpha of the paper.",
    )
    back_off: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="Share of the AI's labels left of the knee that are not learnt from; beta of "
        "the paper.",
    )
    beyond: Beyond = Field(
        default="first",
        description="When people are asked about what lies right of the reflection point, where "
        "the head contradicts the AI most: `first`, or `last`, as in the paper, which takes the "
        "other label there and asks nobody.",
    )


@router(version=1, params=RlthfParams)
def rlthf(data: RoutingData, params: RlthfParams, ctx: RouterContext) -> Gains:
    """Ask people where a reward model contradicts the AI, as RLTHF ranks.

    Labels are never changed without asking: where a reward model is weak, that makes them worse.
    The figures of the paper are against a truth that a reward model had cleaned.
    """
    return gap_gains(
        data,
        ridge=params.ridge,
        amplification=params.amplification,
        back_off=params.back_off,
        beyond=params.beyond,
    )
