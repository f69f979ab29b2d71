"""Margins of heads that have not seen the labels they are held against."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prefdata.protocols import Comparisons, RoutingData
from prefdata.routing.margins import folds, human_margins, mixed_margins
from prefdata.testing.routing_world import routing_world

__all__: list[str] = []


def _swap(part: Comparisons) -> Comparisons:
    return replace(part, difference=-part.difference, ai=1 - part.ai, humans=1 - part.humans)


@pytest.fixture(scope="module")
def data() -> RoutingData:
    return routing_world(1, n_seed=60, n_evaluation=60, n_pool=40, n_test=1).data


def test_a_margin_does_not_depend_on_the_label_it_is_held_against(data: RoutingData) -> None:
    humans = data.evaluation.humans.copy()
    humans[3] = 1 - humans[3]
    changed = replace(data, evaluation=replace(data.evaluation, humans=humans))
    before, after = human_margins(data), human_margins(changed)
    assert before.evaluation[3] == pytest.approx(after.evaluation[3])
    assert not np.allclose(before.pool, after.pool)


def test_a_prompt_in_both_sets_is_not_learnt_from_either(data: RoutingData) -> None:
    groups = data.seed.groups.copy()
    groups[5] = data.evaluation.groups[3]
    shared = replace(data, seed=replace(data.seed, groups=groups))
    humans = data.seed.humans.copy()
    humans[5] = 1 - humans[5]
    changed = replace(shared, seed=replace(shared.seed, humans=humans))
    before, after = human_margins(shared), human_margins(changed)
    assert before.evaluation[3] == pytest.approx(after.evaluation[3])


def test_a_head_of_all_labels_does_not_know_those_it_is_held_against(data: RoutingData) -> None:
    def flip(labels: np.ndarray) -> np.ndarray:
        flipped = labels.copy()
        flipped[3] = 1 - flipped[3]
        return flipped

    people = replace(data.evaluation, humans=flip(data.evaluation.humans))
    ai = replace(data.pool, ai=flip(data.pool.ai))
    before, after = mixed_margins(data), mixed_margins(replace(data, evaluation=people))
    assert before.evaluation[3] == pytest.approx(after.evaluation[3])
    assert not np.allclose(before.pool, after.pool)
    after = mixed_margins(replace(data, pool=ai))
    assert before.pool[3] == pytest.approx(after.pool[3])
    assert not np.allclose(before.evaluation, after.evaluation)


def test_a_large_pool_is_learnt_from_in_part_and_scored_in_full() -> None:
    world = routing_world(1, n_seed=10, n_evaluation=10, n_pool=4100, n_test=1)
    pool = mixed_margins(world.data).pool
    assert pool.shape == (4100,)
    agrees = np.sign(pool) == 2 * world.pool_truth - 1
    assert agrees.mean() > 0.8


def test_swapping_a_and_b_everywhere_swaps_the_sign(data: RoutingData) -> None:
    swapped = RoutingData(
        _swap(data.evaluation), _swap(data.seed), _swap(data.pool), data.tag_names
    )
    for fit in (human_margins, mixed_margins):
        one, other = fit(data), fit(swapped)
        # The heads see the same: d and y, or -d and 1 - y, have the same gradient.
        assert one.evaluation == pytest.approx(-other.evaluation, abs=1e-6)
        assert one.pool == pytest.approx(-other.pool, abs=1e-6)


def test_without_any_labels_nothing_is_sure(data: RoutingData) -> None:
    nobody = np.full((60, 1), np.nan)
    empty = replace(
        data,
        evaluation=replace(data.evaluation, humans=nobody),
        seed=replace(data.seed, humans=nobody),
    )
    margins = human_margins(empty)
    assert not margins.evaluation.any()
    assert not margins.pool.any()


def test_folds_are_of_about_one_size_and_never_split_a_group() -> None:
    groups = np.repeat(np.arange(50), 2)
    at = folds(groups, 5, seed=0)
    assert np.bincount(at).tolist() == [20] * 5
    assert (at[::2] == at[1::2]).all()


def test_folds_do_not_depend_on_the_order_of_the_rows() -> None:
    groups = np.arange(30)
    order = np.random.default_rng(0).permutation(30)
    assert folds(groups[order], 4, seed=3).tolist() == folds(groups, 4, seed=3)[order].tolist()


def test_there_are_no_more_folds_than_groups() -> None:
    assert sorted(folds(np.array([4, 9]), 5, seed=0).tolist()) == [0, 1]
