from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.metrics.jaccard import (
    ELEMENT_BITS,
    MAX_SETS,
    Sets,
    containment,
    gathered,
    jaccard,
    merged,
    sets_of,
    shared,
)

__all__: list[str] = []

_LISTS = st.lists(st.lists(st.integers(0, 20), max_size=12), max_size=8)
_CUT = 64 - ELEMENT_BITS


def _sets(lists: list[list[int]]) -> Sets:
    """Make sets whose elements are small numbers."""
    flat = [value << _CUT for values in lists for value in values]
    offsets = np.cumsum([0, *map(len, lists)])
    return sets_of(np.array(flat, np.uint64), offsets)


def _listed(sets: Sets) -> list[list[int]]:
    return (
        [part.tolist() for part in np.split(sets.items, sets.offsets[1:-1])]
        if len(sets.offsets) > 1
        else []
    )


@given(_LISTS)
def test_a_set_holds_each_element_once_in_rising_order(lists: list[list[int]]) -> None:
    assert _listed(_sets(lists)) == [sorted(set(values)) for values in lists]


@given(_LISTS, st.data())
def test_figures_are_those_of_python_sets(lists: list[list[int]], data: st.DataObject) -> None:
    turned = data.draw(st.permutations(lists))
    left, right = _sets(lists), _sets(turned)
    common = shared(left, right)
    values = jaccard(common, left.sizes, right.sizes)
    held = containment(common, left.sizes, right.sizes)
    assert _listed(merged(left, right)) == [
        sorted({*a, *b}) for a, b in zip(lists, turned, strict=True)
    ]
    for place, (one, other) in enumerate(zip(map(set, lists), map(set, turned), strict=True)):
        assert common[place] == len(one & other)
        union = len(one | other)
        assert values[place] == (len(one & other) / union if union else 1.0)
        smaller = min(len(one), len(other))
        assert held[place] == (len(one & other) / smaller if smaller else float(not union))


@given(_LISTS.filter(bool), st.data())
def test_sets_are_taken_in_any_order_and_again(lists: list[list[int]], data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=10))
    sets = _sets(lists)
    taken = sets.take(np.array(numbers, np.int64))
    assert _listed(taken) == [sorted(set(lists[number])) for number in numbers]


def test_sets_can_lie_anywhere_in_a_flat_array() -> None:
    items = np.array([9, 1, 2, 9, 3], np.uint64)
    found = gathered(items, np.array([4, 1, 0]), np.array([1, 2, 0]))
    assert found.items.tolist() == [3, 1, 2]
    assert found.offsets.tolist() == [0, 1, 3, 3]


def test_too_many_sets_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 65536"):
        sets_of(np.empty(0, np.uint64), np.zeros(MAX_SETS + 2, np.int64))


def test_sides_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="both sides"):
        shared(_sets([[1]]), _sets([[1], [2]]))
