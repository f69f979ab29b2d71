"""The contract of routers catches each way to break it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prefdata.protocols import Gains, NoParams, Router, RouterContext, RoutingData
from prefdata.testing.routers import assert_router_contract, small_data

if TYPE_CHECKING:
    from prefdata.protocols.routing import RouterFunction

__all__: list[str] = []


def _router(fit: RouterFunction) -> Router:
    return Router("mine", 1, NoParams, fit)


def _good(data: RoutingData, params: Any, context: RouterContext) -> Gains:
    """Ask where the difference is long; nothing is learnt."""
    gain = np.linalg.norm(data.pool.difference, axis=1)
    return Gains(gain, se=np.ones(len(gain)), contributions=np.zeros(data.pool.tags.shape))


def _chance(data: RoutingData, params: Any, context: RouterContext) -> Gains:
    return Gains(np.random.default_rng(context.seed).random(len(data.pool)))


_noise = np.random.default_rng(0)


def _restless(data: RoutingData, params: Any, context: RouterContext) -> Gains:
    return Gains(_noise.random(len(data.pool)))


def _one_sided(data: RoutingData, params: Any, context: RouterContext) -> Gains:
    return Gains(data.pool.difference[:, 0])


def _peeping(data: RoutingData, params: Any, context: RouterContext) -> Gains:
    good = _good(data, params, context)
    return replace(good, gain=good.gain + data.pool.humans.sum(axis=1))


def _by_place(data: RoutingData, params: Any, context: RouterContext) -> Gains:
    good = _good(data, params, context)
    return replace(good, gain=good.gain + np.arange(len(data.pool)))


def _unknown(data: RoutingData, params: Any, context: RouterContext) -> Gains:
    return Gains(data.pool.signals[:, 0] if data.signal_names else np.zeros(len(data.pool)))


def _misled(data: RoutingData, params: Any, context: RouterContext) -> Gains:
    return replace(_good(data, params, context), contributions=np.ones(data.pool.tags.shape))


def _greedy(data: RoutingData, params: Any, context: RouterContext) -> Gains:
    everybody = np.arange(len(data.pool))
    return replace(_good(data, params, context), choose=lambda budget: everybody[: budget + 1])


def _spoiling(data: RoutingData, params: Any, context: RouterContext) -> Gains:
    data.pool.ai[:] = 0
    return _good(data, params, context)


def _curt(data: RoutingData, params: Any, context: RouterContext) -> Gains:
    return replace(_good(data, params, context), refusal="no")


@pytest.mark.parametrize("fit", [_good, _chance])
def test_a_good_router_passes(fit: RouterFunction) -> None:
    assert_router_contract(_router(fit))


@pytest.mark.parametrize(
    ("fit", "complaint"),
    [
        (_restless, "same seed"),
        (_one_sided, "swapping"),
        (_peeping, "what people say of the pool"),
        (_by_place, "where it stands"),
        (_unknown, "not finite"),
        (_misled, "does not hold contributes"),
        (_greedy, "for a budget of"),
        (_curt, "a sentence"),
    ],
)
def test_a_broken_promise_is_named(fit: RouterFunction, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        assert_router_contract(_router(fit))


def test_a_router_cannot_change_what_it_is_given() -> None:
    with pytest.raises(ValueError, match="read-only"):
        assert_router_contract(_router(_spoiling))


def test_the_small_world_has_ties_and_gaps() -> None:
    data = small_data()
    assert (data.pool.ai == 0.5).any()
    assert (data.seed.humans == 0.5).any()
    assert np.isnan(data.evaluation.humans[:, 2]).any()
    assert np.isnan(data.pool.signals).any()
    assert len(np.unique(data.evaluation.groups)) < len(data.evaluation)
