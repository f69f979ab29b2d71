"""A baseline from active learning: the ActiveLab score of cleanlab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from prefdata.protocols import Params, router
from prefdata.routing.active_lab import active_lab_gains

if TYPE_CHECKING:
    from prefdata.protocols import Gains, RouterContext, RoutingData

__all__ = ["ActiveLabParams", "active_lab"]


class ActiveLabParams(Params):
    """Parameters of `active-lab`."""

    ridge: float = Field(
        default=0.01, gt=0, description="Of the reward heads, on differences of unit variance."
    )
    n_folds: int = Field(default=5, ge=2, description="Folds by prompt in which heads are fitted.")


@router(version=1, params=ActiveLabParams)
def active_lab(data: RoutingData, params: ActiveLabParams, ctx: RouterContext) -> Gains:
    """Ask people where the AI, those who judged before and a model are unsure.

    Needs the extra `crowd`. It does not know where the AI is biased.
    """
    return active_lab_gains(data, ridge=params.ridge, n_folds=params.n_folds, seed=ctx.seed)
