"""HyPER's idea with a model that can be learnt: shares instead of counts, and a penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from prefdata.protocols import Params, router
from prefdata.routing.performance import fit_performance, measure_mixes

if TYPE_CHECKING:
    from prefdata.protocols import Gains, RouterContext, RoutingData

__all__ = ["RidgeExcess", "ridge_excess"]


class RidgeExcess(Params):
    """Parameters of `ridge-excess`."""

    n_mixes: int = Field(
        default=300,
        ge=20,
        description="Mixes that reward heads are fitted to; with fewer it finds less.",
    )
    ridge: float = Field(
        default=0.01, gt=0, description="Of the reward heads, on differences of unit variance."
    )


@router(version=1, params=RidgeExcess)
def ridge_excess(data: RoutingData, params: RidgeExcess, ctx: RouterContext) -> Gains:
    """Ask people about tags of which better mixes hold more than their share.

    Gains are in nats of the evaluation set's log-loss for one label; see
    `prefdata.routing.performance`.
    """
    mixes = measure_mixes(data, params.n_mixes, seed=ctx.seed, ridge=params.ridge)
    return fit_performance(mixes, "ridge-excess", seed=ctx.seed).gains(data.pool.tags)
