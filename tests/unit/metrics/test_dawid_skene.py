"""Consensus labels equal crowd-kit's, beat a majority, and depend on no order."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.metrics.dawid_skene import Ratings, dawid_skene, majority, reliability

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__: list[str] = []


def _simulated(
    seed: int, n: int, skills: NDArray[np.float64], n_votes: int, n_labels: int = 2
) -> tuple[Ratings, NDArray[np.int64]]:
    """Return votes of annotators who are right with their skill, else evenly wrong; the truth."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, n_labels, n)
    items = np.repeat(np.arange(n), n_votes)
    who = np.argsort(generator.random((n, len(skills))), axis=1)[:, :n_votes].ravel()
    wrong = (truth[items] + generator.integers(1, n_labels, len(items))) % n_labels
    labels = np.where(generator.random(len(items)) < skills[who], truth[items], wrong)
    return Ratings(items, who, labels, n, len(skills), n_labels), truth


def _accuracy(posterior: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    return float((posterior.argmax(axis=1) == truth).mean())


def _crowd_kit(ratings: Ratings) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        # It was written for an older pandas.
        warnings.simplefilter("ignore")
        import pandas as pd
        from crowdkit.aggregation.classification.dawid_skene import DawidSkene

        columns = {"task": ratings.items, "worker": ratings.annotators, "label": ratings.labels}
        found = DawidSkene().fit_predict_proba(pd.DataFrame(columns)).sort_index()
    probabilities: NDArray[np.float64] = found[sorted(found.columns)].to_numpy()
    return probabilities


@pytest.mark.parametrize(
    ("seed", "n", "n_annotators", "n_votes", "n_labels"),
    [(0, 200, 12, 3, 2), (1, 120, 30, 4, 3), (2, 80, 5, 5, 3)],
)
def test_labels_are_those_of_crowd_kit(
    seed: int, n: int, n_annotators: int, n_votes: int, n_labels: int
) -> None:
    skills = np.linspace(0.5, 0.95, n_annotators)
    ratings, _ = _simulated(seed, n, skills, n_votes, n_labels)
    expected = _crowd_kit(ratings)
    found = dawid_skene(ratings).posterior
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()
    assert found == pytest.approx(expected, abs=1e-6)


def test_labels_that_an_annotator_never_gave_are_treated_as_crowd_kit_does() -> None:
    # Of three labels, the first annotator uses one, the second two.
    labels = [0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 2, 2]
    items = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]
    who = [0] * 4 + [1] * 4 + [2] * 4
    ratings = Ratings(np.array(items), np.array(who), np.array(labels), 4, 3, 3)
    assert dawid_skene(ratings).posterior == pytest.approx(_crowd_kit(ratings), abs=1e-6)


def test_one_iteration_is_that_by_hand() -> None:
    # Two annotators, two items: they agree on the first and differ on the second.
    ratings = Ratings(
        np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([0, 0, 0, 1]), 2, 2, 2
    )
    assert majority(ratings).tolist() == [[1, 0], [0.5, 0.5]]
    found = dawid_skene(ratings, max_iterations=1)
    # Prior 3/4; the first always says 0; the second says 0 with 2/3 if 0 is right, else never.
    assert found.posterior[0] == pytest.approx([1, 0], abs=1e-9)
    assert found.posterior[1] == pytest.approx([0.75 / 3, 0.25] / np.sum([0.75 / 3, 0.25]))
    assert (found.n_iterations, found.is_converged) == (1, False)


def test_annotators_of_unlike_skill_are_worth_more_than_their_majority() -> None:
    """Twelve raters of 0.55 to 0.95 with three votes an item, as in the literature."""
    skills = np.linspace(0.55, 0.95, 12)
    gains = []
    for seed in range(6):
        ratings, truth = _simulated(seed, 1000, skills, 3)
        plain = _accuracy(majority(ratings), truth)
        found = [dawid_skene(ratings, one_coin_below=below) for below in (0.0, np.inf)]
        gains.append([_accuracy(f.posterior, truth) - plain for f in found])
        seen = found[1].confusions[:, 0, 0]
        assert np.corrcoef(seen, skills)[0, 1] > 0.8
    assert (np.mean(gains, axis=0) > 0.01).all()


