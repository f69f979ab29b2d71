"""HyPER as published, comparison by comparison; for comparison with routers that we advise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.protocols import router
from prefdata.routers._hyper import HyperParams
from prefdata.routing.hyper import hyper_model

if TYPE_CHECKING:
    from prefdata.protocols import Gains, RouterContext, RoutingData

__all__ = ["HyperTopK", "hyper_top_k"]


class HyperTopK(HyperParams):
    """Parameters of `hyper-top-k`."""


@router(version=1, params=HyperTopK)
def hyper_top_k(data: RoutingData, params: HyperTopK, ctx: RouterContext) -> Gains:
    """Ask people about the comparisons that HyPER's model values most, each alone.

    References:
        Miranda et al. (arXiv 2410.19133), the top-k router.
    """
    model = hyper_model(data, ctx, form=params.model, n_mixes=params.n_mixes, runs=params.runs)
    return model.gains(data.pool.tags)
