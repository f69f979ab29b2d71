"""What the user should know of a plan, in plain words, with figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.stages._route.routers import RANDOM

if TYPE_CHECKING:
    from prefdata.routing.cases import Cases
    from prefdata.routing.roles import Roles
    from prefdata.stages._route.decide import Decision, Money
    from prefdata.stages._route.params import RouteParams

__all__ = ["first_notes", "notes"]


def first_notes(
    decision: Decision, cases: Cases, purse: Money, params: RouteParams
) -> tuple[str, ...]:
    """Tell that people are to be asked first, and what to do next."""
    currency = params.costs.currency
    rows = decision.plan.rows
    asked = rows.filter(pl.col("n_votes") > 0)
    n_votes = int(asked["n_votes"].sum())
    told = [f"no router can be judged yet: {decision.why}"]
    if n_votes:
        told.append(
            f"batch 0 asks people for {n_votes:,} judgments of {asked.height:,} comparisons, for "
            f"{_amount(decision.plan.cost, currency)}: hand it off (`prefdata annotate export`), "
            "take the answers back (`prefdata annotate import`), and run this again"
        )
    if decision.plan.is_cut:
        told.append(
            f"the budget of {_amount(params.budget or 0, currency)} does not pay for all of the "
            f"evaluation and seed sets; "
            f"{decision.plan.n_unpaid:,} of their comparisons are not asked about now"
        )
    elif not n_votes:
        told.append(
            "people have judged all that could be asked about: lower `min_evaluation` or "
            "`min_seed`, or bring more comparisons"
        )
    return tuple(told) + _paid(purse, currency) + _for_ai(cases, params)


def notes(
    decision: Decision, roles: Roles, cases: Cases, purse: Money, params: RouteParams
) -> tuple[str, ...]:
    """Tell which router the plan follows and why, what it asks for, and what routing cost."""
    currency = params.costs.currency
    told = [_followed(decision, params), _asked(decision, purse, currency)]
    if decision.plan.is_cut:
        told.append(
            f"the budget of {_amount(params.budget or 0, currency)} ends the plan before the "
            f"{decision.share:.0%} of the pool that would be worth it"
        )
    if decision.plan.gap is not None:
        told.append(
            f"quotas and capacities hold; the gain is within {decision.plan.gap:.2%} of the best"
        )
    told += _overhead(decision, currency)
    counts = dict(roles.rows["part"].value_counts().iter_rows())
    if counts.get("routed"):
        told.append(
            f"{counts['routed']:,} comparisons that a plan asked about teach the router; they are "
            "no random sample, so it is not judged by them"
        )
    if params.pool == "all":
        n_hidden = cases.rows.filter(pl.col("n_human") > 0).join(
            roles.rows.filter(part="pool"), on="comparison_id", how="semi"
        )
        told.append(
            f"this is a back-test: people have judged {n_hidden.height:,} comparisons of the pool, "
            "and their votes are hidden"
        )
    if counts.get("done"):
        told.append(f"{counts['done']:,} comparisons have votes of people and are in no set")
    if decision.described is not None and decision.described.is_lexical:
        told.append(
            "the vectors are of wording alone (`lexical`), which ranks comparisons weakly; routers "
            "that learn from tags, such as `paired`, lose less by it"
        )
    return (*told, *decision.notes, *_paid(purse, currency), *_for_ai(cases, params))


def _followed(decision: Decision, params: RouteParams) -> str:
    if decision.router != RANDOM:
        row = decision.verdicts.filter(router=decision.router).row(0, named=True)
        return f"the router {decision.router} is used. {row['reason']}"
    if params.router.name == RANDOM:
        return "people are asked at random, as was wanted"
    return f"no router is used: people are asked at random. {decision.why}"


def _asked(decision: Decision, purse: Money, currency: str) -> str:
    if not purse.n_pool:
        return (
            "people have judged every comparison that has a label of the AI, so there is nobody to "
            "ask; `pool: all` is a back-test on what they judged"
        )
    asked = decision.plan.rows.filter(pl.col("n_votes") > 0)
    arms = dict(sorted(asked["arm"].value_counts().iter_rows()))
    by_arm = ", ".join(f"{arm} {n:,}" for arm, n in arms.items()) or "none"
    n_batches = asked["batch"].n_unique()
    return (
        f"{asked.height:,} of {purse.n_pool:,} comparisons of the pool go to people ({by_arm}) in "
        f"{n_batches} batches for {_amount(decision.plan.cost, currency)}; the others keep the "
        "label of the AI"
    )


def _overhead(decision: Decision, currency: str) -> list[str]:
    """Tell what the evidence cost, and from which size of pool that pays."""
    if decision.verdicts.is_empty():
        return []
    row = decision.verdicts.row(0, named=True)
    told = (
        f"the evaluation and seed sets took {row['n_overhead_votes']:,} judgments of people, worth "
        f"{_amount(row['overhead'] or 0, currency)}"
    )
    if decision.router == RANDOM:
        return [told]
    size = decision.verdicts.filter(router=decision.router)["break_even"].item()
    pays = "at no size of the pool" if size is None else f"from a pool of {size:,.0f} comparisons"
    return [f"{told}; routing saves more than that {pays}"]


def _paid(purse: Money, currency: str) -> tuple[str, ...]:
    if not purse.spent:
        return ()
    return (f"imported judgments have cost {_amount(purse.spent, currency)} of the budget",)


def _for_ai(cases: Cases, params: RouteParams) -> tuple[str, ...]:
    """Tell what the labels of the AI cost, where the user says what one does."""
    price = params.costs.ai
    words = float(cases.rows["words"].sum())
    cost = price.fixed * cases.rows.height + price.per_1000_words * words / 1000
    if not cost:
        return ()
    told = _amount(cost, params.costs.currency)
    return (f"the labels of the AI are there already and have cost about {told}",)


def _amount(value: float, currency: str) -> str:
    return f"{value:,.2f} {currency}"
