"""The router that knows what one label changes in a reward model, in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from prefdata.protocols import Params, router
from prefdata.routing.influence import influence_gains

if TYPE_CHECKING:
    from prefdata.protocols import Gains, RouterContext, RoutingData

__all__ = ["InfluenceParams", "influence"]


class InfluenceParams(Params):
    """Parameters of `influence`."""

    ridge: float = Field(
        default=0.01, gt=0, description="Of the reward heads, on differences of unit variance."
    )
    n_mixes: int = Field(
        default=4,
        ge=1,
        description="Mixes of labels that influences are averaged over, with 0 to 80 % of the "
        "labels of the seed set from people.",
    )
    n_bootstraps: int = Field(
        default=100, ge=2, description="Draws of prompts for the standard errors."
    )


@router(version=1, params=InfluenceParams)
def influence(data: RoutingData, params: InfluenceParams, ctx: RouterContext) -> Gains:
    """Ask people where their label would improve a reward model most, by its tags."""
    return influence_gains(
        data,
        ridge=params.ridge,
        n_mixes=params.n_mixes,
        n_bootstraps=params.n_bootstraps,
        seed=ctx.seed,
    )
