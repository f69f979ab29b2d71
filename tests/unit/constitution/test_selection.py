"""Sets of principles: what explains most together, and no more of it than holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from prefdata.constitution._selection.paired import Paired, paired_of, partition
from prefdata.constitution._selection.paths import greedy_path, lasso_way, quadratic_path
from prefdata.constitution._selection.screening import screen
from prefdata.constitution.clusters import clusters_of
from prefdata.constitution.selection import Choosing, select_principles
from prefdata.testing.principle_world import PrincipleWorld, principle_world

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.constitution.ballots import Ballots

__all__: list[str] = []

_QUICK = Choosing(n_half_samples=20)


@pytest.fixture(scope="module")
def world() -> PrincipleWorld:
    return principle_world(5, n_comparisons=1500, groups=False, n_null=20)


@pytest.mark.parametrize("method", ["greedy", "lasso"])
def test_planted_principles_are_chosen_the_way_they_hold(
    world: PrincipleWorld, method: str
) -> None:
    how = Choosing(method="lasso" if method == "lasso" else "greedy", n_half_samples=20)
    found = select_principles(world.ballots, how, seed=1)
    assert {world.kinds[at] for at in found.order[:6]} == {"strong"}
    assert np.array_equal(np.sign(found.odds[:6]), np.sign(world.effects[found.order[:6]]))
    assert (found.rows["weight"] > 0).all()
    assert (found.rows["frequency"].head(4) > 0.8).all()
    assert found.gain > found.gain_se > 0
    assert len(found.order) <= how.max_principles < found.n_candidates + 10


def test_the_order_of_rows_does_not_count(world: PrincipleWorld) -> None:
    ballots = world.ballots
    order = np.random.default_rng(0).permutation(len(ballots.votes))
    places = np.argsort(order)
    shuffled = replace(
        ballots,
        comparisons=ballots.comparisons[order],
        votes=ballots.votes[order],
        labels=ballots.labels.with_columns(at=pl.Series(places)[ballots.labels["at"]]),
    )
    one, other = (select_principles(each, _QUICK, seed=1) for each in (ballots, shuffled))
    assert one.rows.equals(other.rows)


def test_exchanging_a_and_b_changes_nothing(world: PrincipleWorld) -> None:
    ballots = world.ballots
    turn = np.where(np.arange(len(ballots.votes)) % 2, -1, 1)
    is_decisive = np.abs(ballots.votes) == 1
    turned = replace(
        ballots,
        votes=np.where(is_decisive, ballots.votes * turn[:, None], ballots.votes).astype(np.int8),
        labels=ballots.labels.with_columns(
            y=pl.col("y") * pl.Series(turn[ballots.labels["at"].to_numpy()])
        ),
    )
    one, other = (select_principles(each, _QUICK, seed=1) for each in (ballots, turned))
    assert one.order == other.order
    assert np.allclose(one.odds, other.odds, atol=1e-4)


@pytest.mark.parametrize("how", [_QUICK, replace(_QUICK, method="lasso")])
def test_a_principle_that_repeats_another_is_passed_over(
    world: PrincipleWorld, how: Choosing
) -> None:
    ballots = world.ballots
    first = select_principles(ballots, how, seed=1).order[0]
    copied = -ballots.signed[:, [first]]
    twice = replace(
        ballots,
        principles=pl.concat([ballots.principles, ballots.principles[[first]]]),
        votes=np.hstack([ballots.votes, copied]),
    )
    order = select_principles(twice, how, seed=1).order
    assert len({first, len(world.kinds)} & set(order)) == 1


def test_noise_has_no_candidates_or_no_gain() -> None:
    noise = principle_world(7, n_comparisons=400, n_null=20, is_shuffled=True)
    found = select_principles(noise.ballots, _QUICK)
    assert found.order == []
    assert found.rows.height == 0
    assert found.gain == 0.0
    assert np.array_equal(found.scores(noise.ballots.signed), np.zeros(400))


def test_a_stricter_rule_chooses_no_more(world: PrincipleWorld) -> None:
    sizes = [
        len(select_principles(world.ballots, Choosing(n_half_samples=0, n_errors=rule)).order)
        for rule in (0.0, 1.0, 4.0)
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert (
        select_principles(world.ballots, Choosing(n_half_samples=0)).rows["frequency"].null_count()
        == sizes[0]
    )


def test_around_no_effect_the_quadratic_has_the_order_of_the_loss(world: PrincipleWorld) -> None:
    paired = paired_of(world.ballots.decided())
    screened = screen(paired)
    rules: dict[str, Any] = {"is_open": screened.q <= 0.1, "max_size": 3, "max_correlation": 0.8}
    exact = greedy_path(paired, signs=screened.signs, **rules)
    rough = quadratic_path(paired.gram, paired.votes.T @ paired.sides, **rules)
    assert set(rough) == set(exact.order)


def _of(votes: NDArray[np.float64], lean: NDArray[np.float64]) -> Paired:
    codes = np.arange(len(lean))
    return Paired(
        np.asfortranarray(votes.astype(np.float32)),
        lean,
        codes,
        (partition(codes),),
        codes % 5,
        np.zeros(len(lean)),
    )


@pytest.mark.parametrize("way", [greedy_path, lasso_way])
def test_a_principle_that_would_turn_another_is_passed_over(way: Any) -> None:
    rng = np.random.default_rng(0)
    causes = rng.choice([-1.0, 1.0], (4000, 3))
    proxy = np.sign(causes.sum(axis=1))
    odds = 0.7 * causes.sum(axis=1) - 0.4 * proxy
    lean = np.where(rng.random(4000) < 1 / (1 + np.exp(-odds)), 1.0, -1.0)
    paired = _of(np.column_stack([proxy, causes]), lean)
    screened = screen(paired)
    assert (screened.signs == 1).all()
    rules: dict[str, Any] = {"is_open": np.ones(4, bool), "max_size": 4, "max_correlation": 0.9}
    found = way(paired, signs=screened.signs, **rules)
    # The proxy has most strength, and less than none once all the causes are there.
    assert found.order == [0, 1, 3]
    assert all((fitted > 0).all() for fitted in found.odds)
    pull = paired.votes.T @ paired.sides
    assert quadratic_path(paired.gram, pull, **rules) == [0, 1, 3]


def test_a_principle_that_only_echoes_adds_nothing() -> None:
    # Beside the first, the second is wrong more often than right.
    counts = {(1, 1, 1): 40, (1, 1, -1): 10, (1, -1, 1): 30, (1, -1, -1): 2}
    rows = np.repeat(np.array(list(counts), np.float64), list(counts.values()), axis=0)
    paired = _of(rows[:, :2], rows[:, 2])
    screened = screen(paired)
    rules: dict[str, Any] = {"is_open": np.ones(2, bool), "max_size": 2, "max_correlation": 0.9}
    assert screened.signs.tolist() == [1, 1]
    assert greedy_path(paired, signs=screened.signs, **rules).order == [0]
    assert lasso_way(paired, signs=screened.signs, **rules).order == [0]
    assert quadratic_path(paired.gram, paired.votes.T @ paired.sides, **rules) == [0]


def test_candidates_are_tested_over_clusters() -> None:
    # One person who says the same a hundred times is one piece of evidence.
    world = principle_world(2, n_comparisons=300, n_annotators=12, n_strong=1, n_weak=0, n_null=1)
    decided = world.ballots.decided()
    loud = paired_of(decided, clusters=clusters_of(decided, "annotator").partitions)
    plain = paired_of(decided)
    assert screen(plain).p.tolist() != screen(loud).p.tolist()
    assert screen(plain, min_decisive=10_000).q.tolist() == [1.0, 1.0]


def test_no_labels_choose_nothing(world: PrincipleWorld) -> None:
    none: Ballots = world.ballots.of_labels(world.ballots.labels["y"] > 5)
    assert select_principles(none, _QUICK).order == []
