"""Principles that vote alike are named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from prefdata.constitution.redundancy import most_alike
from prefdata.testing.principle_world import principle_world

__all__: list[str] = []


def test_a_copy_is_named_with_the_sign_of_its_votes() -> None:
    world = principle_world(0, n_comparisons=400, n_strong=1, n_weak=1, n_null=4)
    votes = world.ballots.votes.copy()
    votes[:, 3] = np.where(np.abs(votes[:, 1]) == 1, -votes[:, 1], votes[:, 1])
    found = most_alike(replace(world.ballots, votes=votes))
    ids = world.ballots.principles["principle_id"].to_list()
    assert found["principle_id"].to_list() == ids
    assert found["alike_id"][1] == ids[3]
    assert found["alike_id"][3] == ids[1]
    assert found["alike_cosine"][1] == pytest.approx(-1)
    assert all(-1 <= cosine <= 1 for cosine in found["alike_cosine"])


def test_what_hardly_decides_is_like_nothing() -> None:
    world = principle_world(0, n_comparisons=20, n_strong=1, n_weak=0, n_null=2)
    found = most_alike(world.ballots)
    assert found["alike_id"].null_count() == found["alike_cosine"].null_count() == 3


def test_one_alone_is_like_no_other() -> None:
    world = principle_world(0, n_comparisons=50, n_strong=1, n_weak=0, n_null=0)
    assert most_alike(world.ballots).select(pl.exclude("principle_id")).row(0) == (None, None)
