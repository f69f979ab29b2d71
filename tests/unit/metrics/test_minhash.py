from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.metrics.minhash import (
    agreement,
    band_keys,
    bands_for,
    candidates,
    catch_probability,
    may_reach,
    signatures,
)

__all__: list[str] = []


def _signed(sets: list[np.ndarray], seed: int = 0, n_permutations: int = 128) -> np.ndarray:
    offsets = np.cumsum([0, *map(len, sets)])
    return signatures(
        np.concatenate(sets).astype(np.uint64), offsets, n_permutations=n_permutations, seed=seed
    )


def _alike(n_shared: int, n_own: int, n_pairs: int) -> list[np.ndarray]:
    """Make pairs of sets of a known similarity, next to each other."""
    chance = np.random.default_rng(1)
    drawn = chance.integers(0, 1 << 48, (n_pairs, n_shared + 2 * n_own), np.uint64)
    return [
        side
        for row in drawn
        for side in (row[: n_shared + n_own], np.delete(row, np.s_[n_shared : n_shared + n_own]))
    ]


@pytest.mark.parametrize(("n_shared", "n_own"), [(60, 20), (140, 30), (20, 40)])
def test_agreement_estimates_similarity(n_shared: int, n_own: int) -> None:
    signed = _signed(_alike(n_shared, n_own, 400))
    similarity = n_shared / (n_shared + 2 * n_own)
    pairs = np.arange(800).reshape(-1, 2)
    found = agreement(signed.astype(np.uint8), pairs)
    chance = (1 - similarity) / 256
    # The mean of 400 estimates, each of 128 values: four standard deviations are 0.009.
    assert found.mean() == pytest.approx(similarity + chance, abs=0.009)
    # The permutations of the library are not independent, which makes it better than this.
    assert found.std() < 1.1 * (similarity * (1 - similarity) / 128) ** 0.5
    assert may_reach(signed.astype(np.uint8), pairs, similarity).all()


def test_pairs_far_from_the_threshold_are_refused() -> None:
    signed = _signed(_alike(20, 40, 100)).astype(np.uint8)
    assert not may_reach(signed, np.arange(200).reshape(-1, 2), 0.7).any()


def test_signatures_depend_on_the_seed_and_not_on_repeats_or_order() -> None:
    values = np.array([5, 7, 11], np.uint64)
    again = np.array([11, 5, 7, 5], np.uint64)
    assert np.array_equal(_signed([values]), _signed([again]))
    assert not np.array_equal(_signed([values]), _signed([values], seed=1))


def test_signatures_are_the_same_on_every_machine() -> None:
    found = _signed([np.array([1, 2, 3])], seed=42, n_permutations=4)
    assert found.tolist() == [[3477457119, 521634037, 1999286826, 998117944]]


@pytest.mark.parametrize(
    ("threshold", "expected"), [(0.5, (42, 3)), (0.7, (25, 5)), (0.8, (18, 7)), (1.0, (1, 128))]
)
def test_bands_reach_the_recall_with_the_most_rows(
    threshold: float, expected: tuple[int, int]
) -> None:
    assert bands_for(threshold, 128) == expected
    assert catch_probability(threshold, *expected) >= 0.95


def test_a_threshold_out_of_reach_gets_bands_of_one_row() -> None:
    assert bands_for(0.01, 16) == (16, 1)


def test_equal_bands_have_equal_keys_and_others_do_not() -> None:
    chance = np.random.default_rng(0)
    signed = chance.integers(0, 3, (500, 12), np.uint32)
    keys = band_keys(signed, 4, 3)
    known: dict[tuple[int, ...], int] = {}
    for row, band in itertools.product(range(500), range(4)):
        values = tuple(signed[row, 3 * band : 3 * band + 3].tolist())
        assert known.setdefault(values, int(keys[row, band])) == keys[row, band]
    assert len(set(known.values())) == len(known)


def test_more_bands_than_values_are_refused() -> None:
    with pytest.raises(ValueError, match="5 bands of 3"):
        band_keys(np.zeros((1, 14), np.uint32), 5, 3)


def test_a_small_bucket_gives_all_its_pairs() -> None:
    keys = np.array([[1], [2], [1], [1]], np.uint64)
    assert candidates(keys).tolist() == [[0, 2], [0, 3], [2, 3]]


def test_a_large_bucket_hangs_together_by_two_pairs_a_set() -> None:
    found = candidates(np.ones((100, 1), np.uint64)).tolist()
    stars = {(0, other) for other in range(1, 100)}
    chain = set(itertools.pairwise(range(100)))
    assert set(map(tuple, found)) == stars | chain


def test_nothing_shared_gives_nothing() -> None:
    assert candidates(np.arange(6, dtype=np.uint64).reshape(3, 2)).shape == (0, 2)
    assert candidates(np.empty((0, 4), np.uint64)).shape == (0, 2)


@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), max_size=30))
def test_candidates_share_a_band_and_hold_each_bucket_together(
    rows: list[tuple[int, int, int]],
) -> None:
    keys = np.array(rows, np.uint64).reshape(-1, 3)
    found = candidates(keys)
    assert found.tolist() == sorted(set(map(tuple, found.tolist()))) or all(
        one < other for one, other in found.tolist()
    )
    linked = {tuple(pair) for pair in found.tolist()}
    for one, other in linked:
        assert one < other
        assert (keys[one] == keys[other]).any()
    for band, value in itertools.product(range(3), range(6)):
        members = np.flatnonzero(keys[:, band] == value).tolist()
        assert all(pair in linked for pair in itertools.pairwise(members))
        assert all((members[0], other) in linked for other in members[1:])
