"""Halves become singles exactly."""

from __future__ import annotations

import numpy as np

from prefdata.metrics.halves import widen


def test_every_finite_half_is_exact() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    rows = halves[np.isfinite(halves)].reshape(-1, 2)
    wide = widen(rows)
    assert wide.dtype == np.float32
    # Bits, so that the sign of zero counts.
    assert np.array_equal(wide.view(np.int32), rows.astype(np.float32).view(np.int32))


def test_rows_of_more_than_a_block_go_into_the_buffer_that_is_given() -> None:
    rows = np.random.default_rng(0).standard_normal((3_000, 384)).astype(np.float16)
    buffer = np.empty((4_000, 384), dtype=np.float32)
    wide = widen(rows, buffer)
    assert np.shares_memory(wide, buffer)
    assert np.array_equal(wide, rows.astype(np.float32))


def test_singles_stay_and_are_copied_only_into_a_buffer() -> None:
    rows = np.ones((2, 3), dtype=np.float32)
    buffer = np.zeros((4, 3), dtype=np.float32)
    assert widen(rows) is rows
    assert np.array_equal(widen(rows, buffer), rows)
    assert buffer.sum() == rows.sum()


def test_no_rows_and_no_columns_are_fine() -> None:
    assert widen(np.empty((0, 5), dtype=np.float16)).shape == (0, 5)
    assert widen(np.empty((5, 0), dtype=np.float16)).shape == (5, 0)
