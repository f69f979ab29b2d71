"""A constitution stands only if it holds on prompts that had no part in it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from prefdata.constitution.ballots import FAILED, NOT_APPLICABLE
from prefdata.constitution.parts import REPORT, TRAIN
from prefdata.constitution.reconstruction import RECONSTRUCTION, Measuring
from prefdata.constitution.selection import Choosing
from prefdata.constitution.verdict import CONSTITUTION, Decided, decide, worded
from prefdata.testing.principle_world import PrincipleWorld, principle_world

__all__: list[str] = []

_HOW = Choosing(n_half_samples=10)
_FEW = Measuring(n_bootstraps=200, n_flips=1000)


@pytest.fixture(scope="module")
def world() -> PrincipleWorld:
    return principle_world(5, n_comparisons=1200, groups=False, n_null=10)


@pytest.fixture(scope="module")
def decided(world: PrincipleWorld) -> Decided:
    return decide(world.ballots, _HOW, measuring=_FEW, seed=3)


def test_what_is_planted_holds(world: PrincipleWorld, decided: Decided) -> None:
    assert decided.verdict == "holds"
    assert re.search(r"principles foretell \d\d\.\d % of the \d+ labels", decided.why)
    rows = decided.constitution
    assert rows.schema == CONSTITUTION
    assert rows["rank"].to_list() == list(range(1, rows.height + 1))
    places = [
        world.ballots.principles["principle_id"].to_list().index(name)
        for name in rows["principle_id"]
    ]
    assert {world.kinds[at] for at in places} <= {"strong", "weak"}
    holds = np.where(rows["is_opposite"], -1, 1)
    assert np.array_equal(holds, np.sign(world.effects[places]))
    first = world.ballots.principles.row(places[0], named=True)
    assert rows["sentence"][0] == first["opposite" if rows["is_opposite"][0] else "sentence"]
    assert (rows["strength_low"] <= rows["strength"]).all()
    assert (rows["strength"] <= rows["strength_high"]).all()
    assert (rows["weight"] > 0).all()


def test_strengths_are_of_prompts_that_had_no_part(world: PrincipleWorld, decided: Decided) -> None:
    ballots = world.ballots
    is_report = (decided.parts == REPORT) & (ballots.labels["y"] != 0)
    labels = ballots.labels.filter(is_report)
    row = decided.constitution.row(0, named=True)
    at = ballots.principles["principle_id"].to_list().index(row["principle_id"])
    votes = ballots.votes[labels["at"].to_numpy(), at]
    agree = np.where(np.abs(votes) == 1, votes, 0) * labels["y"].to_numpy()
    turn = -1 if row["is_opposite"] else 1
    counted = votes != FAILED
    assert row["n_labels"] == counted.sum()
    assert row["strength"] == pytest.approx(turn * agree.sum() / counted.sum())
    assert row["accuracy"] == pytest.approx((agree == turn).sum() / np.abs(agree).sum())


def test_the_verdict_is_told_of_the_constitution_alone(decided: Decided) -> None:
    found = decided.reconstructions
    assert found.schema == RECONSTRUCTION
    assert found["verdict"].to_list() == ["holds", None, None, None, None]
    assert found["why"][0] == decided.why
    assert set(decided.parts) == {TRAIN, REPORT}


@pytest.mark.parametrize("n", [300, 1000])
def test_noise_has_no_constitution(n: int) -> None:
    for seed in range(6):
        noise = principle_world(seed, n_comparisons=n, n_null=20, is_shuffled=True)
        found = decide(noise.ballots, _HOW, measuring=_FEW, seed=seed)
        assert found.verdict == "nothing-holds"
        assert found.constitution.is_empty()
        assert found.constitution.schema == CONSTITUTION
        assert found.why.endswith(".")


def test_what_holds_on_some_prompts_alone_does_not_hold(
    world: PrincipleWorld, decided: Decided
) -> None:
    # Labels of the report part are flipped by coins; all else is as it was.
    coins = np.random.default_rng(1).choice([-1.0, 1.0], world.ballots.labels.height)
    y = pl.when(decided.parts == REPORT).then(pl.col("y") * pl.Series(coins)).otherwise("y")
    found = decide(
        replace(world.ballots, labels=world.ballots.labels.with_columns(y=y)),
        _HOW,
        measuring=_FEW,
        seed=3,
    )
    assert found.verdict == "nothing-holds"
    assert "no better than a coin" in found.why
    assert found.constitution.is_empty()
    assert found.reconstructions["accuracy"][0] != 0.5


def test_significant_principles_that_lower_no_loss_do_not_hold() -> None:
    noise = principle_world(0, n_comparisons=200, n_null=20, is_shuffled=True)
    found = decide(noise.ballots, replace(_HOW, q=0.99), measuring=_FEW)
    assert found.verdict == "nothing-holds"
    assert "log-loss" in found.why


@pytest.mark.parametrize("sizes", [(50, 40), (200, 10)])
def test_few_labels_or_few_prompts_are_too_few(sizes: tuple[int, int]) -> None:
    n, n_prompts = sizes
    few = principle_world(1, n_comparisons=n, n_prompts=n_prompts, n_null=4)
    found = decide(few.ballots, _HOW, measuring=_FEW)
    assert found.verdict == "too-few"
    assert "are needed" in found.why
    assert found.reconstructions.select("predictor", "verdict", "accuracy").rows() == [
        ("constitution", "too-few", None)
    ]


def test_few_prompts_to_measure_on_are_too_few(world: PrincipleWorld) -> None:
    # One in a hundred prompts is left to measure on.
    rest = replace(_FEW, share=0.99)
    found = decide(world.ballots, _HOW, measuring=rest, cluster="prompt", seed=3)
    assert found.verdict == "too-few"
    assert "clusters: too few" in found.why
    assert found.constitution.is_empty()


def test_no_principles_and_no_votes_hold_nothing(world: PrincipleWorld) -> None:
    ballots = world.ballots
    bare = replace(ballots, principles=ballots.principles.clear(), votes=ballots.votes[:, :0])
    assert decide(bare, _HOW, measuring=_FEW).verdict == "nothing-holds"
    mute = replace(ballots, votes=np.full_like(ballots.votes, NOT_APPLICABLE))
    assert "stands out" in decide(mute, _HOW, measuring=_FEW).why


def test_an_end_without_words_is_worded() -> None:
    rows = pl.DataFrame(
        {
            "sentence": ["Select the response that is long.", "Be kind."] * 2,
            "opposite": ["Select the response that is short.", None, None, None],
            "is_opposite": [True, True, True, False],
        }
    )
    assert worded(rows).to_list() == [
        "Select the response that is short.",
        "Not: Be kind.",
        "Do not select the response that is long.",
        "Be kind.",
    ]
