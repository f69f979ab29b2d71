"""Each annotator is compared with the others, and each two with one another."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from prefdata.metrics.annotator_agreement import agreement_of_annotators, pairwise_kappa
from prefdata.metrics.dawid_skene import Ratings

__all__: list[str] = []


def _ratings(rows: list[tuple[int, int, int]], n_labels: int = 3) -> Ratings:
    items, who, labels = np.array(rows).T
    return Ratings(items, who, labels, items.max() + 1, who.max() + 1, n_labels)


def test_an_annotator_is_compared_with_the_votes_of_others_that_count() -> None:
    ratings = _ratings([(0, 0, 2), (0, 1, 2), (0, 2, 0), (1, 0, 1), (1, 1, 0), (2, 2, 0)])
    found = agreement_of_annotators(ratings, np.ones(6, bool))
    assert found.n_shared.tolist() == [2, 2, 1]
    # The first: one of two others on item 0, none of one on item 1.
    assert found.value.tolist() == pytest.approx([1 / 3, 1 / 3, 0])
    assert (found.low <= found.value).all()
    assert (found.high >= found.value).all()
    some = agreement_of_annotators(ratings, np.array([True, False, False, True, False, False]))
    assert some.value[1:].tolist() == [0.5, 0.0]
    assert np.isnan(some.value[0])


def test_annotators_with_the_same_counts_have_the_same_interval() -> None:
    generator = np.random.default_rng(0)
    rows = [(i, w, int(generator.integers(0, 2))) for i in range(30) for w in (0, 1)]
    found = agreement_of_annotators(_ratings(rows), np.ones(60, bool))
    assert found.low[0] == found.low[1] < found.value[0] < found.high[0] == found.high[1]


def test_pairwise_kappa_is_the_mean_of_those_who_share_enough() -> None:
    generator = np.random.default_rng(1)
    said = generator.integers(0, 3, (3, 40))
    said[1] = np.where(generator.random(40) < 0.6, said[0], said[1])
    rows = [(i, w, int(said[w, i])) for w in range(3) for i in range(40) if w < 2 or i < 15]
    # A fourth shares five items with each, which is too few.
    rows += [(i, 3, 1) for i in range(5)]
    found = pairwise_kappa(_ratings(rows), min_shared=10)
    parts = [((0, 1), 40), ((0, 2), 15), ((1, 2), 15)]
    kappas = [cohen_kappa_score(said[a][:n], said[b][:n]) for (a, b), n in parts]
    assert found.value == pytest.approx(np.average(kappas, weights=[n for _, n in parts]))
    assert (found.low or 1) < (found.value or 1) < (found.high or 0)


@pytest.mark.parametrize(
    "rows",
    [
        [(i, i, 0) for i in range(12)],
        [(i, w, 0) for i in range(5) for w in (0, 1)],
        [(i, w, 0) for i in range(12) for w in (0, 1)],
    ],
    ids=["nobody-shares", "too-few", "one-answer-only"],
)
def test_there_may_be_no_kappa(rows: list[tuple[int, int, int]]) -> None:
    assert pairwise_kappa(_ratings(rows)).value is None


def test_kappa_does_not_depend_on_the_order_of_votes(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(2)
    rows = [(i, w, int(generator.integers(0, 2))) for i in range(20) for w in range(3)]
    one = pairwise_kappa(_ratings(rows), n_resamples=60)
    assert pairwise_kappa(_ratings(rows[::-1]), n_resamples=60) == one
    monkeypatch.setattr("prefdata.metrics.annotator_agreement._BLOCK", 100)
    assert pairwise_kappa(_ratings(rows), n_resamples=60).value == one.value