def test_few_judgments_of_an_annotator_are_not_taken_for_more() -> None:
    """With eight judgments each, tables and coins learn noise; a coin near the mean does not."""
    skills = np.random.default_rng(0).uniform(0.6, 0.9, 600)
    ratings, truth = _simulated(0, 1200, skills, 4, n_labels=3)
    plain, coin, careful = (
        _accuracy(posterior, truth)
        for posterior in (
            majority(ratings),
            dawid_skene(ratings, one_coin_below=30).posterior,
            dawid_skene(ratings, one_coin_below=30, pseudo_judgments=10).posterior,
        )
    )
    assert careful >= plain > coin


def test_each_annotator_has_a_table_or_a_coin_by_the_number_of_judgments() -> None:
    ratings, _ = _simulated(4, 60, np.array([0.9, 0.8, 0.7]), 2, n_labels=3)
    counts = ratings.by_annotator()
    found = dawid_skene(ratings, one_coin_below=float(counts.max()))
    off = [table[~np.eye(3, dtype=bool)] for table in found.confusions]
    has_coin = [bool(np.ptp(wrong) < 1e-12) for wrong in off]
    assert has_coin == [bool(n < counts.max()) for n in counts]
    assert found.confusions.sum(axis=2) == pytest.approx(1.0)


def test_items_and_labels_without_a_judgment_stay_out() -> None:
    ratings = Ratings(np.array([0, 0, 2]), np.array([0, 1, 0]), np.array([0, 0, 2]), 4, 3, 3)
    found = dawid_skene(ratings)
    assert np.isnan(found.posterior[[1, 3]]).all()
    assert (found.posterior[[0, 2], 1] == 0).all()
    assert np.isnan(majority(ratings)[1]).all()
    none = np.zeros(0, np.int64)
    nobody = Ratings(none, none, none, 2, 1, 3)
    assert np.isnan(dawid_skene(nobody).posterior).all()


def test_reliability_is_the_mean_probability_of_the_labels_that_count() -> None:
    ratings = Ratings(
        np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1]), np.array([1, 0, 0, 1]), 3, 3, 2
    )
    posterior = np.array([[0.2, 0.8], [0.6, 0.4], [np.nan, np.nan]])
    found = reliability(ratings, posterior, np.array([True, True, False, True]))
    assert found[0] == pytest.approx(0.7)
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize("bad", [{"items": [2]}, {"labels": [-1]}, {"annotators": [0, 0]}])
def test_what_is_out_of_range_is_refused(bad: dict[str, Any]) -> None:
    arrays = {"items": [0], "annotators": [0], "labels": [0]} | bad
    items, who, labels = (np.array(array) for array in arrays.values())
    with pytest.raises(ValueError, match="numbers from 0"):
        Ratings(items, who, labels, 2, 1, 2)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), below=st.sampled_from([0.0, 8.0, np.inf]))
def test_permuting_items_annotators_or_labels_permutes_the_result(seed: int, below: float) -> None:
    generator = np.random.default_rng(seed)
    ratings, _ = _simulated(seed, 25, generator.uniform(0.5, 0.95, 5), 3, n_labels=3)
    found = dawid_skene(ratings, one_coin_below=below, pseudo_judgments=2).posterior
    items, who, labels = (generator.permutation(n) for n in (25, 5, 3))
    order = generator.permutation(len(ratings.items))
    other = Ratings(
        items[ratings.items][order], who[ratings.annotators][order], labels[ratings.labels][order],
        25, 5, 3,
    )  # fmt: skip
    again = dawid_skene(other, one_coin_below=below, pseudo_judgments=2).posterior
    assert again[items][:, labels] == pytest.approx(found, abs=1e-6)


def test_thousands_of_annotators_take_no_time() -> None:
    ratings, truth = _simulated(0, 3000, np.full(2000, 0.8), 4, n_labels=3)
    found = dawid_skene(ratings, one_coin_below=30, pseudo_judgments=10)
    assert _accuracy(found.posterior, truth) > 0.9
