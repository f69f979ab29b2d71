from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prefdata.metrics.components import components

__all__: list[str] = []


def _pairs(*pairs: tuple[int, int]) -> np.ndarray:
    return np.array(pairs, np.int64).reshape(-1, 2)


def test_a_chain_is_one_component_named_by_its_smallest_node() -> None:
    assert components(6, _pairs((4, 5), (2, 4), (0, 3))).tolist() == [0, 1, 2, 0, 2, 2]


def test_without_pairs_each_node_is_alone() -> None:
    assert components(3, _pairs()).tolist() == [0, 1, 2]
    assert components(0, _pairs()).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20), st.randoms())
def test_components_are_those_of_a_walk_whatever_the_order_of_pairs(
    pairs: list[tuple[int, int]], chance: np.random.Generator
) -> None:
    expected = list(range(12))
    for _ in pairs:
        for one, other in pairs:
            expected[one] = expected[other] = min(expected[one], expected[other])
    shuffled = [pair[::-1] for pair in pairs]
    chance.shuffle(shuffled)
    assert components(12, _pairs(*pairs)).tolist() == expected
    assert components(12, _pairs(*shuffled)).tolist() == expected
