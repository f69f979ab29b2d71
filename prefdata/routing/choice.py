"""Arms for the pool within the money, and within limits where the user sets some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from pydantic import Field

from prefdata.core.errors import UserError
from prefdata.metrics.knapsack import Capacity, NoChoiceError, Quota, exact, greedy
from prefdata.protocols import Params
from prefdata.routing.arms import N_VOTES, Arm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["ArmCapacity", "Choice", "Limits", "VoteQuota", "choose_arms"]


class VoteQuota(Params):
    """At least and at most so many votes of people for some comparisons."""

    tag: str | None = Field(
        default=None, description="Those with this tag, spelt as in `comparison_features.tags`."
    )
    language: str | None = Field(
        default=None, description="Those whose prompt is in this language, as the source says."
    )
    least: int = Field(default=0, ge=0, description="Fewest votes.")
    most: int | None = Field(default=None, ge=0, description="Most votes; no bound when null.")

    def holds(self) -> pl.Expr:
        """Tell which comparisons it is about: all, where neither tag nor language is named."""
        found = pl.lit(value=True)
        if self.tag is not None:
            found &= pl.col("tags").list.contains(self.tag)
        if self.language is not None:
            found &= pl.col("language").eq_missing(self.language)
        return found


class ArmCapacity(Params):
    """At most so many votes of some arms together, such as of the experts there are."""

    arms: tuple[Arm, ...] = Field(min_length=1, description="The arms that share it.")
    most: int = Field(ge=0, description="Most votes.")


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits across comparisons; with any, a solver chooses, which takes seconds to minutes."""

    quotas: tuple[VoteQuota, ...] = ()
    capacities: tuple[ArmCapacity, ...] = ()
    seconds: float = 60.0
    """Time after which the solver's best answer is taken."""

    @property
    def is_none(self) -> bool:
        """Return whether there are no limits."""
        return not self.quotas and not self.capacities


@dataclass(frozen=True, slots=True)
class Choice:
    """The arm of each comparison, and how far from the best all of them may be."""

    arms: NDArray[np.intp]
    gap: float | None = None
    """As a share of the gain; None for the greedy answer, which is within one comparison."""


def choose_arms(
    values: NDArray[np.floating[Any]],
    costs: NDArray[np.floating[Any]],
    budget: float,
    arms: Sequence[Arm],
    pool: pl.DataFrame,
    limits: Limits,
) -> Choice:
    """Choose the arms of the most value within the money and the limits.

    Args:
        values: ``(n, A)`` what each arm is worth on each comparison.
        costs: ``(n, A)`` what it costs.
        budget: The money, in the unit of ``costs``.
        arms: Names of the arms.
        pool: The comparisons, with ``tags`` and ``language``.
        limits: What else binds.

    Raises:
        UserError: If no choice keeps all limits.
    """
    if not len(values):
        return Choice(np.empty(0, dtype=np.intp))
    if limits.is_none:
        return Choice(greedy(values, costs, budget))
    quotas = [
        Quota(
            pool.with_columns(holds=quota.holds())["holds"].to_numpy(),
            quota.least,
            np.inf if quota.most is None else quota.most,
        )
        for quota in limits.quotas
    ]
    capacities = [
        Capacity(np.array([arm in capacity.arms for arm in arms]), capacity.most)
        for capacity in limits.capacities
    ]
    votes = np.array([N_VOTES[arm] for arm in arms])
    try:
        found = exact(
            values,
            costs,
            budget,
            votes=votes,
            quotas=quotas,
            capacities=capacities,
            seconds=limits.seconds,
        )
    except NoChoiceError as error:
        raise UserError(
            f"The pool cannot be planned: {error}.",
            where="quotas, capacities",
            fix="Lower `least`, or raise `most`, the budget or `solver_seconds`.",
        ) from error
    return Choice(found.chosen, found.gap)
