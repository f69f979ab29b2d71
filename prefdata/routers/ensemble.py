"""The default router: who is likelier to be right, and what helps a reward model, in one order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from prefdata.protocols import Params, router
from prefdata.routing.ensemble import combine
from prefdata.routing.influence import influence_gains
from prefdata.routing.paired import paired_gains

if TYPE_CHECKING:
    from prefdata.protocols import Gains, RouterContext, RoutingData

__all__ = ["EnsembleParams", "ensemble"]


class EnsembleParams(Params):
    """Parameters of `ensemble`."""

    ridge: float = Field(
        default=0.01, gt=0, description="Of all reward heads, on differences of unit variance."
    )
    n_mixes: int = Field(
        default=4, ge=1, description="Of `influence`: mixes of labels that it is averaged over."
    )
    c: float = Field(
        default=0.1,
        gt=0,
        description="Of `paired`: inverse strength of the penalty of its regressions.",
    )


@router(version=1, params=EnsembleParams)
def ensemble(data: RoutingData, params: EnsembleParams, ctx: RouterContext) -> Gains:
    """Ask people by the mean of the ranks of `influence` and `paired`.

    What makes labels right and what makes a reward model good differ: noise of people averages
    out in a model, and a bias of the AI does not. The mean serves both.
    """
    return combine(
        [
            influence_gains(data, ridge=params.ridge, n_mixes=params.n_mixes, seed=ctx.seed),
            paired_gains(data, c=params.c, ridge=params.ridge, seed=ctx.seed),
        ]
    )
