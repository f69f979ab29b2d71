"""Whether routers beat random choice, on labels that they were not fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from prefdata.routing.crossfit import crossfit, ordered
from prefdata.routing.results import AREA, CURVE, Results
from prefdata.routing.scoring import measure, resample
from prefdata.routing.truth import error_kappa, left_out
from prefdata.routing.verdicts import DECIDING, Terms, break_even, choose_share, judge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefdata.protocols.routing import Gains, RoutingData
    from prefdata.routing.crossfit import Half, Routers
    from prefdata.routing.scoring import Measure, Sums

__all__ = ["VERDICT", "Evaluation", "evaluate"]

_RECOMMENDED = 500
_FEWEST = 20
_FACTS = ("rank_correlation", "rank_correlation_null", "rmse")

VERDICT: Mapping[str, pl.DataType] = {
    "router": pl.String(),
    "verdict": pl.String(),
    "reason": pl.String(),
    "share": pl.Float64(),
    "spend": pl.Float64(),
    "rank_correlation": pl.Float64(),
    "rank_correlation_null": pl.Float64(),
    "rmse": pl.Float64(),
    "n_evaluation": pl.Int64(),
    "n_seed": pl.Int64(),
    "n_pool": pl.Int64(),
    "n_overhead_votes": pl.Int64(),
    "overhead": pl.Float64(),
    "alpha": pl.Float64(),
    "error_kappa": pl.Float64(),
    "break_even": pl.Float64(),
}
"""Columns of `Evaluation.verdicts`, as in the table `route_verdicts`."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What routers are worth, with intervals, and a verdict on each."""

    curves: pl.DataFrame
    """Columns of `CURVE`; routers, ``random`` and ``oracle`` at all shares, ``ai`` at 0 and
    ``human`` at 1. Empty where there are too few labels. There is no oracle for the measures of
    models, because the truth of the seed set is unknown."""
    verdicts: pl.DataFrame
    """Columns of `VERDICT`, in the order in which the routers were given. ``rank_correlation``
    and its like are means over the fits of this evaluation."""
    areas: pl.DataFrame
    """Columns of `AREA`."""
    facts: Mapping[str, float]
    """``n_votes`` that were tested, ``n_tied_votes`` that could not be, and ``random_share``, the
    budget that random choice would take."""
    notes: tuple[str, ...]
    """What the user should know."""


def evaluate(
    data: RoutingData,
    routers: Routers,
    *,
    shares: Sequence[float],
    seed: int,
    terms: Terms | None = None,
    n_draws: int = 20,
    n_bootstraps: int = 2000,
    n_repeats: int = 1,
) -> Evaluation:
    """Evaluate routers on the evaluation and seed sets, before they touch the pool.

    The labels are cut into halves by prompt; routers are fitted to one half and choose on the
    other, and the other way round, so every label is tested on once for each repeat, by routers
    that have not seen its prompt. They learn from half of what they have in use, and so are worth
    a little more there. All policies spend the same at a share. Intervals are bootstraps over
    prompts, with random choice resampled too, of differences on the same prompts; routers and
    heads are not fitted again. Results depend neither on the order of rows nor, but for rounding,
    on which response is a.

    Args:
        data: ``evaluation`` with three human votes or more each, ``seed`` with one.
        routers: By name; each is called with data and a seed twice for each repeat.
        shares: Shares of comparisons that people judge; 0, 1, and the most that the budget allows
            are added.
        seed: Of halves, draws, routers and bootstraps.
        terms: Costs, value, limit and requirements.
        n_draws: Draws of random choice.
        n_bootstraps: Samples of prompts.
        n_repeats: How often the labels are cut into halves anew.

    Returns:
        Curves, verdicts, areas and notes.

    Raises:
        ValueError: If shares are not between 0 and 1.
    """
    terms = terms or Terms()
    grid = _grid(shares, len(data.pool), terms)
    data = ordered(data)
    votes = left_out(data.evaluation)
    common = _common(data, terms, error_kappa(votes))
    facts = {"n_votes": float(votes.n.sum()), "n_tied_votes": float(votes.n_tied)}
    n_all, n_known = len(data.evaluation), int((votes.n > 0).sum())
    if n_all < terms.min_evaluation or n_known < _FEWEST:
        reason = (
            f"{n_all:,} comparisons have three human labels or more, of which most agree on "
            f"{n_known:,}; {terms.min_evaluation:,} and {_FEWEST} are needed."
        )
        rows = [common | {"router": name, "reason": reason} for name in routers]
        verdicts = pl.DataFrame([row | {"verdict": "too-few-labels"} for row in rows], VERDICT)
        return Evaluation(
            pl.DataFrame(schema=CURVE), verdicts, pl.DataFrame(schema=AREA), facts, (reason,)
        )
    halves: list[Half] = []
    # One thread: many small products are slower on several, and their sums differ by machine.
    with threadpool_limits(1):
        for repeat in range(n_repeats):
            halves += crossfit(data, routers, shares=grid, n_draws=n_draws, seed=seed + repeat)
        sums = measure(data, halves, n_repeats=n_repeats, ridge=0.01)
        samples = resample(
            sums, n_policies=len(routers), n_draws=n_draws, n_bootstraps=n_bootstraps, seed=seed
        )
    results = Results(
        tuple(routers), np.asarray(grid), len(data.pool), terms, sums, samples, n_draws
    )
    rows = [
        common | _verdict(results, name, [half.gains[name] for half in halves], common)
        for name in routers
    ]
    return Evaluation(
        curves=results.curves(),
        verdicts=pl.DataFrame(rows, VERDICT),
        areas=results.areas(),
        facts=facts | {"random_share": grid[_chosen_share(results, None)]},
        notes=_notes(len(data.evaluation), sums),
    )


