"""Whether the router is used, at which share, with the evidence; then the plan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from prefdata.metrics.agreement import krippendorff_alpha
from prefdata.protocols import Gains
from prefdata.routing import verdicts
from prefdata.routing.arms import people, prices
from prefdata.routing.arrays import Arrays, differences, make_arrays
from prefdata.routing.evaluate import VERDICT, Evaluation, evaluate
from prefdata.routing.plan import Plan, first_plan, payments, random_gains, routed_plan
from prefdata.routing.results import CURVE
from prefdata.stages._route.routers import RANDOM, caller, preferred

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from prefdata.protocols import Context, Vectors
    from prefdata.routing.arrays import Described
    from prefdata.routing.cases import Cases
    from prefdata.routing.roles import Roles
    from prefdata.stages._route.params import RouteParams

__all__ = ["Decision", "Money", "decide", "decide_first", "money"]


@dataclass(frozen=True, slots=True)
class Money:
    """What judgments of the pool cost, and what may be spent on it."""

    n_pool: int
    n_routed: int
    """Comparisons that plans asked about before: once part of the pool."""
    price: float
    """Of one person's judgment, the mean of the pool and of those, or of all where that is none."""
    spent: float
    """For imported votes."""
    spent_on_sets: float
    """Of that, for the evaluation and seed sets."""

    @property
    def whole(self) -> float:
        """Return how many times the pool as it is was the pool before any plan."""
        return (self.n_pool + self.n_routed) / self.n_pool if self.n_pool else 1.0

    def of_pool(self, budget: float | None) -> float | None:
        """Return the part of a budget that the pool as it is has, had nothing been spent on it."""
        return None if budget is None else max(budget - self.spent_on_sets, 0.0) / self.whole


@dataclass(frozen=True, slots=True)
class Decision:
    """A plan, and why it is that one."""

    plan: Plan
    curves: pl.DataFrame
    """Columns of `CURVE` and ``is_chosen``."""
    verdicts: pl.DataFrame
    """Columns of `VERDICT` and ``is_chosen``."""
    router: str | None
    """What the plan follows; None where there was nothing to follow yet."""
    share: float = 0.0
    why: str = ""
    """Why it is not the router that was wanted; empty where it is."""
    described: Described | None = None
    notes: tuple[str, ...] = ()


def money(cases: Cases, roles: Roles, params: RouteParams) -> Money:
    """Return what judgments of the pool cost, and what was paid."""
    rows = roles.rows
    paid = payments(cases, params.costs)
    of_pool = rows.filter(pl.col("part").is_in(["pool", "routed"]))
    in_sets = rows.filter(pl.col("part").is_in(["evaluation", "seed"]))
    # Where nothing is left to route, what people have judged tells what a judgment costs.
    priced = of_pool if of_pool.height else rows
    price = prices(priced["words"].to_numpy(), params.costs, ("human",))
    n_pool = of_pool.filter(part="pool").height
    return Money(
        n_pool,
        of_pool.height - n_pool,
        math.fsum(price[:, 0]) / len(price) if len(price) else 0.0,
        math.fsum(paid["cost"]),
        math.fsum(paid.join(in_sets, on="comparison_id", how="semi")["cost"]),
    )


def decide_first(cases: Cases, roles: Roles, params: RouteParams, seed: int) -> Decision:
    """Ask for the evaluation and seed sets: no router can be judged yet."""
    reason = (
        f"{roles.n_evaluation:,} of at least {_least(params):,} comparisons have three votes of "
        f"people, {roles.n_seed:,} of {params.min_seed:,} others one."
    )
    part, n_human = pl.col("part"), pl.col("n_human")
    taken = (
        pl.when(part == "evaluation").then(n_human).when(part == "seed").then(n_human.clip(0, 1))
    )
    n_taken = int(roles.rows.select(taken.sum()).item())
    counts = {
        "n_evaluation": roles.n_evaluation,
        "n_seed": roles.n_seed,
        "n_pool": roles.rows.filter(part="pool").height,
        "n_overhead_votes": n_taken,
        "overhead": n_taken * money(cases, roles, params).price,
    }
    common: dict[str, Any] = dict.fromkeys(VERDICT)
    rows = [
        common | counts | {"router": choice.name, "verdict": "too-few-labels", "reason": reason}
        for choice in params.compared()
    ]
    told = pl.DataFrame(rows, VERDICT).with_columns(is_chosen=pl.lit(value=False))
    plan = first_plan(cases, roles, params.terms(seed))
    return Decision(plan, _no_curves(), told, None, why=reason)


