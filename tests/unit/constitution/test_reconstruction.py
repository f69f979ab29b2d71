"""What was not seen is foretold: by a constitution, and by what stands beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from prefdata.constitution._selection.marking import marks, share_intervals
from prefdata.constitution._selection.paired import paired_of, partition
from prefdata.constitution.clusters import clusters_of
from prefdata.constitution.reconstruction import (
    PREDICTORS,
    RECONSTRUCTION,
    Measuring,
    Scheme,
    reconstruct,
)
from prefdata.constitution.selection import Choosing
from prefdata.testing.principle_world import PrincipleWorld, principle_world

__all__: list[str] = []

_HOW = Choosing(n_half_samples=0)
_FEW = Measuring(n_bootstraps=200, n_flips=500)


@pytest.fixture(scope="module")
def world() -> PrincipleWorld:
    return principle_world(5, n_comparisons=1200, groups=False, n_null=10, n_annotators=0)


@pytest.mark.parametrize("scheme", ["held-out", "cross-validated"])
def test_a_set_foretells_more_than_one_principle_or_length(
    world: PrincipleWorld, scheme: Scheme
) -> None:
    found = reconstruct(world.ballots, _HOW, measuring=_FEW, scheme=scheme, seed=1)
    assert found.schema == RECONSTRUCTION
    assert tuple(found["predictor"]) == PREDICTORS
    accuracy = dict(found.select("predictor", "accuracy").iter_rows())
    assert accuracy["constitution"] > accuracy["one-principle"] > 0.5
    assert accuracy["constitution"] > accuracy["length"] > 0.5
    assert (found["low"] < found["accuracy"]).all()
    assert (found["accuracy"] < found["high"]).all()
    by_name = {row["predictor"]: row for row in found.iter_rows(named=True)}
    assert by_name["constitution"]["p"] < 0.01
    assert by_name["constitution"]["log_loss"] < by_name["one-principle"]["log_loss"] < 0.6932
    assert by_name["top-k"]["n_principles"] == by_name["constitution"]["n_principles"]
    n_decided = world.ballots.decided().labels.height
    n_labels = by_name["constitution"]["n_labels"]
    assert n_labels == n_decided if scheme == "cross-validated" else n_labels < n_decided
    assert found["verdict"].null_count() == found.height


def test_on_noise_nothing_is_better_than_a_coin() -> None:
    noise = principle_world(9, n_comparisons=800, n_null=10, is_shuffled=True)
    found = reconstruct(noise.ballots, _HOW, measuring=_FEW, scheme="cross-validated")
    coin = found.row(0, named=True)
    assert coin["n_principles"] <= 1
    assert coin["low"] <= 0.5 <= coin["high"]
    assert coin["log_loss"] == pytest.approx(0.6931, abs=5e-3)


def test_labels_twice_over_leave_intervals_as_they_are(world: PrincipleWorld) -> None:
    paired = paired_of(world.ballots.decided())
    scores = paired.votes[:, :2].astype(np.float64)
    twice = (np.tile(scores, (2, 1)), np.tile(paired.lean, 2))
    rules: dict[str, Any] = {"n_bootstraps": 100, "n_flips": 200, "seed": 1}
    one = marks(scores, paired.lean, clusters=paired.clusters, **rules)
    both = marks(*twice, clusters=[partition(np.tile(paired.openings, 2))], **rules)
    assert one[0].low == pytest.approx(both[0].low)
    assert one[0].p == pytest.approx(both[0].p)
    assert one[0].n_clusters == both[0].n_clusters


def test_a_predictor_that_is_always_wrong_is_no_better_than_a_coin() -> None:
    lean = np.ones(50)
    clusters = [partition(np.arange(50))]
    rules: dict[str, Any] = {"clusters": clusters, "n_bootstraps": 100, "n_flips": 200, "seed": 0}
    wrong, silent = marks(np.column_stack([-lean, 0 * lean]), lean, **rules)
    assert wrong.p > 0.99
    assert (silent.accuracy, silent.p) == (0.5, 0.5)
    nothing = marks(np.empty((0, 1)), np.empty(0), **rules)[0]
    assert (nothing.accuracy, nothing.low, nothing.high, nothing.p) == (0.5, 0.0, 1.0, 1.0)


def test_people_who_lean_together_widen_intervals() -> None:
    world = principle_world(4, n_comparisons=600, n_annotators=20, slopes=1.5, n_null=4)
    decided = world.ballots.decided()
    widths = []
    for cluster in ("prompt", "both"):
        clusters = clusters_of(decided, cluster).partitions
        paired = paired_of(decided, clusters=clusters)
        agree = (paired.votes[:, :1] * paired.sides[:, None]).astype(np.float64)
        low, high = share_intervals(
            agree, np.ones_like(agree), clusters=clusters, n_bootstraps=200, seed=0
        )
        widths.append(float((high - low)[0]))
    assert widths[1] > widths[0]


def test_few_labels_are_measured_all_the_same() -> None:
    world = principle_world(1, n_comparisons=12, n_null=2)
    for scheme in ("held-out", "cross-validated"):
        found = reconstruct(world.ballots, _HOW, measuring=_FEW, scheme=scheme)
        assert found.height == len(PREDICTORS)
    none = world.ballots.of_labels(pl.Series([False]).new_from_index(0, 12))
    assert reconstruct(none, _HOW, measuring=_FEW)["n_labels"].to_list() == [0] * len(PREDICTORS)
