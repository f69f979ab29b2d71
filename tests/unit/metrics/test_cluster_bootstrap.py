"""Intervals cover, whatever labels have in common."""

from __future__ import annotations

import numpy as np
import pytest

from prefdata.metrics.cluster_bootstrap import ratio_intervals, resampled_ratios
from prefdata.metrics.cluster_sums import Partition, cluster_sums, crossed, squared_error

__all__: list[str] = []


def test_intervals_of_a_mean_are_those_of_the_textbook() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(1.0, 2.0, (400, 3))
    low, high = ratio_intervals([(values, np.ones_like(values))], n_bootstraps=4000)
    half = 1.96 * values.std(axis=0) / np.sqrt(400)
    assert low == pytest.approx(values.mean(axis=0) - half, abs=0.02)
    assert high == pytest.approx(values.mean(axis=0) + half, abs=0.02)


def test_resamples_draw_as_many_clusters_as_there_are() -> None:
    # Each cluster stands for a power of ten, so a sum tells how often each was drawn.
    sums = 10.0 ** np.arange(5)[:, None]
    drawn = resampled_ratios(sums, np.ones((5, 1)), n_bootstraps=300, seed=1)[:, 0] * 5
    digits = (np.rint(drawn)[:, None] // 10 ** np.arange(5)) % 10
    assert (digits.sum(axis=1) == 5).all()
    # Multinomial: mean 1, variance 1 - 1 / 5.
    assert digits.mean() == 1
    assert digits.var(axis=0).mean() == pytest.approx(0.8, abs=0.1)


def test_both_parts_of_a_ratio_are_resampled() -> None:
    # The ratio is 1 in each cluster, so it is known for certain, however large clusters are.
    sizes = np.array([[1.0], [50.0], [3.0], [7.0]])
    low, high = ratio_intervals([(sizes, sizes)])
    assert low.item() == pytest.approx(1)
    assert high.item() == pytest.approx(1)


def test_labels_that_are_all_doubled_have_the_same_interval() -> None:
    rng = np.random.default_rng(2)
    above, below = rng.integers(-3, 4, (40, 5)), rng.integers(3, 6, (40, 5))
    assert np.array_equal(
        ratio_intervals([(above, below)]), ratio_intervals([(2 * above, 2 * below)])
    )


def test_two_ways_cover_what_either_alone_does_not() -> None:
    rng = np.random.default_rng(3)
    n_rows, n_columns, p = 25, 40, 60
    rows = Partition(np.repeat(np.arange(n_rows), n_columns), n_rows)
    columns = Partition(np.tile(np.arange(n_columns), n_rows), n_columns)
    values = (
        rng.normal(0, 1.0, (n_rows, p))[rows.codes]
        + rng.normal(0, 1.2, (n_columns, p))[columns.codes]
        + rng.normal(0, 2.0, (n_rows * n_columns, p))
    )
    ways = (rows, columns, crossed(rows, columns))
    rest = values - values.mean(axis=0)
    errors = np.sqrt(squared_error([cluster_sums(rest, way) for way in ways])) / len(values)
    sums = [(cluster_sums(values, way), cluster_sums(np.ones_like(values), way)) for way in ways]
    covered = []
    for some, known in (([sums[0]], None), ([sums[1]], None), (sums[:2], errors)):
        low, high = ratio_intervals(some, errors=known, n_bootstraps=500)
        covered.append(float(((low <= 0) & (high >= 0)).mean()))
    assert covered[2] > 0.88
    assert covered[2] > max(covered[:2])


def test_two_ways_are_no_wider_than_one_where_labels_are_independent() -> None:
    rng = np.random.default_rng(4)
    rows = Partition(np.repeat(np.arange(40), 50), 40)
    columns = Partition(np.tile(np.arange(50), 40), 50)
    values = rng.normal(0, 1, (2000, 30))
    ways = (rows, columns, crossed(rows, columns))
    rest = values - values.mean(axis=0)
    errors = np.sqrt(squared_error([cluster_sums(rest, way) for way in ways])) / len(values)
    sums = [(cluster_sums(values, way), cluster_sums(np.ones_like(values), way)) for way in ways]
    low, high = ratio_intervals(sums[:2], errors=errors, n_bootstraps=500)
    # The pigeonhole bootstrap is wider by sqrt(3).
    assert (high - low).mean() == pytest.approx(2 * 1.96 / np.sqrt(2000), rel=0.15)


def test_one_cluster_has_no_interval() -> None:
    low, high = ratio_intervals([(np.ones((1, 2)), np.ones((1, 2)))])
    assert np.isnan(low).all()
    assert np.isnan(high).all()


def test_what_has_no_labels_has_no_interval() -> None:
    below = np.array([[1.0, 0.0], [2.0, 0.0]])
    low, high = ratio_intervals([(np.array([[1.0, 0.0], [0.0, 0.0]]), below)])
    assert np.isfinite([low[0], high[0]]).all()
    assert np.isnan([low[1], high[1]]).all()


def test_two_ways_need_an_error() -> None:
    sums = (np.ones((3, 1)), np.ones((3, 1)))
    with pytest.raises(ValueError, match="standard error of both"):
        ratio_intervals([sums, sums])
