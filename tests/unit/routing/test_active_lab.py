"""The ActiveLab baseline."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from prefdata.core.errors import MissingExtraError
from prefdata.routing.active_lab import active_lab_gains
from prefdata.testing.routing_world import routing_world

__all__: list[str] = []


def test_it_asks_about_what_is_unsure_and_about_ties_of_the_ai_first() -> None:
    pytest.importorskip("cleanlab")
    world = routing_world(1, n_seed=80, n_evaluation=80, n_pool=120, n_test=1)
    ai = world.data.pool.ai.copy()
    ai[:2] = 0.5
    data = replace(world.data, pool=replace(world.data.pool, ai=ai))
    gains = active_lab_gains(data).gain
    assert gains.shape == (120,)
    assert ((gains >= 0) & (gains <= 1)).all()
    # Where AI and truth differ, so do AI and head, mostly.
    is_wrong = (data.pool.ai != world.pool_truth)[2:]
    assert gains[2:][is_wrong].mean() > gains[2:][~is_wrong].mean()


def test_without_cleanlab_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.multiannotator", None)
    data = routing_world(1, n_seed=5, n_evaluation=5, n_pool=5, n_test=1).data
    with pytest.raises(MissingExtraError, match="ActiveLab"):
        active_lab_gains(data)
