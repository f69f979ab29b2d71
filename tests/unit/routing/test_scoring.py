"""Sums for each prompt, and samples of prompts."""

from __future__ import annotations

import numpy as np
import pytest

from prefdata.protocols import Comparisons, RoutingData
from prefdata.routing.crossfit import Half
from prefdata.routing.scoring import Measure, Sums, measure, resample

__all__: list[str] = []


def comparisons(
    ai: list[float], humans: list[list[float]], groups: list[int], x: list[float]
) -> Comparisons:
    n = len(ai)
    return Comparisons(
        np.array(x)[:, None],
        np.zeros((n, 0), bool),
        np.zeros((n, 0)),
        np.array(ai),
        np.array(humans),
        np.array(groups),
    )


@pytest.fixture
def data() -> RoutingData:
    return RoutingData(
        # People agree on the first and the second, two of three on the third, nobody on the last.
        evaluation=comparisons(
            [1, 0, 1, 1],
            [[1, 1, 1], [1, 1, 1], [1, 1, 0], [1, 0, 0.5]],
            [0, 1, 1, 2],
            [1, 1, 1, 1],
        ),
        # The AI takes the bad ones for the good ones; people do not.
        seed=comparisons([0, 0], [[1], [1]], [5, 6], [1, 1]),
        pool=comparisons([1], [[]], [9], [1]),
        tag_names=(),
    )


def half(of_evaluation: list[list[list[bool]]], of_seed: list[list[list[bool]]]) -> Half:
    return Half(
        evaluation=np.ones(4, dtype=bool),
        seed=np.ones(2, dtype=bool),
        of_evaluation=np.array(of_evaluation),
        of_seed=np.array(of_seed),
        gains={},
    )


def test_label_accuracy_by_hand(data: RoutingData) -> None:
    nobody, second, everyone = [False] * 4, [False, True, False, False], [True] * 4
    masks = half([[nobody, second, everyone]], [[[False] * 2] * 3])
    sums = measure(data, [masks], n_repeats=1, ridge=0.01)["label-accuracy"]
    # Seven votes can be tested: 3, 3 and 1. The AI is right on the first and the third; people on
    # the first and the second, and the vote that can be tested on the third is wrong.
    assert sums.means() == pytest.approx(np.array([[4 / 7, 7 / 7, 6 / 7]]))
    assert sums.counts.tolist() == [3, 4, 0]
    assert sums.n == 3


def test_a_head_learns_from_the_mix_and_is_tested_on_all_votes(data: RoutingData) -> None:
    nobody, everyone = [False, False], [True, True]
    masks = half([[[False] * 4] * 2], [[nobody, everyone]])
    found = measure(data, [masks], n_repeats=1, ridge=0.01)
    # The AI says b, people say a, and a is true; a head that is always wrong is best told nothing.
    assert found["model-accuracy"].means() == pytest.approx(np.array([[0.0, 1.0]]))
    loss = found["model-log-loss"].means()[0]
    assert loss[0] == pytest.approx(np.log(2), abs=1e-3)
    assert loss[1] < 0.01
    assert found["model-accuracy"].n == 3


def test_repeats_are_averaged(data: RoutingData) -> None:
    one = half([[[False] * 4]], [[[False] * 2]])
    other = half([[[True] * 4]], [[[True] * 2]])
    both = measure(data, [one, other], n_repeats=2, ridge=0.01)
    assert both["label-accuracy"].means() == pytest.approx(np.array([[5 / 7]]))
    assert both["model-accuracy"].means() == pytest.approx(np.array([[0.5]]))


def test_without_a_seed_set_there_are_no_heads(data: RoutingData) -> None:
    masks = half([[[False] * 4]], [[[]]])
    empty = RoutingData(data.evaluation, data.seed.take(np.zeros(0, int)), data.pool, ())
    assert list(measure(empty, [masks], n_repeats=1, ridge=0.01)) == ["label-accuracy"]


def test_samples_spread_as_means_of_prompts_do() -> None:
    random = np.random.default_rng(0)
    values = random.random((400, 3, 2))
    sums: dict[Measure, Sums] = {"label-accuracy": Sums(values, np.ones(400), 400)}
    samples = resample(sums, n_policies=1, n_draws=2, n_bootstraps=2000, seed=0)["label-accuracy"]
    assert samples.policies.shape == (2000, 1, 2)
    assert samples.policies.mean(axis=0)[0] == pytest.approx(values[:, 0].mean(axis=0), abs=0.003)
    error = values[:, 0].std(axis=0) / np.sqrt(400)
    assert samples.policies.std(axis=0)[0] == pytest.approx(error, rel=0.1)


def test_samples_are_paired() -> None:
    random = np.random.default_rng(0)
    mine = random.random((50, 1, 1))
    sums: dict[Measure, Sums] = {
        "model-log-loss": Sums(np.concatenate([mine, mine + 0.1], axis=1), np.ones(50), 50)
    }
    samples = resample(sums, n_policies=1, n_draws=1, n_bootstraps=30, seed=0)["model-log-loss"]
    assert samples.at_random - samples.policies[:, 0] == pytest.approx(np.full((30, 1), 0.1))


def test_heads_vary_by_one_draw_and_labels_by_the_mean_of_as_many() -> None:
    draws = np.broadcast_to(np.arange(20.0), (30, 20))[:, :, None]
    table = Sums(np.concatenate([np.zeros((30, 1, 1)), draws], axis=1), np.ones(30), 30)
    samples = resample(
        {"label-accuracy": table, "model-log-loss": table},
        n_policies=1,
        n_draws=20,
        n_bootstraps=1000,
        seed=0,
    )
    single = np.arange(20).std()
    assert samples["model-log-loss"].at_random.std() == pytest.approx(single, rel=0.1)
    assert samples["label-accuracy"].at_random.std() == pytest.approx(single / np.sqrt(20), rel=0.1)
