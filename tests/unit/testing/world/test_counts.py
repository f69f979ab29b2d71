"""Counts add up whatever the scale."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prefdata.testing.world.counts import (
    apportion,
    column,
    generator,
    pick,
    planted,
    shrink,
)

__all__: list[str] = []

tables = st.dictionaries(st.text(max_size=3), st.integers(1, 10_000), min_size=1, max_size=12)


@given(tables, st.integers(0, 10**6))
def test_an_apportioned_table_has_the_total_and_is_off_by_less_than_one(
    table: dict[str, int], total: int
) -> None:
    counts = apportion(table, total)
    whole = sum(table.values())
    assert sum(counts.values()) == total
    assert all(abs(counts[key] - table[key] * total / whole) < 1 for key in table)


@given(tables)
def test_the_published_size_changes_nothing(table: dict[str, int]) -> None:
    assert shrink(table, 1.0) == table


@given(tables, st.integers(0, 2**32))
def test_a_column_holds_each_value_as_often_as_the_table(table: dict[str, int], seed: int) -> None:
    small = apportion(table, min(50, sum(table.values())))
    values = column(generator(seed, "test"), small)
    assert Counter(values) == Counter({key: n for key, n in small.items() if n})


def test_a_quirk_occurs_from_fifty_rows_on() -> None:
    assert planted(1, 10_000, 50) == 1
    assert planted(1, 10_000, 49) == 0
    assert planted(31, 2_312, 2_312) == 31


def test_picked_rows_are_distinct_and_in_order() -> None:
    rows = pick(np.random.default_rng(0), 100, 30)
    assert len(rows) == 30
    assert (np.diff(rows) > 0).all()


def test_generators_of_different_names_differ() -> None:
    draws = {int(generator(0, name).integers(2**60)) for name in ("a", "b", "ab")}
    assert len(draws) == 3
