"""Routers that are fitted to one half and choose on the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prefdata.protocols import Gains, RoutingData
from prefdata.routing.crossfit import Half, Routers, concatenate, crossfit, ordered
from prefdata.testing.routing_world import routing_world

__all__: list[str] = []

SHARES = [0.0, 0.25, 1.0]


@pytest.fixture(scope="module")
def data() -> RoutingData:
    world = routing_world(1, n_seed=41, n_evaluation=61, n_pool=30, n_test=1)
    return ordered(world.data)


def halves(data: RoutingData, routers: Routers) -> list[Half]:
    return list(crossfit(data, routers, shares=SHARES, n_draws=3, seed=0))


def first_vector(data: RoutingData, seed: int) -> Gains:
    return Gains(data.pool.difference[:, 0].astype(float))


def test_every_comparison_is_tested_once(data: RoutingData) -> None:
    one, other = halves(data, {"x": first_vector})
    assert (one.evaluation ^ other.evaluation).all()
    assert (one.seed ^ other.seed).all()
    assert abs(one.evaluation.sum() - other.evaluation.sum()) == 1


def test_a_router_never_sees_a_prompt_that_it_is_tested_on(data: RoutingData) -> None:
    shared = data.seed.groups.copy()
    shared[:10] = data.evaluation.groups[:10]
    mixed = ordered(replace(data, seed=replace(data.seed, groups=shared)))
    seen: list[RoutingData] = []

    def spy(given: RoutingData, seed: int) -> Gains:
        seen.append(given)
        return first_vector(given, seed)

    for half, given in zip(halves(mixed, {"spy": spy}), seen, strict=True):
        tested = {
            *mixed.evaluation.groups[half.evaluation].tolist(),
            *mixed.seed.groups[half.seed].tolist(),
        }
        learnt = {*given.evaluation.groups.tolist(), *given.seed.groups.tolist()}
        assert not tested & learnt
        assert len(given.evaluation) + half.evaluation.sum() == 61
        assert given.pool.humans.shape[1] == 0


def test_a_budget_is_the_same_share_of_both_sets(data: RoutingData) -> None:
    for half in halves(data, {"x": first_vector}):
        n, n_seeds = half.evaluation.sum(), half.seed.sum()
        assert half.of_evaluation.shape == (1 + 3 + 1, 3, n)
        assert half.of_seed.shape == (1 + 3, 3, n_seeds)
        assert (half.of_evaluation.sum(axis=2) == [0, round(n / 4), n]).all()
        assert (half.of_seed.sum(axis=2) == [0, round(n_seeds / 4), n_seeds]).all()


def test_the_highest_gains_are_chosen(data: RoutingData) -> None:
    for half in halves(data, {"x": first_vector}):
        gain = data.evaluation.difference[half.evaluation, 0]
        chosen = half.of_evaluation[0, 1]
        assert gain[chosen].min() >= gain[~chosen].max()


def test_a_router_that_chooses_a_mix_gets_it_and_its_gains_fill_up(data: RoutingData) -> None:
    def mixes(given: RoutingData, seed: int) -> Gains:
        # The mix wants the first ones of all; few of the seed set are among them.
        gain = np.arange(len(given.pool), dtype=float)
        return Gains(gain, choose=np.arange)

    for half in halves(data, {"mixes": mixes}):
        n, n_seeds = int(half.evaluation.sum()), int(half.seed.sum())
        assert half.of_evaluation[0, 1].tolist() == [True] * round(n / 4) + [False] * (
            n - round(n / 4)
        )
        # The last ones have the highest gains.
        assert np.flatnonzero(half.of_seed[0, 1]).tolist() == list(
            range(n_seeds - round(n_seeds / 4), n_seeds)
        )


def test_the_oracle_asks_where_the_ai_errs_and_people_do_not(data: RoutingData) -> None:
    for half in halves(data, {}):
        mine = data.evaluation.take(half.evaluation)
        all_agree = (mine.humans == mine.humans[:, :1]).all(axis=1)
        is_won = all_agree & (mine.humans[:, 0] != mine.ai)
        chosen = half.of_evaluation[-1, 1]
        assert chosen[is_won].sum() == min(is_won.sum(), chosen.sum())


def test_rows_have_an_order_of_their_own(data: RoutingData) -> None:
    random = np.random.default_rng(0)
    part = data.evaluation
    mixed = part.take(random.permutation(len(part)))
    flip = random.random(len(part)) < 0.5
    swapped = replace(
        mixed,
        difference=np.where(flip[:, None], -mixed.difference, mixed.difference),
        ai=np.where(flip, 1 - mixed.ai, mixed.ai),
        humans=np.where(flip[:, None], 1 - mixed.humans, mixed.humans),
    )
    again = ordered(replace(data, evaluation=swapped)).evaluation
    assert again.groups.tolist() == part.groups.tolist()
    assert np.array_equal(np.abs(again.difference), np.abs(part.difference))


def test_joined_comparisons_lose_their_human_labels(data: RoutingData) -> None:
    joined = concatenate([data.evaluation, data.seed])
    assert len(joined) == 61 + 41
    assert joined.humans.shape == (102, 0)
    assert joined.ai.tolist() == [*data.evaluation.ai, *data.seed.ai]
