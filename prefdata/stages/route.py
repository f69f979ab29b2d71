"""Who judges which comparison, within a budget, with the evidence for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import InternalError
from prefdata.protocols import Context, StageResult, stage
from prefdata.routing.cases import Cases, read_cases
from prefdata.routing.plan import complete
from prefdata.routing.roles import assign_roles
from prefdata.schema import conform, empty_frame, table_schema
from prefdata.stages._route.decide import Decision, decide, decide_first, money
from prefdata.stages._route.notes import first_notes, notes
from prefdata.stages._route.params import RouteParams

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RouteParams", "route"]

_WRITES = ("routes", "route_curves", "route_verdicts")


@stage(
    version=1,
    reads=("pairs", "annotators", "prompts", "responses", "comparison_features"),
    writes=_WRITES,
    params=RouteParams,
)
def route(tables: Mapping[str, pl.LazyFrame], params: RouteParams, context: Context) -> StageResult:
    """Plan which comparisons people judge, and which keep the label of the AI.

    Comparisons are cut, prompt by prompt, into an evaluation set (judged by three people: what is
    true), a seed set (judged by one: what routers learn from) and the pool, which is routed. While
    there are too few votes for the first two, the plan asks for these (batch 0) and for nothing
    else. Then each router is evaluated on votes that it has not seen, against random choice at
    the same spend, and the one that is wanted is used only if the interval of its improvement
    excludes 0; otherwise people are asked at random, and the notes say so. How many are asked is
    read off the curve, and the budget bounds it; of the arms, and of comparisons of different
    length, those are chosen that gain most for the money.

    The plan's name is the digest of the parameters, the seed and every assignment. The ledger
    counts comparisons. One without a label of the AI (`no-ai-label`) or without features
    (`no-features`) is rejected.

    References:
        Miranda et al., *Hybrid Preferences* (arXiv 2410.19133).
    """
    if context.vectors is None:
        raise InternalError("The stage route was given no place for vectors.")
    seed = context.seed
    cases = read_cases(tables, params.reading(seed))
    if cases.rows.is_empty():
        nothing = {name: empty_frame(table_schema(name)) for name in _WRITES}
        why = (f"WARNING: nothing is planned: {cases.why}",) if cases.why else ()
        return StageResult(nothing, cases.n_read, 0, rejects=cases.rejects, notes=why)
    roles = assign_roles(
        cases.rows,
        seed=seed,
        n_evaluation=params.n_evaluation,
        n_seed=params.n_seed,
        min_evaluation=min(params.min_evaluation, params.n_evaluation),
        min_seed=params.min_seed if params.n_seed is None else min(params.min_seed, params.n_seed),
        pool=params.pool,
    )
    purse = money(cases, roles, params)
    if roles.is_ready:
        decision = decide(cases, roles, tables, params, context, context.vectors)
        told = notes(decision, roles, cases, purse, params)
    else:
        decision = decide_first(cases, roles, params, seed)
        told = first_notes(decision, cases, purse, params)
    return StageResult(
        _tables(decision, cases, params, context),
        rows_in=cases.n_read,
        rows_out=cases.rows.height,
        rejects=cases.rejects,
        notes=told,
    )


def _tables(
    decision: Decision, cases: Cases, params: RouteParams, context: Context
) -> dict[str, pl.DataFrame]:
    """Return the rows of the three tables; the runner names source and step again."""
    identity = [params.model_dump(mode="json"), context.source]
    plan = complete(decision.plan, cases, params.terms(context.seed), identity)
    around = {"source": context.source, "stage": context.step}
    told = around | {"aspect": params.aspect, "currency": params.costs.currency}
    frames = {
        "routes": (plan, around),
        "route_curves": (decision.curves, told),
        "route_verdicts": (decision.verdicts, told),
    }
    return {
        name: conform(
            frame.with_columns(pl.lit(value).alias(column) for column, value in columns.items()),
            table_schema(name),
        )
        for name, (frame, columns) in frames.items()
    }
