from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prefdata.backends._sentence.batches import next_batch, order_of, padded

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__: list[str] = []

LENGTHS = st.lists(st.integers(0, 40), min_size=1, max_size=60).map(np.array)


def _all(lengths: NDArray[np.int64], budget: int) -> list[NDArray[np.int64]]:
    order = order_of(lengths)
    batches: list[NDArray[np.int64]] = []
    start = 0
    while start < len(order):
        batches.append(next_batch(order, lengths, start, budget))
        start += len(batches[-1])
    return batches


@given(LENGTHS, st.integers(1, 200))
def test_every_text_is_in_one_batch(lengths: NDArray[np.int64], budget: int) -> None:
    taken = np.concatenate(_all(lengths, budget))
    assert sorted(taken.tolist()) == list(range(len(lengths)))


@given(LENGTHS, st.integers(1, 200))
def test_a_batch_stays_in_its_budget_unless_it_is_one_text(
    lengths: NDArray[np.int64], budget: int
) -> None:
    for batch in _all(lengths, budget):
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= budget


@given(LENGTHS)
def test_no_text_comes_after_a_shorter_one(lengths: NDArray[np.int64]) -> None:
    assert (np.diff(lengths[order_of(lengths)]) <= 0).all()


def test_texts_of_one_length_keep_their_order() -> None:
    assert order_of(np.array([3, 5, 3, 5])).tolist() == [1, 3, 0, 2]


@given(st.lists(st.lists(st.integers(1, 9), max_size=7), min_size=1, max_size=9), st.booleans())
def test_the_mask_gives_the_ids_back(texts: list[list[int]], is_left: bool) -> None:
    ids = np.array([i for text in texts for i in text], np.int32)
    offsets = np.cumsum([0, *map(len, texts)])
    if not len(ids):
        ids = np.zeros(1, np.int32)
    batch = np.arange(len(texts))[::-1]
    block, mask = padded(ids, offsets, batch, pad_id=-1, is_left=is_left)
    assert [row[is_on == 1].tolist() for row, is_on in zip(block, mask, strict=True)] == [
        texts[i] for i in batch
    ]
    assert (block[mask == 0] == -1).all()


def test_gaps_are_on_the_side_that_is_asked_for() -> None:
    ids, offsets = np.array([7, 8, 9], np.int32), np.array([0, 1, 3])
    for is_left, row in ((False, [7, 0]), (True, [0, 7])):
        block, _ = padded(ids, offsets, np.array([0, 1]), pad_id=0, is_left=is_left)
        assert block.tolist() == [row, [8, 9]]
