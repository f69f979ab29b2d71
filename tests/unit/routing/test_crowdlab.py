"""CROWDLAB is cleanlab's, with the probability of every label."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from prefdata.core.errors import MissingExtraError
from prefdata.metrics.dawid_skene import Ratings, majority
from prefdata.routing.crowdlab import crowdlab

__all__: list[str] = []


def _votes(n: int = 60) -> tuple[Ratings, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 2, n) * 2
    items = np.repeat(np.arange(n), 3)
    who = np.argsort(generator.random((n, 6)), axis=1)[:, :3].ravel()
    skills = np.array([0.95, 0.9, 0.85, 0.7, 0.6, 0.5])
    labels = np.where(generator.random(3 * n) < skills[who], truth[items], 2 - truth[items])
    p_a = np.clip(truth / 2 + generator.normal(scale=0.3, size=n), 0.05, 0.95)
    return Ratings(items, who, labels, n + 1, 7, 3), np.stack([1 - p_a, 0 * p_a, p_a], 1), truth


def test_the_posterior_is_that_behind_the_scores_of_cleanlab() -> None:
    from cleanlab.multiannotator import get_label_quality_multiannotator

    ratings, model, truth = _votes()
    found = crowdlab(ratings, np.vstack([model, [1 / 3] * 3]))
    table = np.full((60, 6), np.nan)
    table[ratings.items, ratings.annotators] = ratings.labels // 2
    told = get_label_quality_multiannotator(table, model[:, [0, 2]], verbose=False)
    labels = told["label_quality"]["consensus_label"].to_numpy() * 2
    scores = told["label_quality"]["consensus_quality_score"].to_numpy()
    assert found.posterior[np.arange(60), labels] == pytest.approx(scores)
    assert found.posterior[:60].sum(axis=1) == pytest.approx(1.0)
    assert np.isnan(found.posterior[60]).all()
    assert np.isnan(found.quality[6])
    assert found.quality[0] > found.quality[5]
    assert found.model_weight > 0
    right = (found.posterior[:60].argmax(axis=1) == truth).mean()
    assert right >= (majority(ratings)[:60].argmax(axis=1) == truth).mean()


@pytest.mark.parametrize(
    ("items", "labels"), [([0, 1, 2], [0, 2, 0]), ([0, 0, 1], [2, 2, 2])], ids=["single", "same"]
)
def test_nobody_is_weighed_by_nothing(items: list[int], labels: list[int]) -> None:
    ratings = Ratings(np.array(items), np.array([0, 1, 0]), np.array(labels), 3, 2, 3)
    with pytest.raises(ValueError, match="two judgments"):
        crowdlab(ratings, np.full((3, 3), 1 / 3))


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.multiannotator", None)
    ratings, model, _ = _votes()
    with pytest.raises(MissingExtraError, match="crowd"):
        crowdlab(ratings, np.vstack([model, [1 / 3] * 3]))
