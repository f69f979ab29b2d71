"""The paired router."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prefdata.protocols import Comparisons, RoutingData
from prefdata.routing.paired import paired_gains
from prefdata.testing.routing_world import label_accuracy, routing_world

__all__: list[str] = []


@pytest.fixture(scope="module")
def data() -> RoutingData:
    return routing_world(1, n_seed=200, n_evaluation=200, n_pool=100, n_test=1).data


def one_tag(n: int = 400) -> RoutingData:
    """Return a world where the AI is right on half of what has the tag, and people on 90 %."""
    random = np.random.default_rng(0)

    def part(votes: int) -> Comparisons:
        tag = np.arange(n) % 2 == 0
        ai_is_right = random.random(n) < np.where(tag, 0.5, 1.0)
        return Comparisons(
            difference=np.zeros((n, 1)) + 1e-3,
            tags=tag[:, None],
            signals=np.zeros((n, 0)),
            ai=ai_is_right.astype(float),
            humans=(random.random((n, votes)) < 0.9).astype(float),
            groups=np.arange(n),
        )

    return RoutingData(part(3), part(1), part(0), ("biased",))


def test_it_finds_the_tag_on_which_the_ai_errs() -> None:
    gains = paired_gains(one_tag(), use_model=False, c=10)
    with_tag, without = gains.gain[::2].mean(), gains.gain[1::2].mean()
    # People agree with two others on 90 %, but for the truth that errs in one of 82 cases.
    assert with_tag == pytest.approx(0.39, abs=0.08)
    assert without == pytest.approx(-0.11, abs=0.04)
    assert gains.accuracy is not None
    human, ai = gains.accuracy
    assert gains.gain == pytest.approx(human - ai)


def test_tags_that_hold_explain_the_gain_and_others_contribute_nothing() -> None:
    gains = paired_gains(one_tag(), use_model=False, c=10)
    assert gains.contributions is not None
    assert gains.contributions[0, 0] == pytest.approx(gains.gain[0] - gains.gain[1])
    assert gains.contributions[1, 0] == 0


def test_standard_errors_shrink_with_the_root_of_the_labels() -> None:
    few, many = (paired_gains(one_tag(n), use_model=False, c=10).se for n in (400, 1600))
    assert few is not None
    assert many is not None
    assert few[:100] == pytest.approx(2 * many[:100], rel=0.35)


def test_it_routes_better_than_chance_with_a_model_and_without() -> None:
    world = routing_world(5, n_seed=300, n_evaluation=400, n_pool=1500, n_test=1)
    at_random = np.mean(
        [label_accuracy(world, np.arange(300)), label_accuracy(world, np.arange(0))]
    )
    for use_model, least in ((False, 0.01), (True, 0.03)):
        gains = paired_gains(world.data, use_model=use_model)
        assert label_accuracy(world, gains.chosen(300)) > at_random + least


def test_swapping_a_and_b_changes_nothing(data: RoutingData) -> None:
    def swap(part: Comparisons) -> Comparisons:
        return replace(part, difference=-part.difference, ai=1 - part.ai, humans=1 - part.humans)

    swapped = RoutingData(
        swap(data.evaluation), swap(data.seed), swap(data.pool), data.tag_names, data.signal_names
    )
    one, other = paired_gains(data), paired_gains(swapped)
    assert one.gain == pytest.approx(other.gain, abs=1e-6)


def test_the_order_of_the_rows_does_not_matter(data: RoutingData) -> None:
    random = np.random.default_rng(0)
    order = random.permutation(len(data.pool))
    mixed = replace(
        data,
        evaluation=data.evaluation.take(random.permutation(len(data.evaluation))),
        seed=data.seed.take(random.permutation(len(data.seed))),
        pool=data.pool.take(order),
    )
    one, other = paired_gains(data), paired_gains(mixed)
    assert one.gain[order] == pytest.approx(other.gain, abs=1e-6)
    assert one.se is not None
    assert other.se is not None
    assert one.se[order] == pytest.approx(other.se, rel=1e-4)


def test_a_signal_that_is_missing_is_a_fact_of_its_own(data: RoutingData) -> None:
    def gap(part: Comparisons, rows: slice) -> Comparisons:
        signals = part.signals.copy()
        signals[rows] = np.nan
        return replace(part, signals=signals)

    gappy = replace(
        data, evaluation=gap(data.evaluation, slice(0, 50)), pool=gap(data.pool, slice(0, 9))
    )
    gains = paired_gains(gappy)
    assert np.isfinite(gains.gain).all()
    assert not np.allclose(gains.gain, paired_gains(data).gain)


def test_a_signal_that_is_missing_in_the_pool_alone_is_taken_as_middling(data: RoutingData) -> None:
    unknown = replace(data.pool, signals=np.full_like(data.pool.signals, np.nan))
    middle = np.full_like(data.pool.signals, data.evaluation.signals.mean())
    one = paired_gains(replace(data, pool=unknown))
    other = paired_gains(replace(data, pool=replace(data.pool, signals=middle)))
    assert one.gain == pytest.approx(other.gain)


def test_a_signal_that_is_always_the_same_says_nothing(data: RoutingData) -> None:
    def constant(part: Comparisons, value: float) -> Comparisons:
        return replace(part, signals=np.full_like(part.signals, value))

    same = replace(data, evaluation=constant(data.evaluation, 0.1), pool=constant(data.pool, 0.1))
    other = replace(same, pool=constant(data.pool, 0.9))
    assert paired_gains(same).gain == pytest.approx(paired_gains(other).gain)


def test_it_says_how_far_errors_go_together(data: RoutingData) -> None:
    facts = paired_gains(data).facts
    assert set(facts) == {"error_kappa", "n_votes", "n_tied_votes"}
    assert 0 < facts["error_kappa"] < 0.5


def test_it_refuses_where_no_vote_can_be_tested(data: RoutingData) -> None:
    single = replace(data.evaluation, humans=data.evaluation.humans[:, :1])
    gains = paired_gains(replace(data, evaluation=single))
    assert gains.refusal is not None
    assert len(gains.gain) == len(data.pool)
