"""Which arm each item gets, so that the gain is greatest and the money is enough.

The multiple-choice knapsack: of each item exactly one arm is taken. Its linear relaxation is
solved by the upper hulls of the items and a sort (Sinha and Zoltners 1979), and differs from the
whole-number optimum by one item at most, so the greedy answer is as good as exact where there are
thousands of items. Limits across items (quotas, capacities) have no such structure: those go to a
solver.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Arms = NDArray[np.intp]

__all__ = ["Capacity", "Exact", "NoChoiceError", "Quota", "exact", "greedy"]

_INFEASIBLE = 2


class NoChoiceError(ValueError):
    """No choice keeps all limits, or none was found in time."""


@dataclass(frozen=True, slots=True)
class Quota:
    """How many votes some of the items may take, and must."""

    rows: NDArray[np.bool_]
    """``(n,)``: the items that it is about."""
    least: float = 0.0
    most: float = np.inf


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many votes some of the arms can give."""

    arms: NDArray[np.bool_]
    """``(A,)``: the arms that share it."""
    most: float


@dataclass(frozen=True, slots=True)
class Exact:
    """What the solver found."""

    chosen: Arms
    """``(n,)``: the arm of each item."""
    gap: float
    """How far the gain may be below the best one, as a share of it."""
    is_optimal: bool
    """Whether that is within the gap that was asked for; False when time ran out."""


def greedy(gains: Floats, costs: Floats, budget: float) -> Arms:
    """Choose an arm for each item, most gain for the money first.

    Each item starts at its cheapest arm (the most gainful of these) and climbs its upper hull;
    the steps of all items are taken in the order of gain per cost while the money is enough.
    Steps that are too dear are passed over, and cheaper ones after them are tried. Among equals
    the item that comes first is served first. No step that gains nothing is taken.

    Args:
        gains: ``(n, A)`` gain of each arm on each item, any unit; ``-inf`` where the item
            cannot take the arm.
        costs: ``(n, A)`` its cost, 0 or more.
        budget: What all may cost together, in the unit of ``costs``.

    Returns:
        ``(n,)``: the index of each item's arm. Their costs, added up in any order, exceed the
        budget by rounding at most; not at all where costs are whole numbers.

    Raises:
        ValueError: If the cheapest arms cost more than the budget, or an item can take no arm.

    References:
        Kellerer, Pferschy and Pisinger, *Knapsack Problems* (2004), Section 11.2.
    """
    gains, costs = _checked(gains, costs)
    chosen = _cheapest(gains, costs)
    each = np.arange(len(gains))
    left = budget - float(costs[each, chosen].sum())
    if left < 0:
        message = f"the cheapest arms cost {budget - left:g}, the budget is {budget:g}"
        raise ValueError(message)
    item, arm, cost = _steps(gains, costs, chosen)
    spent = np.cumsum(cost)
    n_whole = int(np.searchsorted(spent, left, side="right"))
    # Steps of one item come in their order, so the last one that was taken stands.
    chosen[item[:n_whole]] = arm[:n_whole]
    if n_whole == len(item):
        return chosen
    left -= float(spent[n_whole - 1]) if n_whole else 0.0
    rest = slice(n_whole, None)
    return _fill(chosen, item[rest], arm[rest], cost[rest], costs, left)


