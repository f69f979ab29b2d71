"""The plan of a labelling budget: who judges which comparison, in which batch, for how much."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.core.fingerprint import digest
from prefdata.routing.arms import N_VOTES, Arm, Costs, People, arm_values, prices
from prefdata.routing.choice import Limits, choose_arms
from prefdata.routing.roles import EVALUATION_VOTES
from prefdata.tables.identity import hash_tuple, unit_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from prefdata.protocols import Gains
    from prefdata.routing.cases import Cases
    from prefdata.routing.roles import Roles

    Floats = NDArray[np.floating[Any]]

__all__ = ["Plan", "Terms", "complete", "first_plan", "payments", "random_gains", "routed_plan"]

_N_WHY = 3
_MICRO = 1_000_000
_ROLES = {
    "evaluation": "evaluation",
    "seed": "seed",
    "routed": "seed",
    "pool": "pool",
    "done": "pool",
}
_ASSIGNED: Mapping[str, pl.DataType] = {
    "comparison_id": pl.String(),
    "role": pl.String(),
    "arm": pl.String(),
    "router": pl.String(),
    "gain": pl.Float64(),
    "gain_se": pl.Float64(),
    "rank": pl.Int64(),
    "batch": pl.Int32(),
    "n_votes": pl.Int32(),
    "cost": pl.Float64(),
    "why": pl.List(pl.String()),
    "why_gains": pl.List(pl.Float64()),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a plan is bound by."""

    costs: Costs
    arms: tuple[Arm, ...] = ("ai", "human")
    budget: float | None = None
    """For all that people are paid, in the currency of the costs; no bound when None."""
    n_batches: int = 3
    limits: Limits = field(default_factory=Limits)
    expert: float | None = None
    """Accuracy of an expert, where the user says."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Who judges what, and what that costs; amounts in the currency of the costs."""

    rows: pl.DataFrame
    """One row for each comparison: the columns of `routes` that are decided here."""
    spent: float
    """What was paid for votes that a plan asked for."""
    gap: float | None = None
    """How far from the best choice a solver may have stopped, as a share; None for the greedy."""
    is_cut: bool = False
    """Whether the budget was less than what was wanted."""
    n_unpaid: int = 0
    """Comparisons of the evaluation and seed sets that it does not pay for."""

    @property
    def cost(self) -> float:
        """Return what is still to be paid."""
        return _sum(self.rows["cost"])


def payments(cases: Cases, costs: Costs) -> pl.DataFrame:
    """Return what was paid for each imported vote: ``comparison_id`` and ``cost``."""
    paid = cases.votes.filter("is_imported").join(
        cases.rows.select("comparison_id", "words"), on="comparison_id", how="left"
    )
    both = prices(paid["words"].to_numpy(), costs, ("human", "expert"))
    cost = np.where(paid["is_expert"].to_numpy(), both[:, 1], both[:, 0])
    return paid.select("comparison_id", cost=pl.Series(cost, dtype=pl.Float64))


def first_plan(cases: Cases, roles: Roles, terms: Terms) -> Plan:
    """Plan the evaluation and seed sets, as far as the money goes; no router is asked.

    The evaluation set comes first, in the order of digests: nothing is known without it.
    """
    rows = _with_price(roles.rows, terms.costs)
    paid = _sum(payments(cases, terms.costs)["cost"])
    wanted = pl.col("part").replace_strict(
        {"evaluation": EVALUATION_VOTES, "seed": 1}, default=0, return_dtype=pl.Int32
    )
    rows = rows.with_columns(missing=(wanted - pl.col("n_human")).clip(0)).with_columns(
        price=(pl.col("missing") * pl.col("price") * _MICRO).round().cast(pl.Int64)
    )
    missing = rows.filter(pl.col("missing") > 0).sort("part", maintain_order=True)
    asked = missing
    if terms.budget is not None:
        left = max(_micro(terms.budget) - _micro(paid), 0)
        asked = missing.filter(pl.col("price").cum_sum() <= left)
    is_asked = pl.col("comparison_id").is_in(asked["comparison_id"].implode())
    rows = rows.with_columns(
        arm=_arm_of_part(),
        n_votes=pl.when(is_asked).then("missing").otherwise(0),
        cost=pl.when(is_asked).then(pl.col("price") / _MICRO).otherwise(0.0),
        batch=pl.when(is_asked).then(0),
    )
    n_unpaid = missing.height - asked.height
    return Plan(_assigned(rows), spent=paid, is_cut=n_unpaid > 0, n_unpaid=n_unpaid)


