"""Sums over clusters, and the variance that they give."""

from __future__ import annotations

import numpy as np
import pytest

from prefdata.metrics.cluster_sums import (
    Partition,
    cluster_sums,
    crossed,
    folded,
    squared_error,
)

__all__: list[str] = []


def test_rows_of_a_cluster_are_added_up() -> None:
    values = np.arange(10.0).reshape(5, 2)
    found = cluster_sums(values, Partition(np.array([2, 0, 2, 0, 2]), 4))
    assert found.tolist() == [[8, 10], [0, 0], [12, 15], [0, 0]]


def test_labels_that_are_together_in_both_are_in_one_cell() -> None:
    first, second = Partition(np.array([0, 0, 1, 1, 0]), 2), Partition(np.array([0, 1, 0, 0, 1]), 2)
    found = crossed(first, second)
    assert found.codes.tolist() == [0, 1, 2, 2, 1]
    assert found.n_clusters == 3


def test_few_clusters_stay_as_they_are_and_many_are_put_together_evenly() -> None:
    partition = Partition(np.repeat(np.arange(10), 3), 10)
    assert folded(partition, seed=0, at_most=10) is partition
    found = folded(partition, seed=0, at_most=4)
    assert found.n_clusters == 4
    # No cluster is torn apart, and groups have two or three.
    assert all(len(set(found.codes[at : at + 3])) == 1 for at in range(0, 30, 3))
    assert sorted(np.bincount(found.codes) // 3) == [2, 2, 3, 3]
    assert (folded(partition, seed=0, at_most=4).codes == found.codes).all()
    assert (folded(partition, seed=1, at_most=4).codes != found.codes).any()


def test_the_variance_of_a_total_is_the_sum_of_squares() -> None:
    assert squared_error([np.array([[3.0, 1.0], [-1.0, 2.0]])]).tolist() == [10, 5]


def test_two_ways_count_cells_once() -> None:
    # An effect of each row and each column of a table, and noise of its cells.
    rng = np.random.default_rng(0)
    n_rows, n_columns = 30, 50
    rows = Partition(np.repeat(np.arange(n_rows), n_columns), n_rows)
    columns = Partition(np.tile(np.arange(n_columns), n_rows), n_columns)
    ways = (rows, columns, crossed(rows, columns))
    totals, found = [], []
    for _ in range(60):
        x = rng.normal(0, 2, n_rows)[rows.codes] + rng.normal(0, 1, n_columns)[columns.codes]
        values = (x + rng.normal(0, 3, len(x)))[:, None]
        totals.append(values.sum())
        found.append(squared_error([cluster_sums(values, way) for way in ways]).item())
    truth = 4 * n_rows * n_columns**2 + n_columns * n_rows**2 + 9 * n_rows * n_columns
    assert np.mean(found) == pytest.approx(truth, rel=0.1)
    assert np.var(totals) == pytest.approx(truth, rel=0.5)


def test_two_ways_are_never_surer_than_one() -> None:
    # Both clusters are opposites inside, so cells alone vary.
    rows, columns = Partition(np.array([0, 0, 1, 1]), 2), Partition(np.array([0, 1, 0, 1]), 2)
    values = np.array([[1.0], [-1.0], [-1.0], [1.0]])
    sums = [cluster_sums(values, way) for way in (rows, columns, crossed(rows, columns))]
    assert squared_error(sums).item() == 0
    sums[0] = np.array([[3.0], [1.0]])
    assert squared_error(sums).item() == 10
