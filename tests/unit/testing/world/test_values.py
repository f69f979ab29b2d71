"""Groups choose what they value."""

from __future__ import annotations

import numpy as np

from prefdata.testing.world.values import (
    GROUPS,
    QUALITIES,
    assign_groups,
    draw_styles,
    utilities,
    weights,
)

__all__: list[str] = []


def test_each_group_prefers_what_it_weighs_most() -> None:
    rng = np.random.default_rng(0)
    for index, group in enumerate(GROUPS):
        pairs = draw_styles(rng, 8_000).reshape(-1, 2, len(QUALITIES))
        values = utilities(pairs, np.full((4_000, 2), index), rng)
        best = int(np.abs(weights()[index]).argmax())
        difference = pairs[:, 1, best] - pairs[:, 0, best]
        wins = values[:, 1] > values[:, 0]
        agrees = wins == (difference * weights()[index, best] > 0)
        assert agrees[np.abs(difference) > 0.4].mean() > 0.75, group


def test_qualities_stay_in_their_ranges() -> None:
    styles = draw_styles(np.random.default_rng(0), 1_000)
    assert styles.min() >= 0
    assert styles.max() <= 1
    assert set(np.unique(styles[:, 1]).tolist()) == {0.0, 0.5, 1.0}


def test_every_group_has_annotators() -> None:
    groups = assign_groups(np.random.default_rng(0), 200)
    assert set(groups.tolist()) == set(range(len(GROUPS)))
