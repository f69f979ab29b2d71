"""The router that learns on the same comparisons where people, and where the AI, are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from prefdata.protocols import Params, router
from prefdata.routing.paired import paired_gains

if TYPE_CHECKING:
    from prefdata.protocols import Gains, RouterContext, RoutingData

__all__ = ["PairedParams", "paired"]


class PairedParams(Params):
    """Parameters of `paired`."""

    use_model: bool = Field(
        default=True,
        description="Whether reward heads are asked too, one of people and one of all labels: "
        "how sure they are, and whether they contradict the AI. Without, tags and what is known "
        "of the AI's verdict decide.",
    )
    c: float = Field(
        default=0.1,
        gt=0,
        description="Inverse strength of the penalty of the logistic regressions, as in "
        "scikit-learn.",
    )
    ridge: float = Field(
        default=0.01, gt=0, description="Of the reward heads, on differences of unit variance."
    )
    n_folds: int = Field(
        default=5,
        ge=2,
        description="Folds by prompt in which heads are fitted, so that none is asked about "
        "labels it has seen.",
    )


@router(version=1, params=PairedParams)
def paired(data: RoutingData, params: PairedParams, ctx: RouterContext) -> Gains:
    """Ask people where they are likelier to be right than the AI."""
    return paired_gains(
        data,
        use_model=params.use_model,
        c=params.c,
        ridge=params.ridge,
        n_folds=params.n_folds,
        seed=ctx.seed,
    )
