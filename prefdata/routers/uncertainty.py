"""A baseline from active learning: ask where a reward model is unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from prefdata.protocols import Params, router
from prefdata.routing.baselines import uncertainty_gains

if TYPE_CHECKING:
    from prefdata.protocols import Gains, RouterContext, RoutingData

__all__ = ["UncertaintyParams", "uncertainty"]


class UncertaintyParams(Params):
    """Parameters of `uncertainty`."""

    ridge: float = Field(
        default=0.01, gt=0, description="Of the reward head, on differences of unit variance."
    )


@router(version=1, params=UncertaintyParams)
def uncertainty(data: RoutingData, params: UncertaintyParams, ctx: RouterContext) -> Gains:
    """Ask people where a reward model of the AI's labels is unsure.

    A baseline: it does not know where the AI is biased, because the model learns the bias.
    """
    return uncertainty_gains(data, ridge=params.ridge)
