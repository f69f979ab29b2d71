"""Votes and a reward together find who votes badly, and what is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from prefdata.metrics.dawid_skene import Ratings, majority
from prefdata.metrics.em_reward import cross_fitted, em_reward

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__: list[str] = []

_SKILLS = np.array([0.9, 0.85, 0.8, 0.85, 0.5, 0.3])


def _world(
    seed: int, n: int = 500, n_votes: int = 2
) -> tuple[NDArray[np.float64], Ratings, NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    difference = generator.normal(size=(n, 8))
    truth = (difference @ generator.normal(size=8) > 0) * 2
    items = np.repeat(np.arange(n), n_votes)
    who = np.argsort(generator.random((n, len(_SKILLS))), axis=1)[:, :n_votes].ravel()
    labels = np.where(generator.random(len(items)) < _SKILLS[who], truth[items], 2 - truth[items])
    labels[generator.random(len(items)) < 0.05] = 1
    return difference, Ratings(items, who, labels, n, len(_SKILLS), 3), truth


def test_planted_bad_annotators_are_found() -> None:
    difference, ratings, truth = _world(0)
    found = em_reward(difference, ratings, np.arange(500) % 5)
    assert set(np.argsort(found.reliability)[:2]) == {4, 5}
    assert found.reliability == pytest.approx(_SKILLS, abs=0.12)
    shares = majority(ratings)
    plain = ((shares[:, 2] > shares[:, 0]) == (truth == 2)).mean()
    assert ((found.p_a > 0.5) == (truth == 2)).mean() > plain + 0.05
    assert 1 <= found.n_loops <= 8


def test_one_vote_for_each_comparison_is_enough() -> None:
    difference, ratings, truth = _world(1, n_votes=1)
    found = em_reward(difference, ratings, np.arange(500) % 5)
    assert found.reliability[:4].min() > found.reliability[4:].max()
    assert ((found.p_a > 0.5) == (truth == 2)).mean() > 0.85


def test_swapping_a_and_b_swaps_the_probabilities() -> None:
    difference, ratings, _ = _world(2, n=120)
    folds = np.arange(120) % 4
    found = em_reward(difference, ratings, folds)
    swapped = Ratings(ratings.items, ratings.annotators, 2 - ratings.labels, 120, len(_SKILLS), 3)
    other = em_reward(-difference, swapped, folds)
    assert other.p_a == pytest.approx(1 - found.p_a, abs=1e-3)
    assert other.reliability == pytest.approx(found.reliability, abs=1e-3)


def test_ties_alone_say_nothing() -> None:
    ratings = Ratings(np.array([0, 1]), np.array([0, 0]), np.array([1, 1]), 2, 1, 3)
    found = em_reward(np.ones((2, 1)), ratings, np.array([0, 1]))
    assert found.p_a.tolist() == [0.5, 0.5]
    assert np.isnan(found.reliability).all()
    assert found.n_loops == 0


def test_a_reward_has_not_seen_the_labels_that_it_speaks_of() -> None:
    """With more columns than rows a head knows its own labels by heart, and no others."""
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 2, 60).astype(np.float64)
    found = cross_fitted(generator.normal(size=(60, 200)), labels, np.arange(60) % 5)
    assert ((found > 0.5) == (labels > 0.5)).mean() < 0.75


def test_without_other_folds_there_is_no_reward() -> None:
    found = cross_fitted(np.ones((3, 1)), np.ones(3), np.zeros(3, np.int64))
    assert found.tolist() == [0.5] * 3
