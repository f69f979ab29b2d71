"""Coefficients of agreement equal other packages and books, and their intervals cover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import cohen_kappa_score

from prefdata.metrics.agreement import (
    agreement,
    agreement_between,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    level_counts,
    raw_agreement,
    resampled,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__: list[str] = []

_NAN = float("nan")
# Krippendorff (2011), section C: four observers, twelve units, five values, some missing.
_BOOK = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _NAN, _NAN, _NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _NAN, 3],
        [_NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _NAN],
    ]
)
# Fleiss (1971) as in common textbooks: ten subjects, fourteen raters, five categories.
_FLEISS = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)
_TABLES = hnp.arrays(
    np.int64,
    st.tuples(st.integers(2, 12), st.just(4)),
    elements=st.integers(0, 3),
)


def _counts(table: NDArray[np.float64], n_levels: int) -> NDArray[np.int64]:
    """Return counts of a table of one row for each annotator, NaN where one said nothing."""
    who, items = np.nonzero(~np.isnan(table))
    levels = table[who, items].astype(np.int64)
    return level_counts(items, levels, n_items=table.shape[1], n_levels=n_levels)


def test_alpha_is_that_of_the_worked_example() -> None:
    counts = _counts(_BOOK - 1, 5)
    assert krippendorff_alpha(counts) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(counts, is_ordinal=True) == pytest.approx(0.815, abs=5e-4)


def test_alpha_of_two_observers_of_two_values_is_that_of_the_worked_example() -> None:
    # Section A: ten units, binary.
    one = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    other = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    counts = _counts(np.array([one, other], np.float64), 2)
    assert krippendorff_alpha(counts) == pytest.approx(0.095, abs=5e-4)


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_alpha_equals_the_package(level: Any) -> None:
    generator = np.random.default_rng(0)
    for _ in range(40):
        n_levels = int(generator.integers(2, 6))
        shape = (int(generator.integers(2, 6)), int(generator.integers(5, 40)))
        table = generator.integers(0, n_levels, shape).astype(np.float64)
        table[generator.random(shape) < 0.2] = _NAN
        expected = krippendorff.alpha(
            table, level_of_measurement=level, value_domain=list(range(n_levels))
        )
        found = krippendorff_alpha(_counts(table, n_levels), is_ordinal=level == "ordinal")
        assert found == pytest.approx(expected, abs=1e-9)


def test_fleiss_kappa_is_that_of_the_worked_example() -> None:
    assert fleiss_kappa(_FLEISS) == pytest.approx(0.210, abs=5e-4)


@pytest.mark.parametrize("counts", [[[2, 0], [1, 2]], [[1, 0], [0, 1]], np.zeros((0, 2))])
def test_fleiss_kappa_is_refused_for_unequal_items(counts: Any) -> None:
    with pytest.raises(ValueError, match="one number of judgments"):
        fleiss_kappa(np.array(counts, np.int64))


def test_cohen_kappa_equals_that_of_scikit_learn() -> None:
    generator = np.random.default_rng(1)
    one = generator.integers(0, 3, 60)
    other = np.where(generator.random(60) < 0.5, one, generator.integers(0, 3, 60))
    expected = cohen_kappa_score(one, other)
    assert cohen_kappa(one, other, n_levels=3) == pytest.approx(expected)
    # Two groups of one annotator each are two annotators.
    rows = np.arange(60)
    sides = [level_counts(rows, said, n_items=60, n_levels=3) for said in (one, other)]
    assert agreement_between(sides[0], sides[1], "cohen").value == pytest.approx(expected)
    share = agreement_between(sides[0], sides[1], "raw").value
    assert share == pytest.approx((one == other).mean())


def test_raw_agreement_is_the_share_of_pairs() -> None:
    # Three of the six pairs of the first item, and none of the one pair of the second.
    assert raw_agreement(np.array([[3, 1], [1, 1], [1, 0]])) == pytest.approx(3 / 7)


def test_what_is_not_defined_is_none() -> None:
    same = np.array([[2, 0], [3, 0]])
    alone = np.array([[1, 0], [0, 1]])
    for counts in (same, alone):
        assert krippendorff_alpha(counts) is None
        assert agreement(counts, "krippendorff-ordinal").low is None
    assert raw_agreement(same) == 1.0
    assert raw_agreement(alone) is None
    assert agreement(np.array([[2, 1], [2, 0]]), "fleiss").value is None
    assert agreement_between(alone, alone[::-1] * 0, "cohen").value is None


@given(counts=_TABLES, seed=st.integers(0, 100))
def test_nothing_depends_on_the_order_of_items_or_on_the_names_of_answers(
    counts: NDArray[np.int64], seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(len(counts))
    for is_ordinal in (False, True):
        found = krippendorff_alpha(counts, is_ordinal=is_ordinal)
        others = [counts[order], counts[:, ::-1]]  # items; a and b swapped
        if not is_ordinal:
            others.append(counts[:, [2, 0, 3, 1]])
        for other in others:
            assert krippendorff_alpha(other, is_ordinal=is_ordinal) == pytest.approx(found)
    one, two = (agreement(rows, "raw", seed=3, n_resamples=50) for rows in (counts, counts[order]))
    assert one == two


@settings(max_examples=25)
@given(counts=_TABLES)
def test_the_interval_holds_the_value_of_a_bootstrap(counts: NDArray[np.int64]) -> None:
    found = agreement(counts, "krippendorff-nominal", n_resamples=200)
    if found.value is None or found.low is None or found.high is None:
        return
    assert found.low <= found.high <= 1.0


def test_the_bootstrap_of_patterns_is_that_of_items() -> None:
    generator = np.random.default_rng(5)
    counts = generator.multinomial(3, [0.5, 0.3, 0.2], 80)
    found = agreement(counts, "krippendorff-nominal", n_resamples=4000)
    literal = [krippendorff_alpha(counts[generator.integers(0, 80, 80)]) or 0.0 for _ in range(800)]
    low, high = np.quantile(literal, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.03)


def test_the_interval_covers_the_truth() -> None:
    generator = np.random.default_rng(2)

    def draw(n: int) -> NDArray[np.int64]:
        truth = generator.integers(0, 2, n)
        said = np.where(generator.random((3, n)) < 0.8, truth, 1 - truth)
        return level_counts(np.tile(np.arange(n), 3), said.ravel(), n_items=n, n_levels=2)

    # Two who are right with 0.8 agree with 0.68, by chance with 0.5.
    alpha = 2 * (0.8**2 + 0.2**2) - 1
    estimates = [agreement(draw(150), "krippendorff-nominal", n_resamples=300) for _ in range(200)]
    covered = np.mean([(e.low or 0) <= alpha <= (e.high or 0) for e in estimates])
    assert 0.9 <= covered <= 0.99


def test_resamples_in_blocks_add_up_to_as_many_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prefdata.metrics.agreement._BLOCK", 10)
    times = np.array([3, 4, 5])
    drawn = resampled(np.ones((3, 1)), times, seed=0, n_resamples=11)
    assert drawn.shape == (11, 1)
    assert (drawn == 12).all()