def exact(
    gains: Floats,
    costs: Floats,
    budget: float,
    *,
    votes: NDArray[np.integer[Any]],
    quotas: Sequence[Quota] = (),
    capacities: Sequence[Capacity] = (),
    seconds: float = 60.0,
    gap: float = 1e-4,
) -> Exact:
    """Choose an arm for each item under limits across items, by a solver (HiGHS).

    Args:
        gains: ``(n, A)`` gain of each arm on each item; ``-inf`` where it cannot be taken.
        costs: ``(n, A)`` its cost, 0 or more.
        budget: What all may cost together.
        votes: ``(A,)`` votes that each arm takes of people; what quotas and capacities count.
        quotas: Limits on the votes of some items.
        capacities: Limits on the votes of some arms.
        seconds: Time after which the best one found so far is taken.
        gap: How far from the best, as a share of it, is good enough.

    Raises:
        NoChoiceError: If no choice keeps all limits, or none was found in time.
        ValueError: If the arrays do not fit, or an item can take no arm.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, identity, kron, vstack

    gains, costs = _checked(gains, costs)
    n, n_arms = gains.shape
    can = np.isfinite(gains)
    # One arm for each item.
    one = kron(identity(n, format="csr"), np.ones((1, n_arms)), format="csr")
    rows = [np.where(can, costs, 0.0).ravel()]
    least, most = [-np.inf], [float(budget)]
    for quota in quotas:
        rows.append((quota.rows[:, None] * votes[None, :]).ravel().astype(float))
        least.append(quota.least)
        most.append(quota.most)
    for capacity in capacities:
        rows.append(np.tile(capacity.arms * votes, n).astype(float))
        least.append(-np.inf)
        most.append(capacity.most)
    found = milp(
        -np.where(can, gains, 0.0).ravel(),
        integrality=np.ones(n * n_arms),
        bounds=Bounds(0, can.ravel().astype(float)),
        constraints=LinearConstraint(
            vstack([one, csr_array(np.array(rows))], format="csr"),
            np.concatenate([np.ones(n), least]),
            np.concatenate([np.ones(n), most]),
        ),
        options={"time_limit": seconds, "mip_rel_gap": gap},
    )
    if found.x is None:
        why = "no choice keeps" if found.status == _INFEASIBLE else "none was found in time within"
        message = f"{why} the budget, all quotas and all capacities"
        raise NoChoiceError(message)
    chosen = found.x.reshape(n, n_arms).argmax(axis=1)
    return Exact(chosen, float(found.mip_gap or 0.0), found.status == 0)


def _checked(gains: Floats, costs: Floats) -> tuple[Floats, Floats]:
    gains, costs = np.asarray(gains, dtype=np.float64), np.asarray(costs, dtype=np.float64)
    if gains.ndim != 2 or gains.shape != costs.shape:  # noqa: PLR2004
        message = "gains and costs must both be (n, A)"
        raise ValueError(message)
    if not np.isfinite(gains).any(axis=1).all() or np.isnan(gains).any():
        message = "an item can take no arm, or a gain is not a number"
        raise ValueError(message)
    if not (costs[np.isfinite(gains)] >= 0).all():
        message = "a cost is negative or not a number"
        raise ValueError(message)
    return gains, costs


def _cheapest(gains: Floats, costs: Floats) -> Arms:
    """Return the cheapest arm of each item; of several the most gainful, then the first."""
    prices = np.where(np.isfinite(gains), costs, np.inf)
    is_cheapest = prices == prices.min(axis=1, keepdims=True)
    return np.asarray(np.where(is_cheapest, gains, -np.inf).argmax(axis=1))


def _steps(gains: Floats, costs: Floats, start: Arms) -> tuple[Arms, Arms, Floats]:
    """Return all steps up the hulls, best first: the item, the arm that it gets, the extra cost."""
    n, n_arms = gains.shape
    each = np.arange(n)
    at = start.copy()
    limit = np.full(n, np.inf)
    items, arms, extra, slopes = [], [], [], []
    for _ in range(n_arms - 1):
        more = gains[each] - gains[each, at[each]][:, None]
        price = costs[each] - costs[each, at[each]][:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where((more > 0) & (price > 0), more / price, -np.inf)
        best = slope.argmax(axis=1)
        steep = slope[np.arange(len(each)), best]
        is_up = steep > 0
        each, best, steep = each[is_up], best[is_up], steep[is_up]
        if not len(each):
            break
        # Rounding must not put a later step of an item before an earlier one.
        limit[each] = np.minimum(limit[each], steep)
        items.append(each)
        arms.append(best)
        extra.append(costs[each, best] - costs[each, at[each]])
        slopes.append(limit[each])
        at[each] = best
    if not items:
        none = np.empty(0, dtype=np.intp)
        return none, none, np.empty(0)
    item, arm, cost = np.concatenate(items), np.concatenate(arms), np.concatenate(extra)
    # Stable, and steps of one item were added in their order: equals keep it.
    order = np.lexsort((item, -np.concatenate(slopes)))
    return item[order], arm[order], cost[order]


def _fill(chosen: Arms, item: Arms, arm: Arms, extra: Floats, costs: Floats, left: float) -> Arms:
    """Spend what is left on the steps after the first that was too dear, where one fits.

    An item may come to an arm further up at once when the step before it was passed over.
    """
    # No step costs less than from the arm before it; where the least of these is too dear, stop.
    least = np.minimum.accumulate(extra[::-1])[::-1]
    # A loop over rows: what fits depends on what was taken before. It ends with the money.
    for k in range(len(item)):
        if left < least[k]:
            break
        i, a = item[k], arm[k]
        price = float(costs[i, a] - costs[i, chosen[i]])
        if price <= left:
            chosen[i] = a
            left -= price
    return chosen
