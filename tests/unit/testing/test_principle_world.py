"""The truth of the planted world is what its own samples come to."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from prefdata.constitution.ballots import FAILED
from prefdata.constitution.labels import COMPARED, LABEL
from prefdata.schema import table_schema
from prefdata.testing.principle_world import PrincipleWorld, principle_world

__all__: list[str] = []


def _measured(world: PrincipleWorld) -> tuple[np.ndarray, np.ndarray]:
    """Return strengths and their standard errors, if labels were independent."""
    ballots = world.ballots.decided()
    at, y = ballots.labels["at"].to_numpy(), ballots.labels["y"].to_numpy()
    signed = ballots.signed[at].astype(float)
    n = (ballots.votes[at] != FAILED).sum(axis=0)
    return signed.T @ y / n, np.sqrt((signed != 0).sum(axis=0)) / n


@pytest.mark.parametrize("correlated", [False, True])
@pytest.mark.parametrize("slopes", [0.0, 0.5])
def test_strengths_are_those_that_many_labels_come_to(*, slopes: float, correlated: bool) -> None:
    # Without names every label has an annotator of its own, so labels are nearly independent.
    world = principle_world(
        3,
        n_comparisons=40_000,
        n_prompts=40_000,
        n_annotators=0,
        slopes=slopes,
        correlated=correlated,
    )
    found, errors = _measured(world)
    assert np.abs((found - world.effects) / errors).max() < 4
    assert np.abs(found - world.effects).max() < 0.02


def test_strong_and_weak_principles_are_as_strong_as_is_said() -> None:
    world = principle_world(0, n_comparisons=50)
    of = {
        kind: np.abs(world.country_effects[0][[each == kind for each in world.kinds]])
        for kind in ("strong", "weak", "null")
    }
    assert len(of["strong"]) == len(of["weak"]) == 8
    assert len(of["null"]) == 40
    assert ((of["strong"] > 0.11) & (of["strong"] < 0.25)).all()
    assert ((of["weak"] > 0.035) & (of["weak"] < 0.085)).all()
    assert (of["null"] == 0).all()


def test_opposed_principles_have_opposite_signs_in_two_countries() -> None:
    world = principle_world(1, n_comparisons=50)
    is_opposed = np.isin(np.arange(len(world.kinds)), world.opposed)
    assert world.opposed == (0, 1, 2)
    first, other = world.country_effects
    assert (first[is_opposed] == -other[is_opposed]).all()
    assert (first[~is_opposed] == other[~is_opposed]).all()
    assert world.annotators["country"].value_counts(sort=True).rows() == [("a", 26), ("b", 14)]
    alone = principle_world(1, n_comparisons=50, groups=False)
    assert alone.opposed == ()
    assert np.allclose(alone.effects, world.country_effects[0])


def test_tables_have_the_columns_of_their_contracts() -> None:
    ballots = principle_world(2, n_comparisons=60, labels_per_comparison=3).ballots
    assert dict(ballots.comparisons.schema) == dict(COMPARED)
    assert dict(ballots.labels.schema) == dict(LABEL)
    assert ballots.principles.columns == list(table_schema("principles").columns)
    assert ballots.labels.height == 180
    assert not ballots.labels.select(pl.struct("at", "annotator_id").is_duplicated().any()).item()
    assert ballots.comparisons["comparison_id"].is_sorted()
    assert set(np.unique(ballots.votes)) == {-3, -2, -1, 0, 1, 2}


def test_labels_that_are_flipped_by_a_coin_hold_nothing() -> None:
    world = principle_world(4, n_comparisons=20_000, is_shuffled=True)
    found, errors = _measured(world)
    assert not world.effects.any()
    assert np.abs(found / errors).max() < 4.5


def test_one_seed_draws_one_world() -> None:
    first, again = (principle_world(5, n_comparisons=80, slopes=0.5) for _ in range(2))
    assert first.ballots.labels.equals(again.ballots.labels)
    assert (first.ballots.votes == again.ballots.votes).all()
    other = principle_world(6, n_comparisons=80, slopes=0.5)
    assert not first.ballots.labels.equals(other.ballots.labels)


def test_a_world_may_have_no_annotators_and_no_strong_principles() -> None:
    world = principle_world(7, n_comparisons=30, n_annotators=0, n_strong=0, n_weak=0, n_null=2)
    assert world.annotators.height == 0
    assert world.ballots.labels["annotator_id"].null_count() == 30
    assert world.effects.tolist() == [0, 0]


def test_a_comparison_cannot_have_more_labels_than_there_are_annotators() -> None:
    with pytest.raises(ValueError, match="as many annotators"):
        principle_world(0, n_annotators=2, labels_per_comparison=3)
