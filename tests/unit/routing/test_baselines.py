"""The baselines are what they say: chance, and a model's doubt."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from prefdata.protocols import Router, RouterContext, RoutingData
from prefdata.registry import plugin
from prefdata.routing.baselines import random_gains, uncertainty_gains
from prefdata.testing.routing_world import routing_world


@pytest.fixture(scope="module")
def data() -> RoutingData:
    return routing_world(0, n_seed=100, n_evaluation=100, n_pool=400, n_test=1).data


def test_chance_comes_from_the_seed(data: RoutingData) -> None:
    one, same, other = (random_gains(data, seed=seed).gain for seed in (1, 1, 2))
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()
    assert sorted(one) == pytest.approx(list((np.arange(400) + 0.5) / 400))


def test_the_model_doubts_where_its_margin_is_small(data: RoutingData) -> None:
    direction = np.zeros(24)
    direction[3] = 1
    pool = dataclasses.replace(data.pool, ai=(data.pool.difference @ direction > 0).astype(float))
    nobody = data.seed.take(np.array([], int))
    gains = uncertainty_gains(dataclasses.replace(data, pool=pool, seed=nobody))
    asked = gains.chosen(40)
    size = np.abs(pool.difference[:, 3])
    assert size[asked].max() < np.median(size)
    assert (gains.gain <= 0).all()


def test_people_teach_the_model_too(data: RoutingData) -> None:
    nobody = dataclasses.replace(data, seed=data.seed.take(np.array([], int)))
    assert not np.array_equal(uncertainty_gains(data).gain, uncertainty_gains(nobody).gain)


def test_an_empty_pool_gets_no_gains(data: RoutingData) -> None:
    empty = np.array([], int)
    nothing = dataclasses.replace(data, pool=data.pool.take(empty), seed=data.seed.take(empty))
    assert uncertainty_gains(nothing).gain.shape == (0,)
    assert random_gains(nothing, seed=0).gain.shape == (0,)


@pytest.mark.parametrize("name", ["random", "uncertainty", "influence"])
def test_routers_are_found_by_name(name: str, data: RoutingData) -> None:
    found = plugin("router", name)
    assert isinstance(found, Router)
    gains = found.fit(data, found.params(), RouterContext(seed=1))
    assert gains.gain.shape == (400,)
    assert np.isfinite(gains.gain).all()
    assert len(set(gains.chosen(50).tolist())) == 50
