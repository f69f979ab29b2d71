"""Measures of principles are right in a world where they are known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from prefdata.constitution import effects
from prefdata.constitution.ballots import FAILED, Ballots
from prefdata.constitution.effects import measure_effects
from prefdata.schema import table_schema
from prefdata.testing.principle_world import principle_world

if TYPE_CHECKING:
    from prefdata.constitution.clusters import ClusterBy

__all__: list[str] = []


def _measured(ballots: Ballots, clusters: ClusterBy = "auto") -> pl.DataFrame:
    return measure_effects(ballots, clusters=clusters, n_bootstraps=200, n_flips=400)


def _small(seed: int = 0, **sizes: int) -> Ballots:
    sizes = {"n_comparisons": 300, "n_null": 4, "n_strong": 3, "n_weak": 2} | sizes
    return principle_world(seed, **sizes).ballots  # type: ignore[arg-type]


def test_strong_principles_are_found_with_their_strength_and_null_ones_are_not() -> None:
    world = principle_world(1, groups=False)
    found = measure_effects(world.ballots, n_bootstraps=500)
    is_null = np.array(world.kinds) == "null"
    is_strong = np.array(world.kinds) == "strong"
    q, p_family = found["q"].to_numpy(), found["p_family"].to_numpy()
    strength, low, high = (
        found[name].to_numpy() for name in ("strength", "strength_low", "strength_high")
    )
    assert (q[is_strong] < 0.05).all()
    assert (p_family[is_strong] < 0.05).all()
    assert (q[is_null] < 0.1).sum() <= 2
    assert not (p_family[is_null] < 0.05).any()
    assert np.abs(strength - world.effects).max() < 0.08
    assert ((low < strength) & (strength < high)).all()
    assert ((low <= world.effects) & (world.effects <= high)).mean() > 0.85
    assert found["n_clusters"].unique().to_list() == [40]
    assert found["n_annotators"].unique().to_list() == [40]


def test_columns_are_those_of_the_table() -> None:
    found = _measured(_small())
    whose = {"source", "group_by", "group_value", "part", "stage", "alike_id", "alike_cosine"}
    assert found.columns == [
        name for name in table_schema("principle_effects").columns if name not in whose
    ]
    assert found["status"].unique().to_list() == ["measured"]
    assert found["shrunk"].null_count() == found.height
    assert found.select(pl.exclude("shrunk")).null_count().sum_horizontal().item() == 0


def test_the_order_of_rows_changes_no_byte() -> None:
    ballots = _small()
    rng = np.random.default_rng(0)
    # Graded, so that sums are rounded.
    y = rng.choice([1.0, -1.0, 1 / 3, -0.2, 0.0], ballots.labels.height)
    ballots = replace(ballots, labels=ballots.labels.with_columns(y=y))
    labels, rows = rng.permutation(ballots.labels.height), rng.permutation(len(ballots.votes))
    mixed = Ballots(
        principles=ballots.principles,
        comparisons=ballots.comparisons[rows],
        votes=ballots.votes[rows],
        labels=ballots.labels[labels].with_columns(
            at=pl.Series(np.argsort(rows)[ballots.labels["at"].to_numpy()[labels]], dtype=pl.UInt32)
        ),
    )
    assert_frame_equal(_measured(mixed), _measured(ballots), check_exact=True)


def test_labels_that_are_all_doubled_have_the_same_measures() -> None:
    ballots = _small()
    doubled = replace(ballots, labels=pl.concat([ballots.labels, ballots.labels]))
    found, twice = (_measured(each) for each in (ballots, doubled))
    same = ["relevance", "accuracy", "strength", "kappa", "strength_low", "strength_high", "p", "q"]
    assert_frame_equal(found.select(same), twice.select(same), check_exact=True)
    assert (twice["n_agree"] == 2 * found["n_agree"]).all()
    assert twice["log_odds_given_length_se"].to_numpy() == pytest.approx(
        found["log_odds_given_length_se"].to_numpy(), rel=0.1
    )


def test_labels_the_other_way_round_have_the_opposite_measures() -> None:
    ballots = _small()
    other = replace(ballots, labels=ballots.labels.with_columns(y=-pl.col("y")))
    found, inverted = (_measured(each) for each in (ballots, other))
    for name in ("strength", "kappa", "log_odds", "log_odds_given_length"):
        assert inverted[name].to_numpy() == pytest.approx(-found[name].to_numpy(), abs=1e-5)
    assert inverted["strength_low"].to_numpy() == pytest.approx(-found["strength_high"].to_numpy())
    assert (inverted["p"] == found["p"]).all()


def test_principles_measured_in_blocks_are_measured_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    ballots = _small()
    whole = _measured(ballots)
    monkeypatch.setattr(effects, "_BLOCK", 600)
    assert_frame_equal(_measured(ballots), whole)


def test_shuffled_labels_hold_nothing() -> None:
    # Any discovery at q < .05 is seldom; 300 shuffles are counted by `benchmarks.planted`.
    n_found = 0
    for seed in range(10):
        ballots = principle_world(seed, n_comparisons=600, n_null=10, is_shuffled=True).ballots
        found = measure_effects(ballots, n_bootstraps=50, n_flips=2000, with_log_odds=False)
        n_found += int((found["q"] < 0.05).any())
    assert n_found <= 2


def test_few_decisive_labels_are_not_measurable_but_listed() -> None:
    ballots = _small()
    votes = ballots.votes.copy()
    votes[25:, 1] = 0
    found = _measured(replace(ballots, votes=votes))
    assert found["status"].to_list() == ["measured", "not-measurable", *["measured"] * 7]
    row = found.row(1, named=True)
    assert row["n_agree"] + row["n_disagree"] <= 25
    assert row["strength"] is not None
    for name in ("strength_low", "p", "q", "p_family", "log_odds", "log_odds_given_length"):
        assert row[name] is None
    # And it is no part of the family.
    rest = replace(
        ballots,
        votes=np.delete(votes, 1, axis=1),
        principles=ballots.principles.filter(pl.int_range(9) != 1),
    )
    assert_frame_equal(_measured(rest), found.filter(pl.int_range(9) != 1))


def test_failed_votes_leave_every_measure() -> None:
    ballots = _small(n_comparisons=600)
    votes = np.where(ballots.votes == FAILED, 0, ballots.votes)
    clean = replace(ballots, votes=votes.astype(np.int8))
    lost = votes.copy()
    lost[:30, 0] = FAILED
    found = _measured(replace(ballots, votes=lost.astype(np.int8)), clusters="prompt")
    is_kept = ballots.labels["at"] >= 30
    part = _measured(clean.of_labels(is_kept), "prompt")
    same = ["n_agree", "relevance", "accuracy", "strength", "log_odds"]
    assert found.select(same).row(0) == part.select(same).row(0)
    assert found["n_failed"][0] == ballots.labels.filter(~is_kept)["y"].ne(0).sum()


def test_ties_alone_one_cluster_and_no_principles_give_no_tests() -> None:
    ballots = _small()
    ties = replace(ballots, labels=ballots.labels.with_columns(y=pl.lit(0.0)))
    found = _measured(ties)
    assert found["n_labels"].unique().to_list() == [0]
    assert found["strength"].null_count() == found.height
    assert found["status"].unique().to_list() == ["not-measurable"]
    one = replace(ballots, comparisons=ballots.comparisons.with_columns(opening=pl.lit("x")))
    found = _measured(one, "prompt")
    assert found["strength_low"].null_count() == found.height
    assert found["p"].unique().to_list() == [1.0]
    none = Ballots(
        ballots.principles.head(0), ballots.comparisons, ballots.votes[:, :0], ballots.labels
    )
    assert measure_effects(none).height == 0