def routed_plan(
    cases: Cases,
    roles: Roles,
    gains: Gains,
    terms: Terms,
    *,
    router: str,
    share: float,
    found: People,
    tag_names: tuple[str, ...] = (),
) -> Plan:
    """Plan the pool by the gains of a router.

    What may be spent is the price of one person's judgment of that share of the pool, or what is
    left of the budget, if less. What plans asked for before counts as part of the pool, and what
    was paid for it as spent. Arms are chosen for the most gain. Batches go by the router's
    order, each for the same part of what the pool costs in all; so the last is what is left.

    Args:
        cases: The comparisons.
        roles: Their parts.
        gains: In the order of the pool in ``roles``.
        terms: Costs, arms, budget and limits.
        router: Name of the router.
        share: Share of the pool that people are to judge.
        found: Accuracies on the evaluation set.
        tag_names: Names of the contributions of the gains.
    """
    rows = _with_price(roles.rows, terms.costs)
    pool, others = rows.filter(part="pool"), rows.filter(pl.col("part") != "pool")
    paid = payments(cases, terms.costs)
    of_pool = paid.join(rows.filter(part="routed"), on="comparison_id", how="semi")
    for_pool = _sum(of_pool["cost"])
    whole = _sum(rows.filter(pl.col("part").is_in(["pool", "routed"]))["price"])
    left = max(_micro(share * whole) - _micro(for_pool), 0)
    is_cut = False
    if terms.budget is not None:
        purse = max(_micro(terms.budget) - _micro(_sum(paid["cost"])), 0)
        is_cut, left = purse < left, min(purse, left)
    order = _order(gains, round(share * pool.height))
    costs = prices(pool["words"].to_numpy(), terms.costs, terms.arms)
    price = pool["price"].to_numpy()
    values = arm_values(gains, order, price, terms.arms, found, expert=terms.expert)
    chosen = choose_arms(values, np.rint(costs * _MICRO), left, terms.arms, pool, terms.limits)
    planned = _with_arms(pool, chosen.arms, order, costs, terms.arms)
    planned = _with_gains(planned, gains, router, tag_names)
    planned = _in_batches(planned, (left + _micro(for_pool)) / terms.n_batches, terms.n_batches)
    kept = others.with_columns(arm=_arm_of_part(), n_votes=pl.lit(0), cost=pl.lit(0.0))
    both = pl.concat([_assigned(planned), _assigned(kept)])
    return Plan(both, spent=_sum(paid["cost"]), gap=chosen.gap, is_cut=is_cut)


def random_gains(pool: pl.DataFrame, seed: int) -> Floats:
    """Return gains that are chance by the digest of each comparison, ``(n,)`` in [0, 1)."""
    return _chance(pool, f"random {seed}").to_numpy()


def complete(plan: Plan, cases: Cases, terms: Terms, identity: Any) -> pl.DataFrame:
    """Return rows of ``routes``, sorted by id, but for the source and the step.

    The name of the plan is the digest of ``identity``, the seed and every assignment. Gains have
    no part in it: their last digits differ between machines.

    Args:
        plan: The plan.
        cases: The comparisons.
        terms: Its terms.
        identity: A JSON value of what else makes the plan: the parameters, the source.
    """
    known = cases.rows.select(
        *("comparison_id", "prompt_id", "response_a_id", "response_b_id", "aspect"),
        *("ai_label", "n_human"),
    )
    rows = plan.rows.join(known, on="comparison_id", how="left").sort("comparison_id")
    # Annotators see b first for half of the comparisons.
    is_swapped = _chance(rows, f"swap {terms.seed}") < 0.5  # noqa: PLR2004
    rows = rows.with_columns(is_swapped=is_swapped, currency=pl.lit(terms.costs.currency))
    assigned = rows.select(
        "comparison_id", "role", "arm", "router", "rank", "batch", "n_votes", "is_swapped"
    )
    plan_id = digest([identity, terms.seed, [list(row) for row in assigned.iter_rows()]])
    return rows.with_columns(plan_id=pl.lit(plan_id))


def _chance(rows: pl.DataFrame, salt: str) -> pl.Series:
    spots = hash_tuple(rows.select("comparison_id", salt=pl.lit(salt)), "salt", "comparison_id")
    return spots.to_frame("spot").select(unit_interval("spot")).to_series()


def _with_price(rows: pl.DataFrame, costs: Costs) -> pl.DataFrame:
    """Add what one person's judgment costs."""
    price = prices(rows["words"].to_numpy(), costs, ("human",))[:, 0]
    return rows.with_columns(price=pl.Series(price, dtype=pl.Float64))


def _sum(amounts: pl.Series) -> float:
    """Return a sum that does not depend on the order of rows."""
    return math.fsum(amounts)


