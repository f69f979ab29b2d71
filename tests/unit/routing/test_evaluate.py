"""The evaluation protocol, from labels to verdicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from threadpoolctl import threadpool_info, threadpool_limits

from prefdata.protocols import Comparisons, Gains, RoutingData
from prefdata.routing.evaluate import VERDICT, Evaluation, evaluate
from prefdata.routing.paired import paired_gains
from prefdata.routing.verdicts import Terms
from prefdata.schema import polars_schema, table_schema
from prefdata.testing.routing_world import routing_world

__all__: list[str] = []

SHARES = [0.1, 0.3]


def paired(data: RoutingData, seed: int) -> Gains:
    return paired_gains(data, seed=seed)


def noise(data: RoutingData, seed: int) -> Gains:
    return Gains(np.random.default_rng([7, seed]).random(len(data.pool)))


def refusing(data: RoutingData, seed: int) -> Gains:
    return replace(noise(data, seed), refusal="Nothing learnt.", facts={"rmse": float(seed)})


@pytest.fixture(scope="module")
def data() -> RoutingData:
    return routing_world(4, n_seed=200, n_evaluation=300, n_pool=200, n_test=1).data


@pytest.fixture(scope="module")
def evaluation(data: RoutingData) -> Evaluation:
    routers = {"paired": paired, "noise": noise, "refusing": refusing}
    terms = Terms(vote_cost=0.5, budget=40.0, alpha=0.6)
    return evaluate(data, routers, shares=SHARES, seed=1, terms=terms, n_bootstraps=300)


def verdicts(evaluation: Evaluation) -> dict[str, dict[str, object]]:
    return {str(row["router"]): row for row in evaluation.verdicts.iter_rows(named=True)}


def test_a_good_router_is_used_and_noise_is_not(evaluation: Evaluation) -> None:
    found = {name: row["verdict"] for name, row in verdicts(evaluation).items()}
    assert found == {"paired": "use", "noise": "no-better-than-random", "refusing": "refused"}


def test_a_verdict_says_what_it_cost_to_know(evaluation: Evaluation) -> None:
    row = verdicts(evaluation)["paired"]
    assert (row["n_evaluation"], row["n_seed"], row["n_pool"]) == (300, 200, 200)
    assert row["n_overhead_votes"] == 3 * 300 + 200
    assert row["overhead"] == 550.0
    assert row["alpha"] == 0.6
    assert isinstance(row["error_kappa"], float)
    assert isinstance(row["break_even"], float)
    assert row["break_even"] > 1100  # a pool cannot be asked about more than once
    assert verdicts(evaluation)["noise"]["break_even"] is None


def test_no_budget_is_above_the_limit_and_the_limit_is_on_the_curve(
    evaluation: Evaluation,
) -> None:
    assert sorted(set(evaluation.curves["share"])) == pytest.approx([0, 0.1, 0.3, 0.4, 1])
    assert evaluation.verdicts["spend"].max() <= 40.0  # type: ignore[operator]
    assert 0 < evaluation.facts["random_share"] <= 0.4


def test_figures_of_the_fits_are_averaged(evaluation: Evaluation) -> None:
    assert verdicts(evaluation)["refusing"]["rmse"] == 2.5  # seeds 2 and 3
    assert verdicts(evaluation)["noise"]["rmse"] is None


def test_columns_are_those_of_the_tables(evaluation: Evaluation) -> None:
    for table, frame in (
        ("route_curves", evaluation.curves),
        ("route_verdicts", evaluation.verdicts),
    ):
        columns = polars_schema(table_schema(table))
        assert all(columns[name] == kind for name, kind in frame.schema.items())
    assert dict(evaluation.verdicts.schema) == dict(VERDICT)


def test_random_choice_is_between_the_ai_and_people(evaluation: Evaluation) -> None:
    curves = evaluation.curves.filter(measure="label-accuracy")
    value = {
        (router, share): value for router, share, value in curves["router", "share", "value"].rows()
    }
    ai, human = value["ai", 0.0], value["human", 1.0]
    assert value["random", 0.3] == pytest.approx(0.7 * ai + 0.3 * human, abs=0.01)
    for router in ("paired", "noise", "random", "oracle"):
        assert value[router, 0.0] == pytest.approx(ai)
        assert value[router, 1.0] == pytest.approx(human)
        assert value[router, 0.3] <= value["oracle", 0.3]


def test_the_order_of_rows_and_routers_does_not_matter(data: RoutingData) -> None:
    random = np.random.default_rng(3)
    mixed = replace(
        data,
        evaluation=data.evaluation.take(random.permutation(len(data.evaluation))),
        seed=data.seed.take(random.permutation(len(data.seed))),
        pool=data.pool.take(random.permutation(len(data.pool))),
    )
    one = evaluate(data, {"a": noise, "b": paired}, shares=SHARES, seed=1, n_bootstraps=20)
    other = evaluate(mixed, {"b": paired, "a": noise}, shares=SHARES, seed=1, n_bootstraps=20)
    by = ["router", "measure", "share"]
    assert_frame_equal(one.curves.sort(by), other.curves.sort(by))
    assert_frame_equal(one.verdicts, other.verdicts.sort("router"))


def test_which_response_is_a_does_not_matter(data: RoutingData) -> None:
    flip = np.random.default_rng(0).random(300) < 0.5
    part = data.evaluation
    swapped = replace(
        part,
        difference=np.where(flip[:, None], -part.difference, part.difference),
        ai=np.where(flip, 1 - part.ai, part.ai),
        humans=np.where(flip[:, None], 1 - part.humans, part.humans),
    )
    one = evaluate(data, {"paired": paired}, shares=SHARES, seed=1, n_bootstraps=20)
    other = evaluate(
        replace(data, evaluation=swapped),
        {"paired": paired},
        shares=SHARES,
        seed=1,
        n_bootstraps=20,
    )
    assert_frame_equal(one.curves, other.curves, rel_tol=1e-4, abs_tol=1e-6)


def test_too_few_labels_are_not_evaluated(data: RoutingData) -> None:
    few = replace(data, evaluation=data.evaluation.take(np.arange(150)))
    evaluation = evaluate(few, {"paired": paired}, shares=SHARES, seed=1)
    row = verdicts(evaluation)["paired"]
    assert row["verdict"] == "too-few-labels"
    reason = str(row["reason"])
    assert reason.startswith("150 comparisons have three human labels or more, of which")
    assert reason.endswith("; 200 and 20 are needed.")
    assert row["n_overhead_votes"] == 3 * 150 + 200
    assert evaluation.curves.is_empty()
    assert evaluation.areas.is_empty()


def test_few_labels_are_evaluated_with_a_warning(evaluation: Evaluation) -> None:
    assert len(evaluation.notes) == 1
    assert evaluation.notes[0].startswith("300 comparisons have three human labels; with fewer")


def test_without_a_seed_set_labels_alone_are_evaluated(data: RoutingData) -> None:
    alone = replace(data, seed=data.seed.take(np.arange(0)))
    evaluation = evaluate(alone, {"noise": noise}, shares=SHARES, seed=1, n_bootstraps=20)
    assert set(evaluation.curves["measure"]) == {"label-accuracy"}
    assert any("seed set" in note for note in evaluation.notes)


def test_by_the_loss_of_heads_the_budget_of_least_loss_is_chosen(data: RoutingData) -> None:
    evaluation = evaluate(
        data,
        {"paired": paired},
        shares=SHARES,
        seed=1,
        terms=Terms(objective="model-log-loss"),
        n_bootstraps=50,
    )
    share = evaluation.verdicts["share"].item()
    curve = evaluation.curves.filter(router="paired", measure="model-log-loss").sort("share")
    best = curve.filter(pl.col("share") > 0).sort("value").row(0, named=True)
    assert 0 < share <= best["share"]


def test_shares_are_between_nothing_and_everything(data: RoutingData) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        evaluate(data, {}, shares=[20], seed=0)


def world_of_coins(seed: int, n: int = 200) -> RoutingData:
    """Return a world in which people and AI are right on 80 %, wherever."""
    random = np.random.default_rng(seed)

    def part(votes: int) -> Comparisons:
        nothing = np.zeros((n, 0))
        return Comparisons(
            nothing,
            nothing.astype(bool),
            nothing,
            (random.random(n) < 0.8).astype(float),
            (random.random((n, votes)) < 0.8).astype(float),
            np.arange(n),
        )

    empty = part(1).take(np.arange(0))
    return RoutingData(part(3), empty, part(0), ())


@pytest.fixture(scope="module")
def coins() -> list[Evaluation]:
    routers = {"noise": noise}
    return [
        evaluate(world_of_coins(seed), routers, shares=[0.2, 0.5], seed=seed, n_bootstraps=200)
        for seed in range(60)
    ]


def test_noise_is_used_in_one_of_twenty_worlds_at_most(coins: list[Evaluation]) -> None:
    assert sum(coin.verdicts["verdict"].to_list() == ["use"] for coin in coins) <= 3


def test_an_interval_holds_the_true_difference_as_often_as_it_says(
    coins: list[Evaluation],
) -> None:
    points = pl.concat([coin.curves for coin in coins]).filter(router="noise", share=0.5)
    assert points.height == 60
    held = points.filter((pl.col("difference_low") <= 0) & (pl.col("difference_high") >= 0)).height
    assert held >= 54


def test_routers_take_one_thread_whatever_the_caller_allows(data: RoutingData) -> None:
    seen: list[int] = []

    def counting(data: RoutingData, seed: int) -> Gains:
        seen.extend(pool["num_threads"] for pool in threadpool_info())
        return noise(data, seed)

    with threadpool_limits(2):
        evaluate(data, {"counting": counting}, shares=SHARES, seed=1, n_draws=2, n_bootstraps=20)
    assert set(seen) == {1}
