"""The world has the base rates that it claims, and its oracles know them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from prefdata.testing.routing_world import (
    RoutingWorld,
    label_accuracy,
    model_accuracies,
    model_accuracy,
    recovered,
    routing_world,
)

__all__: list[str] = []

_N = 60_000


@pytest.fixture(scope="module")
def large() -> RoutingWorld:
    return routing_world(0, n_seed=1, n_evaluation=1, n_pool=_N, n_test=1)


@pytest.fixture(scope="module")
def hard() -> RoutingWorld:
    return routing_world(1, kind="hard")


def _has(world: RoutingWorld, *names: str) -> np.ndarray:
    columns = [world.data.tag_names.index(name) for name in names]
    return np.asarray(world.data.pool.tags[:, columns].any(axis=1))


def _regions(world: RoutingWorld) -> tuple[np.ndarray, np.ndarray]:
    return (
        _has(world, "safety=moderate", "domain=religion", "domain=chemical engineering"),
        _has(world, "complexity=complex", "domain=computer sciences", "domain=mathematics"),
    )


def test_the_regions_have_their_shares(large: RoutingWorld) -> None:
    biased, tiring = _regions(large)
    assert large.data.pool.tags.shape == (_N, 53)
    shares = [biased.mean(), tiring.mean(), (~biased & ~tiring).mean(), (tiring & ~biased).mean()]
    assert shares == pytest.approx([0.27, 0.33, 0.47, 0.26], abs=0.01)
    assert (biased & ~tiring).mean() == pytest.approx(0.20, abs=0.01)
    assert (biased & tiring).mean() == pytest.approx(0.07, abs=0.01)


def test_people_and_the_ai_err_where_and_as_often_as_they_should(large: RoutingWorld) -> None:
    biased, tiring = _regions(large)
    human, ai = large.pool_humans == large.pool_truth, large.data.pool.ai == large.pool_truth
    for is_right, claimed, region, rates in (
        (human, large.p_human, tiring, (0.89, 0.65)),
        (ai, large.p_ai, biased, (0.94, 0.685)),
    ):
        for part, rate in ((~region, rates[0]), (region, rates[1])):
            assert is_right[part].mean() == pytest.approx(rate, abs=0.012)
            assert claimed[part].mean() == pytest.approx(is_right[part].mean(), abs=0.012)
    assert ai.mean() == pytest.approx(0.873, abs=0.006)
    assert human.mean() == pytest.approx(0.811, abs=0.006)


def test_the_probabilities_are_calibrated_one_by_one(large: RoutingWorld) -> None:
    for labels, claimed in (
        (large.pool_humans, large.p_human),
        (large.data.pool.ai, large.p_ai),
    ):
        is_right = labels == large.pool_truth
        tenth = np.minimum((claimed * 10).astype(int), 9)
        for number in np.flatnonzero(np.bincount(tenth) > 1000):
            mine = tenth == number
            assert is_right[mine].mean() == pytest.approx(claimed[mine].mean(), abs=0.03)


def test_the_oracle_of_tags_asks_about_bias_first_and_about_fatigue_last(
    large: RoutingWorld,
) -> None:
    biased, tiring = _regions(large)
    gains = [
        np.unique(large.tag_oracle[cell])
        for cell in (biased & ~tiring, biased & tiring, ~biased & ~tiring, ~biased & tiring)
    ]
    assert [len(values) for values in gains] == [1, 1, 1, 1]
    assert np.concatenate(gains).tolist() == sorted(np.concatenate(gains), reverse=True)
    # Rounded, the shares of people right less those of the AI.
    assert np.concatenate(gains) == pytest.approx([0.205, -0.04, -0.045, -0.29], abs=0.02)


def test_the_ai_is_sure_where_its_own_margin_is_wide(large: RoutingWorld) -> None:
    confidence = large.data.pool.signals[:, 0]
    biased, _ = _regions(large)
    is_right = large.data.pool.ai == large.pool_truth
    assert ((confidence > 0) & (confidence < 1)).all()
    assert confidence[~biased & is_right].mean() > confidence[~biased & ~is_right].mean() + 0.1


def test_the_hard_world_shows_less_and_has_a_ceiling(hard: RoutingWorld) -> None:
    pool = hard.data.pool
    everybody = np.arange(len(pool))
    right = pool.ai != hard.pool_truth  # with these replaced, all labels are nearly right
    assert pool.difference.shape == (5000, 13)
    assert hard.test_difference.shape == (5000, 13)
    reached = model_accuracies(hard, [everybody[:0], everybody, np.flatnonzero(right)])
    assert reached == pytest.approx([0.755, 0.772, 0.772], abs=0.025)


def test_the_null_world_has_no_structure() -> None:
    world = routing_world(3, kind="null", n_pool=_N, n_test=1)
    tags = world.data.pool.tags.astype(float)
    gain = world.p_human - world.p_ai
    means = tags.T @ gain / tags.sum(axis=0)
    assert means == pytest.approx(np.full(53, gain.mean()), abs=0.01)
    assert np.ptp(world.tag_oracle) == 0


@pytest.mark.parametrize("kind", ["easy", "hard", "null"])
def test_the_seed_decides_everything(kind: str) -> None:
    small = {"kind": kind, "n_seed": 20, "n_evaluation": 30, "n_pool": 40, "n_test": 50}
    one, same, other = (routing_world(seed, **small) for seed in (5, 5, 6))  # type: ignore[arg-type]
    for field in fields(one.data.pool):
        a, b = (getattr(world.data.pool, field.name) for world in (one, same))
        assert np.array_equal(a, b)
    assert not np.array_equal(one.pool_truth, other.pool_truth)
    assert one.data.evaluation.humans.shape == (30, 3)
    assert one.data.seed.humans.shape == (20, 1)
    assert one.data.pool.humans.shape == (40, 0)
    groups = [part.groups for part in (one.data.evaluation, one.data.seed, one.data.pool)]
    assert len(np.unique(np.concatenate(groups))) == 90


def test_labels_are_those_of_people_where_they_were_asked(hard: RoutingWorld) -> None:
    n = len(hard.data.pool)
    nobody, everybody = np.arange(0), np.arange(n)
    assert label_accuracy(hard, nobody) == (hard.data.pool.ai == hard.pool_truth).mean()
    assert label_accuracy(hard, everybody) == (hard.pool_humans == hard.pool_truth).mean()
    better = np.flatnonzero(
        (hard.pool_humans == hard.pool_truth) & (hard.data.pool.ai != hard.pool_truth)
    )
    gained = label_accuracy(hard, better) - label_accuracy(hard, nobody)
    assert gained == pytest.approx(len(better) / n)


def test_models_are_the_same_fitted_alone_or_together(hard: RoutingWorld) -> None:
    mixes = [np.arange(500), np.arange(2000)]
    alone = [model_accuracy(hard, mix) for mix in mixes]
    assert model_accuracies(hard, mixes) == pytest.approx(alone, abs=4e-4)


def test_the_oracle_recovers_all_and_chance_nothing() -> None:
    at_random, best = np.array([0.8, 0.7]), np.array([0.9, 0.9])
    assert recovered(at_random, at_random, best) == 0
    assert recovered(best, at_random, best) == 1
    assert recovered(np.array([0.8, 0.85]), at_random, best) == pytest.approx(0.5)
