"""HyPER as published, comparison by comparison; for comparison with routers that we advise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from prefdata.protocols import Outside, Params, router
from prefdata.routing.hyper import hyper_model

if TYPE_CHECKING:
    from prefdata.protocols import Gains, RouterContext, RoutingData

__all__ = ["HyperTopK", "hyper_top_k"]


class HyperTopK(Params):
    """Parameters of `hyper-top-k`."""

    model: Literal["linear", "quadratic"] = Field(
        default="linear",
        description="Regression on the counts of tags, or on these and their products.",
    )
    n_mixes: int = Field(
        default=300, ge=20, description="Mixes that reward heads are fitted to, without `runs`."
    )
    runs: str | None = Field(
        default=None,
        description="A file of training runs as HyPER publishes it, `*-counts-runs.csv`; the "
        "model learns from these instead of from reward heads on the labels at hand.",
    )

    def outside(self) -> Outside:
        """Name the file that is read."""
        return Outside(files=() if self.runs is None else (self.runs,))


@router(version=1, params=HyperTopK)
def hyper_top_k(data: RoutingData, params: HyperTopK, ctx: RouterContext) -> Gains:
    """Ask people about the comparisons that HyPER's model values most, each alone.

    References:
        Miranda et al. (arXiv 2410.19133), the top-k router.
    """
    model = hyper_model(data, ctx, form=params.model, n_mixes=params.n_mixes, runs=params.runs)
    return model.gains(data.pool.tags)
