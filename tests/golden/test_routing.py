"""In worlds whose optimum is known, routers find it; where there is none, they do no harm.

Smaller than `python -m benchmarks.routing`, which has the whole table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest

from prefdata.protocols import Gains, RouterContext
from prefdata.registry import plugin
from prefdata.routing.performance import fit_performance, measure_mixes
from prefdata.testing.routing_world import (
    Kind,
    RoutingWorld,
    label_accuracy,
    model_accuracies,
    recovered,
    routing_world,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from prefdata.routing.performance import MeasuredMixes

__all__: list[str] = []

_SEEDS = (101, 102, 103)
_SIZE = {"n_seed": 800, "n_evaluation": 800, "n_pool": 3000, "n_test": 4000}
_BUDGETS = (0.1, 0.2, 0.3, 0.4, 0.5)
_N_RANDOM = 10
_ROUTERS: Mapping[str, Mapping[str, Any]] = {
    "ensemble": {},
    "ridge-excess": {"n_mixes": 150},
}


@dataclass(frozen=True, slots=True)
class _Marked:
    """Labels and reward models that mixes gave, ``(2, b)`` for each rule that chose them."""

    world: RoutingWorld
    curves: Mapping[str, NDArray[np.float64]]

    def recovered(self, router: str) -> list[float]:
        rows = zip(*(self.curves[name] for name in (router, "random", "oracle")), strict=True)
        return [recovered(*row) for row in rows]

    def harm(self, router: str) -> float:
        """Return how far a router is from random choice, reward models only."""
        return abs(float((self.curves[router][1] - self.curves["random"][1]).mean()))


def _mark(world: RoutingWorld, seed: int) -> _Marked:
    random = np.random.default_rng(seed)
    n = len(world.data.pool)
    gains = {"oracle": Gains(world.tag_oracle)}
    for name, settings in _ROUTERS.items():
        router = plugin("router", name)
        params = router.params.model_validate(settings)
        gains[name] = router.fit(world.data, params, RouterContext(seed=seed))
    draws = [Gains(random.random(n)) for _ in range(_N_RANDOM)]
    mixes = [g.chosen(round(b * n)) for g in [*gains.values(), *draws] for b in _BUDGETS]
    labels = np.array([label_accuracy(world, mix) for mix in mixes])
    both = np.stack([labels, model_accuracies(world, mixes)]).reshape(2, -1, len(_BUDGETS))
    curves = {name: both[:, number] for number, name in enumerate(gains)}
    return _Marked(world, curves | {"random": both[:, len(gains) :].mean(axis=1)})


@pytest.fixture(scope="module")
def worlds() -> Mapping[Kind, list[_Marked]]:
    return {
        kind: [_mark(routing_world(seed, kind=kind, **_SIZE), seed) for seed in _SEEDS]
        for kind in get_args(Kind)
    }


@pytest.fixture(scope="module")
def mixes(worlds: Mapping[Kind, list[_Marked]]) -> list[MeasuredMixes]:
    return [measure_mixes(marked.world.data, 300, seed=0) for marked in worlds["easy"]]


@pytest.mark.parametrize(("kind", "labels", "models"), [("easy", 0.7, 0.6), ("hard", 0.5, 0.6)])
def test_the_default_recovers_most_of_what_an_oracle_gains(
    kind: Kind, labels: float, models: float, worlds: Mapping[Kind, list[_Marked]]
) -> None:
    shares = np.array([marked.recovered("ensemble") for marked in worlds[kind]])
    means = shares.mean(axis=0)
    assert means[0] >= labels
    assert means[1] >= models
    assert (shares > 0).all()


@pytest.mark.parametrize("kind", ["easy", "hard"])
def test_a_model_of_mixes_beats_chance(kind: Kind, worlds: Mapping[Kind, list[_Marked]]) -> None:
    shares = np.array([marked.recovered("ridge-excess") for marked in worlds[kind]])
    assert shares.mean(axis=0).min() >= 0.3


@pytest.mark.parametrize("router", _ROUTERS)
def test_without_structure_routing_does_no_harm(
    router: str, worlds: Mapping[Kind, list[_Marked]]
) -> None:
    assert max(marked.harm(router) for marked in worlds["null"]) <= 0.01


def test_excess_shares_rank_mixes_that_were_not_fitted(mixes: list[MeasuredMixes]) -> None:
    models = [fit_performance(each, "ridge-excess", seed=0) for each in mixes]
    assert np.mean([model.rank_correlation for model in models]) >= 0.75
    for model in models:
        assert model.rank_correlation > max(0.6, model.rank_correlation_budget)
        assert abs(model.rank_correlation_null) <= 0.2


def test_permuted_performances_rank_nothing(mixes: list[MeasuredMixes]) -> None:
    for seed, each in enumerate(mixes):
        permuted = np.random.default_rng(seed).permutation(each.performance)
        model = fit_performance(replace(each, performance=permuted), "ridge-excess", seed=0)
        assert abs(model.rank_correlation) <= 0.2
        assert model.gains(np.eye(len(each.shares), dtype=bool)).refusal is not None


def test_the_quadratic_model_of_raw_counts_is_worse(mixes: list[MeasuredMixes]) -> None:
    ours, theirs = (
        fit_performance(mixes[0], form, seed=0).rank_correlation
        for form in ("ridge-excess", "quadratic")
    )
    assert theirs < ours - 0.2