def decide(
    cases: Cases,
    roles: Roles,
    tables: Mapping[str, pl.LazyFrame],
    params: RouteParams,
    context: Context,
    vectors: Vectors,
) -> Decision:
    """Evaluate the routers, and plan by the one that is wanted if it beats random choice."""
    described = differences(cases, tables, vectors, params.embedder, context.step)
    wanted = preferred(params.router, is_lexical=described.is_lexical)
    params = params.model_copy(update={"router": wanted})
    arrays = make_arrays(cases, roles.rows, described.difference)
    purse = money(cases, roles, params)
    evaluation = evaluate(
        arrays.judged,
        {choice.name: caller(choice, context) for choice in params.compared()},
        shares=params.shares,
        seed=context.seed,
        terms=_terms(arrays, purse, params),
    )
    router, share, gains, why = _choice(evaluation, arrays, purse, params, context)
    plan = routed_plan(
        cases,
        roles,
        gains,
        params.terms(context.seed),
        router=router,
        share=share,
        found=people(arrays.judged.evaluation, arrays.is_expert),
        tag_names=arrays.planned.tag_names,
    )
    is_here = (pl.col("router") == router) & (pl.col("share") == share)
    spend = pl.col("spend") * purse.whole
    return Decision(
        plan,
        evaluation.curves.with_columns(spend, is_chosen=is_here),
        evaluation.verdicts.with_columns(spend, is_chosen=pl.col("router") == router),
        router,
        share,
        why,
        described,
        evaluation.notes,
    )


def _choice(
    evaluation: Evaluation,
    arrays: Arrays,
    purse: Money,
    params: RouteParams,
    context: Context,
) -> tuple[str, float, Gains, str]:
    """Return the router that is followed, the share of the pool, the gains, and why not another."""
    wanted = params.router.name
    found = {row["router"]: row for row in evaluation.verdicts.iter_rows(named=True)}
    why = ""
    if wanted != RANDOM:
        verdict = found[wanted]
        why = f"{wanted}: {verdict['verdict']}. {verdict['reason']}"
        if verdict["verdict"] == "use":
            # Fitted anew: what was evaluated had half of the labels, and none that plans asked for.
            gains = caller(params.router, context)(arrays.planned, context.seed)
            if gains.refusal is None:
                return wanted, verdict["share"], gains, ""
            why = f"{wanted}: refused. With all labels: {gains.refusal}"
    share = evaluation.facts.get("random_share")
    if share is None:
        # Nothing was measured: the budget alone says how many.
        budget = purse.of_pool(params.budget)
        price = purse.price * purse.n_pool
        share = min(budget / price, 1.0) if budget and price else 0.0
    return RANDOM, share, Gains(random_gains(arrays.rows, context.seed)), why


def _terms(arrays: Arrays, purse: Money, params: RouteParams) -> verdicts.Terms:
    value = params.value_of_accuracy
    return verdicts.Terms(
        vote_cost=purse.price,
        budget=purse.of_pool(params.budget),
        value=None if value is None else value * max(purse.n_pool, 1),
        objective=params.objective,
        min_evaluation=_least(params),
        alpha=_alpha(arrays.judged.evaluation.humans),
    )


def _least(params: RouteParams) -> int:
    return min(params.min_evaluation, params.n_evaluation)


def _alpha(humans: NDArray[np.floating[Any]]) -> float | None:
    """Return Krippendorff's alpha of people: for a, for b, or a tie."""
    sides = np.sign(humans - 0.5)
    counts = np.stack([(sides == side).sum(axis=1) for side in (-1, 0, 1)], axis=1)
    return krippendorff_alpha(counts)


def _no_curves() -> pl.DataFrame:
    return pl.DataFrame(schema={**CURVE, "is_chosen": pl.Boolean()})
