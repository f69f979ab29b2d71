"""The router that every other must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.protocols import NoParams, router
from prefdata.routing.baselines import random_gains

if TYPE_CHECKING:
    from prefdata.protocols import Gains, RouterContext, RoutingData

__all__ = ["random"]


@router(version=1)
def random(data: RoutingData, params: NoParams, ctx: RouterContext) -> Gains:
    """Ask people about comparisons that are drawn by chance."""
    return random_gains(data, seed=ctx.seed)
