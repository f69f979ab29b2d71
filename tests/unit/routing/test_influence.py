"""Influence is what training anew would show, and tags tell it where nobody was asked."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from prefdata.metrics.bradley_terry import fit_heads
from prefdata.metrics.calibration import log_losses
from prefdata.protocols import Comparisons, RoutingData
from prefdata.routing import influence
from prefdata.routing.influence import influence_gains, item_influence
from prefdata.testing.routing_world import routing_world

Floats = NDArray[np.float64]

_EXACT = 1e-10


@pytest.fixture(scope="module")
def data() -> RoutingData:
    return routing_world(3, n_seed=150, n_evaluation=120, n_pool=200, n_test=1).data


def _swapped(part: Comparisons) -> Comparisons:
    return dataclasses.replace(
        part, difference=-part.difference, ai=1 - part.ai, humans=1 - part.humans
    )


def _loss(rows: Floats, labels: Floats, evaluation: Comparisons) -> float:
    head = fit_heads(rows, labels, tolerance=_EXACT)
    truth = evaluation.humans.mean(axis=1)
    return float(log_losses(head.scores(evaluation.difference), truth)[0])


def test_the_gain_of_a_seed_label_is_what_training_anew_shows(data: RoutingData) -> None:
    found = item_influence(data, n_mixes=1).gain[: len(data.seed)]
    rows = np.concatenate([data.seed.difference, data.pool.difference])
    labels = np.concatenate([data.seed.ai, data.pool.ai])
    before = _loss(rows, labels, data.evaluation)
    is_other = data.seed.humans[:, 0] != data.seed.ai
    shown = np.zeros(len(data.seed))
    for row in np.flatnonzero(is_other):
        changed = labels.copy()
        changed[row] = data.seed.humans[row, 0]
        shown[row] = before - _loss(rows, changed, data.evaluation)
    assert is_other.sum() > 20
    assert (found[~is_other] == 0).all()
    assert np.corrcoef(found[is_other], shown[is_other])[0, 1] > 0.995
    assert np.polyfit(found[is_other], shown[is_other], 1)[0] == pytest.approx(1, abs=0.05)
    # Near 0 the second order decides.
    is_clear = is_other & (np.abs(shown) > np.abs(shown[is_other]).mean() / 2)
    assert is_clear.sum() > is_other.sum() / 2
    assert (np.sign(found[is_clear]) == np.sign(shown[is_clear])).all()


def test_the_gain_of_an_evaluation_label_is_held_against_the_other_prompts(
    data: RoutingData,
) -> None:
    # Two comparisons of each prompt: both are left out.
    groups = np.arange(len(data.evaluation)) // 2 + 10_000
    evaluation = dataclasses.replace(data.evaluation, groups=groups)
    found = item_influence(dataclasses.replace(data, evaluation=evaluation), n_mixes=1)
    rows = np.concatenate([data.seed.difference, data.pool.difference])
    labels = np.concatenate([data.seed.ai, data.pool.ai])
    humans = evaluation.humans.mean(axis=1)
    items = np.flatnonzero(humans != evaluation.ai)[:25]
    shown = []
    for item in items:
        more = np.concatenate([rows, evaluation.difference[[item]]])
        others = evaluation.take(groups != groups[item])
        losses = [
            _loss(more, np.append(labels, label), others)
            for label in (evaluation.ai[item], humans[item])
        ]
        shown.append(losses[0] - losses[1])
    gains = found.gain[len(data.seed) + items]
    # Not quite alike, since the temperature and the head are here fitted without or with the row.
    assert np.corrcoef(gains, shown)[0, 1] > 0.97


def test_swapping_the_responses_changes_no_gain(data: RoutingData) -> None:
    swapped = RoutingData(
        _swapped(data.evaluation), _swapped(data.seed), _swapped(data.pool), data.tag_names
    )
    one, other = influence_gains(data), influence_gains(swapped)
    assert np.allclose(one.gain, other.gain, rtol=1e-6)
    assert one.se is not None
    assert other.se is not None
    assert np.allclose(one.se, other.se, rtol=1e-6)


def test_gains_are_the_sum_of_what_tags_contribute(data: RoutingData) -> None:
    gains = influence_gains(data, seed=1)
    assert gains.contributions is not None
    assert gains.contributions.shape == data.pool.tags.shape
    assert (gains.contributions[~data.pool.tags] == 0).all()
    assert np.allclose(gains.facts["no_tags"] + gains.contributions.sum(axis=1), gains.gain)


def test_the_seed_alone_decides(data: RoutingData) -> None:
    one, same, other = (influence_gains(data, seed=seed) for seed in (5, 5, 6))
    assert one.gain.tobytes() == same.gain.tobytes()
    assert one.facts == same.facts
    assert not np.array_equal(one.gain, other.gain)


def test_gains_follow_what_tags_are_worth() -> None:
    world = routing_world(0, n_pool=2000, n_test=1)
    gains = influence_gains(world.data)
    assert np.corrcoef(gains.gain, world.tag_oracle)[0, 1] > 0.6
    assert gains.facts["item_rank_correlation"] > 0.2
    assert gains.se is not None
    # Where the gain is greatest it is more than what another draw would have changed.
    best = gains.chosen(100)
    assert (gains.gain[best] > 2 * gains.se[best]).mean() > 0.9


def test_nothing_is_worth_anything_where_tags_tell_nothing() -> None:
    world = routing_world(0, kind="null", n_pool=1000, n_test=1)
    gains = influence_gains(world.data)
    assert abs(gains.facts["item_rank_correlation"]) < 0.15


def test_standard_errors_are_what_other_samples_would_change() -> None:
    worlds = [
        routing_world(seed, n_seed=300, n_evaluation=300, n_pool=400, n_test=1)
        for seed in range(12)
    ]
    pool = worlds[0].data.pool.tags
    spread, claimed = [], []
    for world in worlds:
        same_tags = dataclasses.replace(world.data.pool, tags=pool)
        gains = influence_gains(dataclasses.replace(world.data, pool=same_tags), n_bootstraps=40)
        spread.append(gains.gain)
        assert gains.se is not None
        claimed.append(gains.se)
    ratio = np.mean(claimed) / np.std(spread, axis=0, ddof=1).mean()
    # What is true differs from world to world too, so they may claim somewhat less.
    assert 0.5 < ratio < 1.5


def test_a_large_pool_is_sampled(data: RoutingData, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = influence_gains(data)
    monkeypatch.setattr(influence, "_POOL_ROWS", 150)
    some = influence_gains(data)
    assert len(some.gain) == len(data.pool)
    assert np.corrcoef(whole.gain, some.gain)[0, 1] > 0.8


def test_people_who_always_agree_with_the_ai_teach_nothing(data: RoutingData) -> None:
    evaluation, seeds = (
        dataclasses.replace(part, humans=np.repeat(part.ai[:, None], 3, axis=1))
        for part in (data.evaluation, data.seed)
    )
    gains = influence_gains(dataclasses.replace(data, evaluation=evaluation, seed=seeds))
    assert gains.refusal is not None
    assert (gains.gain == 0).all()
    assert len(gains.gain) == len(data.pool)


@pytest.mark.parametrize("part", ["evaluation", "seed"])
def test_a_set_may_be_empty(data: RoutingData, part: str) -> None:
    nobody = dataclasses.replace(data, **{part: getattr(data, part).take(np.array([], int))})
    gains = influence_gains(nobody)
    assert (gains.refusal is None) == (part == "seed")
    assert np.isfinite(gains.gain).all()


def test_comparisons_that_nobody_voted_on_are_left_out(data: RoutingData) -> None:
    humans = data.seed.humans.copy()
    humans[::2] = np.nan
    seeds = dataclasses.replace(data.seed, humans=humans)
    found = item_influence(dataclasses.replace(data, seed=seeds))
    wanted = item_influence(dataclasses.replace(data, seed=data.seed.take(np.arange(1, 150, 2))))
    assert found.gain.tobytes() == wanted.gain.tobytes()