def _verdict(
    results: Results, router: str, gains: Sequence[Gains], common: Mapping[str, Any]
) -> dict[str, object]:
    """Return the verdict on a router, and what it follows from."""
    policy = results.routers.index(router)
    at = _chosen_share(results, policy)
    improvements = {name: results.interval(name, policy, at) for name in results.sums}
    refusals = tuple(gain.refusal for gain in gains if gain.refusal is not None)
    share = float(results.shares[at])
    verdict = judge(improvements, share, refusals)
    is_used = verdict.name == "use"
    better = [name for name in DECIDING if name in improvements and improvements[name].is_better]
    pays = break_even(
        results.shares,
        {name: results.means(name)[1] for name in better if is_used},
        {name: results.means(name)[0][policy] for name in better},
        at,
        common["n_overhead_votes"],
    )
    figures = {
        fact: float(np.mean([gain.facts[fact] for gain in gains]))
        for fact in _FACTS
        if all(fact in gain.facts for gain in gains)
    }
    return figures | {
        "router": router,
        "verdict": verdict.name,
        "reason": verdict.reason,
        "share": share,
        "spend": float(results.spend[at]),
        "break_even": pays,
    }


def _chosen_share(results: Results, policy: int | None) -> int:
    """Return the position of the budget of a policy; of None, that of random choice."""
    wanted = results.terms.objective
    name = wanted if wanted in results.sums else "label-accuracy"
    curve, samples = results.curve(name, policy)
    sign = -1.0 if name == "model-log-loss" else 1.0
    return choose_share(results.shares, sign * curve, sign * samples, results.terms, results.n_pool)


def _grid(shares: Sequence[float], n_pool: int, terms: Terms) -> list[float]:
    if not all(0 <= share <= 1 for share in shares):
        message = f"shares are between 0 and 1: {list(shares)}"
        raise ValueError(message)
    points = {0.0, 1.0, *map(float, shares)}
    if terms.budget is not None and n_pool and terms.vote_cost > 0:
        points.add(min(terms.budget / (n_pool * terms.vote_cost), 1.0))
    return sorted(points)


def _common(data: RoutingData, terms: Terms, kappa: float | None) -> dict[str, Any]:
    """Return what is the same for all routers."""
    n_votes = sum(int((~np.isnan(part.humans)).sum()) for part in (data.evaluation, data.seed))
    row: dict[str, Any] = dict.fromkeys(VERDICT)
    return row | {
        "n_evaluation": len(data.evaluation),
        "n_seed": len(data.seed),
        "n_pool": len(data.pool),
        "n_overhead_votes": n_votes,
        "overhead": n_votes * terms.vote_cost,
        "alpha": terms.alpha,
        "error_kappa": kappa,
    }


def _notes(n_evaluation: int, sums: Mapping[Measure, Sums]) -> tuple[str, ...]:
    notes = []
    if n_evaluation < _RECOMMENDED:
        notes.append(
            f"{n_evaluation:,} comparisons have three human labels; with fewer than "
            f"{_RECOMMENDED:,}, routers learn little and verdicts miss real gains."
        )
    if "model-log-loss" not in sums:
        notes.append("No reward head was evaluated, because no comparison is in the seed set.")
    return tuple(notes)
