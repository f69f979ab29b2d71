"""The planted world as tables: what is read back is what was planted."""

from __future__ import annotations

import numpy as np

from prefdata.constitution.ballots import read_ballots
from prefdata.testing.principle_tables import PAIRS, VOTES, principle_tables
from prefdata.testing.principle_world import principle_world

__all__: list[str] = []


def test_votes_and_labels_are_read_back_as_they_were_planted() -> None:
    world = principle_world(3, n_comparisons=200, n_null=4, labels_per_comparison=2)
    found = read_ballots(principle_tables(world), pairs=[PAIRS], votes=[VOTES])
    planted = world.ballots
    assert found.n_left_out == 0
    assert found.labels.height == planted.labels.height
    own = dict(zip(planted.comparisons["response_a_id"], range(200), strict=True))
    other = dict(zip(planted.comparisons["response_b_id"], range(200), strict=True))
    at = [own[a] if a in own else other[a] for a in found.comparisons["response_a_id"]]
    sign = np.array([1 if a in own else -1 for a in found.comparisons["response_a_id"]])
    assert 50 < (sign > 0).sum() < 150
    assert np.array_equal(found.signed * sign[:, None], planted.signed[at])
    agreed = found.signed[found.labels["at"]].T @ found.labels["y"].to_numpy()
    expected = planted.signed[planted.labels["at"]].T @ planted.labels["y"].to_numpy()
    assert np.allclose(agreed, expected)
    length = found.comparisons["length"].to_numpy() * sign
    assert np.corrcoef(length, planted.comparisons["length"].to_numpy()[at])[0, 1] > 0.9
