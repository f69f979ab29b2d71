from __future__ import annotations

import itertools

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from prefdata.metrics.overlap import (
    common_counts,
    find_runs,
    index_runs,
    longest_stretches,
    runs_of,
    shuffled,
)
from prefdata.texts.ngrams import Grams, words

__all__: list[str] = []

_TEXT = st.lists(st.sampled_from("abcd"), max_size=12).map(" ".join)
_TEXTS = st.lists(_TEXT, max_size=5)


def _words(*texts: str) -> Grams:
    return words(pl.Series(texts, dtype=pl.String))


def _runs(text: str, n: int) -> list[tuple[str, ...]]:
    parts = text.split()
    return [tuple(parts[i : i + n]) for i in range(len(parts) - n + 1)]


@given(_TEXTS, st.integers(1, 4))
def test_runs_are_all_windows_of_n_words(texts: list[str], n: int) -> None:
    runs = runs_of(_words(*texts), n)
    expected = [(i, place) for i, text in enumerate(texts) for place in range(len(_runs(text, n)))]
    assert list(zip(runs.owners, runs.places, strict=True)) == expected
    flat = [run for text in texts for run in _runs(text, n)]
    for (a, hash_a), (b, hash_b) in itertools.pairwise(zip(flat, runs.hashes, strict=True)):
        assert (a == b) == (hash_a == hash_b)


@given(_TEXTS, _TEXTS, st.integers(1, 4))
def test_counts_are_those_of_sets(texts: list[str], items: list[str], n: int) -> None:
    index = index_runs(_words(*items), n)
    found = common_counts(*find_runs(_words(*texts), index), index)
    expected = [
        (i, j, shared)
        for (i, text), (j, item) in itertools.product(enumerate(texts), enumerate(items))
        if (shared := len(set(_runs(text, n)) & set(_runs(item, n))))
    ]
    assert list(zip(*(part.tolist() for part in found), strict=True)) == expected
    assert index.sizes.tolist() == [len(set(_runs(item, n))) for item in items]


def test_only_the_items_asked_for_are_indexed() -> None:
    items = _words("a b c", "a b d")
    index = index_runs(items, 2, among=np.array([False, True]))
    assert index.sizes.tolist() == [0, 2]
    assert index.items.tolist() == [1, 1]


def _longest(text: list[str], item: list[str], n: int) -> tuple[int, int]:
    """Find the longest shared stretch by comparing every place with every place."""
    best = (0, 0)
    for start, other in itertools.product(range(len(text)), range(len(item))):
        length = 0
        while (
            start + length < len(text)
            and other + length < len(item)
            and text[start + length] == item[other + length]
        ):
            length += 1
        if length >= n and length > best[1]:
            best = (start, length)
    return best


@given(
    st.lists(st.sampled_from("abcdefgh"), max_size=20),
    st.permutations(list("abcdefghij")),
    st.integers(1, 4),
)
def test_the_longest_stretch_is_that_of_brute_force(
    text: list[str], item: list[str], n: int
) -> None:
    starts, lengths = longest_stretches(
        _words(" ".join(text)), _words(" ".join(item)), (np.array([0]), np.array([0])), n
    )
    assert (starts[0], lengths[0]) == _longest(text, item, n)


def test_each_pair_has_its_own_stretch() -> None:
    texts = _words("x x", "a b c d e", "q a b c")
    items = _words("z z z", "c d e f", "a b c d")
    pairs = (np.array([1, 1, 2, 0]), np.array([2, 1, 2, 1]))
    starts, lengths = longest_stretches(texts, items, pairs, 2)
    assert starts.tolist() == [0, 2, 1, 0]
    assert lengths.tolist() == [4, 3, 3, 0]


def test_runs_that_only_share_a_hash_are_no_stretch() -> None:
    # Runs of two words are hashed as first * base + second, so this pair collides.
    base = 0x9E3779B97F4A7C15
    offsets = np.array([0, 2])
    text = Grams(np.array([5, 1000], np.uint64), offsets)
    item = Grams(np.array([6, (1000 - base) % 2**64], np.uint64), offsets)
    assert runs_of(text, 2).hashes == runs_of(item, 2).hashes
    pairs = (np.array([0]), np.array([0]))
    assert longest_stretches(text, item, pairs, 2)[1].tolist() == [0]
    assert longest_stretches(text, text, pairs, 2)[1].tolist() == [2]


@given(_TEXTS, st.integers(0, 2**64 - 1))
def test_shuffling_keeps_the_words_of_each_text(texts: list[str], seed: int) -> None:
    before = _words(*texts)
    after = shuffled(before, np.full(len(texts), seed, np.uint64))
    for i in range(len(texts)):
        assert sorted(after.of(i).tolist()) == sorted(before.of(i).tolist())


def test_the_order_of_chance_depends_on_the_seed_of_the_text_alone() -> None:
    text = " ".join(f"w{i}" for i in range(50))
    alone = shuffled(_words(text), np.array([7], np.uint64))
    beside = shuffled(_words("x y z", text, text), np.array([1, 7, 8], np.uint64))
    assert alone.of(0).tolist() == beside.of(1).tolist()
    assert beside.of(1).tolist() != beside.of(2).tolist()


def test_nothing_is_found_in_nothing() -> None:
    index = index_runs(_words(), 3)
    assert [len(part) for part in find_runs(_words("a b c"), index)] == [0, 0]
    none = np.empty(0, np.int64)
    assert [len(part) for part in longest_stretches(_words(), _words(), (none, none), 3)] == [0, 0]
