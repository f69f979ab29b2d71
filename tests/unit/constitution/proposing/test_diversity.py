"""What is drawn differs, and is drawn the same way again."""

from __future__ import annotations

import numpy as np
import pytest

from prefdata.constitution.proposing.diversity import spread

__all__: list[str] = []


def _clumps(n_each: int = 40, n_clumps: int = 6) -> np.ndarray:
    """Return rows in far clumps: the first has half of all rows."""
    chance = np.random.default_rng(0)
    sizes = [n_each * (n_clumps - 1), *[n_each] * (n_clumps - 1)]
    which = np.repeat(np.arange(n_clumps), sizes)
    return np.eye(n_clumps)[which] + 0.01 * chance.normal(size=(len(which), n_clumps))


def test_each_clump_is_drawn_however_small() -> None:
    rows = _clumps()
    for seed in range(10):
        drawn = spread(rows, 6, seed=seed)
        assert len(set(rows[drawn].argmax(axis=1))) == 6


def test_a_larger_draw_holds_a_smaller_one_and_nothing_twice() -> None:
    rows = _clumps()
    many = spread(rows, 100, seed=3)
    assert len(set(many.tolist())) == 100
    assert many[:7].tolist() == spread(rows, 7, seed=3).tolist()
    assert many[:7].tolist() != spread(rows, 7, seed=4).tolist()


@pytest.mark.parametrize("n", [0, 1, 3, 9])
def test_copies_are_drawn_when_nothing_else_is_left(n: int) -> None:
    rows = np.zeros((4, 2))
    assert sorted(spread(rows, n, seed=0).tolist()) == [0, 1, 2, 3][: min(n, 4)] or n in {1, 3}
    assert len(set(spread(rows, n, seed=0).tolist())) == min(n, 4)
    assert spread(np.zeros((0, 2)), n, seed=0).tolist() == []
