"""Reward gaps and their curve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prefdata.protocols import Comparisons, RoutingData
from prefdata.routing.gaps import gap_gains, read_curve
from prefdata.testing.routing_world import label_accuracy, routing_world

__all__: list[str] = []


def _swap(part: Comparisons) -> Comparisons:
    return replace(part, difference=-part.difference, ai=1 - part.ai, humans=1 - part.humans)


@pytest.fixture(scope="module")
def data() -> RoutingData:
    return routing_world(2, n_seed=100, n_evaluation=100, n_pool=200, n_test=1).data


def logit_curve(n: int = 20_000, shift: float = 0.0) -> np.ndarray:
    t = (np.arange(n) + 0.5) / n
    return np.asarray(np.log((1 - t) / t) + shift)


def test_a_logistic_curve_turns_where_its_slope_is_twice_the_median() -> None:
    # Slope 1 / t(1 - t): the median is at t = 1/4, 16/3; twice that at t(1 - t) = 3/32.
    curve = read_curve(logit_curve())
    expected = (1 - np.sqrt(1 - 4 * 3 / 32)) / 2
    # The window of a twentieth sees the steep ends a little early.
    assert curve.elbow / 20_000 == pytest.approx(expected, abs=0.005)
    assert curve.knee / 20_000 == pytest.approx(1 - expected, abs=0.005)


def test_the_reflection_point_has_the_gap_of_the_elbow_with_the_other_sign() -> None:
    gaps = logit_curve(shift=0.5)
    curve = read_curve(gaps)
    assert curve.reflection > curve.knee
    assert gaps[curve.reflection] == pytest.approx(-gaps[curve.elbow], abs=1e-3)


def test_the_reflection_point_is_never_left_of_the_knee() -> None:
    curve = read_curve(logit_curve(shift=-0.5))
    assert curve.reflection == curve.knee


def test_a_straight_line_turns_at_its_ends() -> None:
    curve = read_curve(np.linspace(1, -1, 100))
    assert (curve.elbow, curve.knee, curve.reflection) == (0, 100, 100)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_a_short_curve_is_read_too(n: int) -> None:
    curve = read_curve(np.linspace(1, -1, n))
    assert 0 <= curve.elbow <= curve.reflection <= n


def test_people_are_asked_from_the_reflection_point_to_the_left(data: RoutingData) -> None:
    last, first = (gap_gains(data, beyond=beyond) for beyond in ("last", "first"))
    n_left = round(last.facts["reflection_point"] * 200)
    assert last.chosen(n_left).tolist() == first.chosen(200)[200 - n_left :].tolist()
    assert set(last.chosen(200)[n_left:]) == set(first.chosen(200)[: 200 - n_left])


def test_it_ranks_better_than_chance_where_heads_are_good() -> None:
    world = routing_world(3, n_seed=300, n_evaluation=200, n_pool=1500, n_test=1)
    chosen = gap_gains(world.data).chosen(300)
    assert label_accuracy(world, chosen) > label_accuracy(world, np.arange(300)) + 0.02


def test_without_people_the_labels_of_the_ai_decide(data: RoutingData) -> None:
    part = data.evaluation.take(np.zeros(0, dtype=np.intp))
    alone = replace(data, evaluation=part, seed=data.seed.take(np.zeros(0, dtype=np.intp)))
    gains = gap_gains(alone, back_off=1.0)
    assert np.isfinite(gains.gain).all()
    assert sorted(gains.chosen(200)) == list(range(200))


def test_the_ranking_does_not_depend_on_which_response_is_a(data: RoutingData) -> None:
    swapped = RoutingData(
        _swap(data.evaluation), _swap(data.seed), _swap(data.pool), data.tag_names
    )
    assert gap_gains(data).chosen(50).tolist() == gap_gains(swapped).chosen(50).tolist()