def _micro(amount: float) -> int:
    """Return an amount in millionths: whole numbers, whose sums are exact."""
    # Down, so that no budget is exceeded; but sums of amounts may be short by rounding.
    return int(amount * _MICRO + 1e-3)


def _arm_of_part() -> pl.Expr:
    """Return what a comparison needs in its part, whether it has that or not."""
    has_three = (pl.col("part") == "evaluation") | (pl.col("n_human") >= EVALUATION_VOTES)
    return (
        pl.when(pl.col("part") == "pool")
        .then(pl.lit("ai"))
        .when((pl.col("part") != "seed") & has_three)
        .then(pl.lit("human-3"))
        .otherwise(pl.lit("human"))
    )


def _order(gains: Gains, n_asked: int) -> NDArray[np.intp]:
    """Return the comparisons in the router's order; of one that chooses a mix, the mix first."""
    by_gain = gains.chosen(len(gains.gain)) if gains.choose is None else np.argsort(-gains.gain)
    if gains.choose is None:
        return by_gain
    mix = gains.choose(n_asked)
    return np.concatenate([mix, by_gain[~np.isin(by_gain, mix)]])


def _with_arms(
    pool: pl.DataFrame,
    chosen: NDArray[np.intp],
    order: NDArray[np.intp],
    costs: Floats,
    arms: tuple[Arm, ...],
) -> pl.DataFrame:
    """Add arm, votes, cost and rank: that of the router's order, of those who are asked about."""
    votes = np.array([N_VOTES[arm] for arm in arms])[chosen]
    rank = np.zeros(len(order), dtype=np.int64)
    asked = order[votes[order] > 0]
    rank[asked] = np.arange(1, len(asked) + 1)
    return pool.with_columns(
        arm=pl.Series([arms[i] for i in chosen], dtype=pl.String),
        n_votes=pl.Series(votes),
        cost=pl.Series(costs[np.arange(len(chosen)), chosen], dtype=pl.Float64),
        rank=pl.Series(rank),
    ).with_columns(rank=pl.when(pl.col("rank") > 0).then("rank"))


def _with_gains(
    pool: pl.DataFrame, gains: Gains, router: str, tag_names: tuple[str, ...]
) -> pl.DataFrame:
    se = np.full(pool.height, np.nan) if gains.se is None else np.asarray(gains.se)
    names, parts = _explained(gains, tag_names)
    return pool.with_columns(
        router=pl.lit(router),
        gain=pl.Series(np.asarray(gains.gain, np.float64)).fill_nan(None),
        gain_se=pl.Series(se, dtype=pl.Float64).fill_nan(None),
        why=pl.Series(names, dtype=pl.List(pl.String)),
        why_gains=pl.Series(parts, dtype=pl.List(pl.Float64)),
    )


def _explained(
    gains: Gains, tag_names: tuple[str, ...]
) -> tuple[list[list[str]], list[list[float]]]:
    """Return the tags that contribute most to each gain, up or down, and how much."""
    if gains.contributions is None or not len(tag_names):
        return [[] for _ in gains.gain], [[] for _ in gains.gain]
    parts = np.nan_to_num(np.asarray(gains.contributions, np.float64))
    top = np.argsort(-np.abs(parts), axis=1, kind="stable")[:, :_N_WHY]
    values = np.take_along_axis(parts, top, axis=1)
    # A loop over rows: the lists are of different lengths.
    names = [
        [tag_names[tag] for tag, value in zip(tags, found, strict=True) if value]
        for tags, found in zip(top.tolist(), values.tolist(), strict=True)
    ]
    return names, [[value for value in found if value] for found in values.tolist()]


def _in_batches(pool: pl.DataFrame, size: float, n_batches: int) -> pl.DataFrame:
    """Cut what is asked into batches of equal amounts of money, by rank."""
    before = (pl.col("cost").cum_sum() - pl.col("cost")).over(
        pl.col("rank").is_not_null(), order_by="rank"
    )
    batch = (before * _MICRO / max(size, 1.0)).floor().cast(pl.Int32).clip(0, n_batches - 1) + 1
    return pool.with_columns(batch=pl.when(pl.col("n_votes") > 0).then(batch))


def _assigned(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that a plan decides; what a part has none of is null."""
    none = pl.lit([])
    role = pl.col("part").replace_strict(_ROLES, return_dtype=pl.String)
    known = {name: pl.col(name) for name in rows.columns} | {"role": role}
    known = {"why": none, "why_gains": none} | known
    return rows.select(
        known.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in _ASSIGNED.items()
    )
