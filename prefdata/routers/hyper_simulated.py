"""HyPER as published, mix by mix; for comparison with routers that we advise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from prefdata.protocols import router
from prefdata.routers._hyper import HyperParams
from prefdata.routing.hyper import best_of_many, hyper_model

if TYPE_CHECKING:
    from prefdata.protocols import Gains, RouterContext, RoutingData

__all__ = ["HyperSimulated", "hyper_simulated"]


class HyperSimulated(HyperParams):
    """Parameters of `hyper-simulated`."""

    model: Literal["linear", "quadratic"] = Field(
        default="quadratic",
        description="Regression on the counts of tags, or on these and their products.",
    )
    n_candidates: int = Field(
        default=500, ge=1, description="Mixes of the pool of which the best is taken."
    )


@router(version=1, params=HyperSimulated)
def hyper_simulated(data: RoutingData, params: HyperSimulated, ctx: RouterContext) -> Gains:
    """Ask people about the mix that HyPER's model values most, of many that are drawn.

    References:
        Miranda et al. (arXiv 2410.19133), the simulated router, which they use.
    """
    model = hyper_model(data, ctx, form=params.model, n_mixes=params.n_mixes, runs=params.runs)
    return best_of_many(model, data.pool.tags, params.n_candidates, seed=ctx.seed)
