"""A plan never costs more than there is, and is the same whatever the order of rows."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.protocols import Gains
from prefdata.routing.arms import Costs, People, Rate
from prefdata.routing.cases import Cases, Reading, read_cases
from prefdata.routing.choice import ArmCapacity, Limits
from prefdata.routing.plan import (
    Plan,
    Terms,
    complete,
    first_plan,
    payments,
    random_gains,
    routed_plan,
)
from prefdata.routing.roles import Roles, assign_roles
from prefdata.schema import check, conform, table_schema
from prefdata.testing.votes import STEPS, VoteWorld, vote_tables

__all__: list[str] = []

_COSTS = Costs(human=Rate(fixed=0.05, per_1000_words=1.2), expert=Rate(fixed=0.3))
_TERMS = Terms(_COSTS)
_FOUND = People(0.8, 0.75, 0.9)
_WORLD = VoteWorld(n_evaluation=25, n_seed=30, n_pool=90, n_imported=12)
_TAGS = ("tag one", "tag two")


@functools.cache
def _cases(seed: int = 0) -> Cases:
    frames = vote_tables(replace(_WORLD, seed=seed))
    tables = {name: frame.lazy() for name, frame in frames.items()}
    return read_cases(tables, Reading(STEPS, STEPS[2:], "route-features", "overall"))


def _roles(cases: Cases, *, is_ready: bool = True) -> Roles:
    return assign_roles(
        cases.rows,
        seed=0,
        n_evaluation=20 if is_ready else 40,
        n_seed=20,
        min_evaluation=20 if is_ready else 40,
        min_seed=10,
    )


def _gains(roles: Roles, *, has_accuracy: bool = False) -> Gains:
    """Return gains by the digest of the comparison, so that they do not follow the rows."""
    pool = roles.rows.filter(part="pool")
    human, ai = 0.5 + random_gains(pool, 1) / 2, 0.5 + random_gains(pool, 2) / 2
    parts = np.stack([human - 0.75, 0.7 - ai], axis=1)
    return Gains(
        human - ai,
        se=human / 10,
        contributions=parts,
        accuracy=(human, ai) if has_accuracy else None,
    )


def _routed(terms: Terms = _TERMS, share: float = 0.3, **gains: Any) -> Plan:
    cases = _cases()
    roles = _roles(cases)
    made = gains.pop("gains", None) or _gains(roles, **gains)
    return routed_plan(
        cases, roles, made, terms, router="r", share=share, found=_FOUND, tag_names=_TAGS
    )


def _asked(plan: Plan) -> pl.DataFrame:
    return plan.rows.filter(pl.col("n_votes") > 0)


@given(
    st.floats(0, 30),
    st.floats(0, 1),
    st.booleans(),
    st.sampled_from([("ai", "human"), ("ai", "human", "human-3", "expert", "ai-human")]),
)
@settings(max_examples=12, deadline=None)
def test_no_plan_costs_more_than_there_is(
    budget: float, share: float, has_accuracy: bool, arms: Any
) -> None:
    terms = replace(_TERMS, budget=budget, arms=arms)
    routed = _routed(terms, share, has_accuracy=has_accuracy)
    first = first_plan(_cases(), _roles(_cases(), is_ready=False), terms)
    for plan in (routed, first):
        assert plan.spent + plan.cost <= max(budget, plan.spent) + 1e-9
        assert plan.rows.height == _cases().rows.height
        rows = conform(
            complete(plan, _cases(), terms, []).with_columns(source=pl.lit("s"), stage=pl.lit("s")),
            table_schema("routes"),
        )
        assert check(rows, table_schema("routes")).rejects.is_empty()


@given(st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=8, deadline=None)
def test_a_plan_does_not_depend_on_the_order_of_rows(random: Any, is_ready: bool) -> None:
    cases = _cases()
    order = list(range(cases.rows.height))
    random.shuffle(order)
    terms = replace(_TERMS, budget=5.0)
    plans = []
    for one in (cases, replace(cases, rows=cases.rows[order])):
        roles = _roles(one, is_ready=is_ready)
        plan = (
            routed_plan(one, roles, _gains(roles), terms, router="r", share=0.4, found=_FOUND)
            if is_ready
            else first_plan(one, roles, terms)
        )
        plans.append(complete(plan, one, terms, ["params"]))
    assert plans[0].equals(plans[1])


def test_the_name_of_a_plan_is_of_all_that_makes_it() -> None:
    def name(identity: Any = "params", **changed: Any) -> str:
        terms = replace(_TERMS, **changed)
        return str(complete(_routed(terms), _cases(), terms, identity)["plan_id"][0])

    assert name() == name()
    others = {name(), name("other"), name(seed=1), name(n_batches=2), name(budget=2.0)}
    assert len(others) == 5


def test_the_first_are_asked_first_and_batches_cost_the_same() -> None:
    plan = _routed(replace(_TERMS, n_batches=3), 0.6)
    asked = _asked(plan).sort("rank")
    assert asked["rank"].to_list() == list(range(1, asked.height + 1))
    assert asked["batch"].is_sorted()
    assert (asked["gain"].diff().drop_nulls() <= 0).all()
    costs = asked.group_by("batch").agg(pl.col("cost").sum()).sort("batch")["cost"].to_list()
    assert costs[0] == pytest.approx(costs[1], abs=0.3)
    # What plans asked for before is part of the whole, and needs no batch.
    assert 0 < costs[2] < costs[1]
    kept = plan.rows.filter(role="pool", arm="ai")
    assert kept["rank"].null_count() == kept["batch"].null_count() == kept.height


def test_the_share_is_of_the_pool_before_any_plan() -> None:
    cases = _cases()
    roles = _roles(cases)
    paid = payments(cases, _COSTS)
    assert paid.height == 12
    words = cases.rows.filter(pl.col("comparison_id").is_in(paid["comparison_id"].implode()))
    assert paid["cost"].sum() == pytest.approx(12 * 0.05 + 1.2e-3 * sum(words["words"]))
    whole = roles.rows.filter(pl.col("part").is_in(["pool", "routed"]))
    price = 0.05 * whole.height + 1.2e-3 * sum(whole["words"])
    of_pool = sum(paid.join(whole, on="comparison_id", how="semi")["cost"])
    plan = _routed(share=0.5)
    assert plan.cost + of_pool == pytest.approx(0.5 * price, abs=0.15)
    assert not plan.is_cut
    assert _routed(replace(_TERMS, budget=2.0), 0.5).is_cut


def test_money_that_was_spent_is_gone() -> None:
    spent = float(payments(_cases(), _COSTS)["cost"].sum())
    plan = _routed(replace(_TERMS, budget=spent))
    assert plan.cost == 0
    assert plan.spent == pytest.approx(spent)
    assert _asked(plan).is_empty()


def test_tags_explain_a_gain_the_greatest_first() -> None:
    plan = _routed()
    rows = plan.rows.drop_nulls("gain")
    size = rows["why_gains"].list.eval(pl.element().abs())
    assert (size.list.first() >= size.list.last()).all()
    assert set(rows["why"].explode()) == set(_TAGS)
    assert rows["gain_se"].null_count() == 0
    unexplained = _routed(gains=Gains(random_gains(_roles(_cases()).rows.filter(part="pool"), 0)))
    assert unexplained.rows["why"].list.len().max() == 0
    assert unexplained.rows["gain_se"].null_count() == unexplained.rows.height


def test_a_router_that_chooses_a_mix_gets_its_mix() -> None:
    n = _roles(_cases()).rows.filter(part="pool").height
    mix = np.arange(n)[::-3]

    def choose(budget: int) -> np.ndarray[Any, Any]:
        return mix[:budget]

    plan = _routed(gains=Gains(np.zeros(n), choose=choose), share=0.2)
    pool = _roles(_cases()).rows.filter(part="pool")
    first = _asked(plan).sort("rank")["comparison_id"].to_list()
    assert first[:5] == pool[mix[:5].tolist()]["comparison_id"].to_list()


def test_a_solver_plans_within_capacities() -> None:
    limits = Limits(capacities=(ArmCapacity(arms=("human",), most=7),))
    plan = _routed(replace(_TERMS, limits=limits))
    assert _asked(plan)["n_votes"].sum() == 7
    assert plan.gap is not None


def test_too_few_votes_are_asked_for_the_evaluation_set_first() -> None:
    cases = _cases()
    roles = _roles(cases, is_ready=False)
    plan = first_plan(cases, roles, _TERMS)
    asked = _asked(plan)
    assert set(asked["batch"]) == {0}
    known = cases.rows.select("comparison_id", "n_human")
    both = plan.rows.filter(role="evaluation").join(known, on="comparison_id")
    assert both.height == 40
    assert (both["n_votes"] + both["n_human"]).min() == 3
    assert set(plan.rows.filter(role="evaluation")["arm"]) == {"human-3"}
    poor = first_plan(cases, roles, replace(_TERMS, budget=plan.spent + 2.0))
    assert 0 < poor.cost <= 2
    assert set(_asked(poor)["role"]) == {"evaluation"}
    assert poor.n_unpaid == asked.height - _asked(poor).height > 0


def test_half_of_the_comparisons_are_shown_the_other_way_round() -> None:
    rows = complete(_routed(), _cases(), _TERMS, [])
    assert 0.3 < rows["is_swapped"].mean() < 0.7  # type: ignore[operator]
    again = complete(_routed(), _cases(), replace(_TERMS, seed=9), [])
    assert not again["is_swapped"].equals(rows["is_swapped"])
