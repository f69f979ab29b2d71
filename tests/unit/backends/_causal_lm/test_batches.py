from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prefdata.backends._causal_lm.alone import apart
from prefdata.backends._causal_lm.batches import next_batch, parts_of
from prefdata.protocols import TokenUnit

__all__: list[str] = []

SHAPES = st.lists(
    st.tuples(st.integers(1, 9), st.lists(st.integers(0, 9), max_size=4)), max_size=12
)


def _units(shapes: list[tuple[int, list[int]]]) -> list[TokenUnit]:
    return [
        TokenUnit(np.zeros(p, np.int32), tuple(np.full(n, k, np.int32) for k, n in enumerate(ns)))
        for p, ns in shapes
    ]


@given(SHAPES, st.one_of(st.none(), st.integers(1, 60)), st.booleans())
def test_batches_hold_every_response_once_and_keep_to_the_budget(
    shapes: list[tuple[int, list[int]]], budget: int | None, is_apart: bool
) -> None:
    units = _units(shapes)
    parts = parts_of(units, apart if is_apart else lambda unit: [unit])
    seen, start = [], 0
    while start < len(parts):
        batch = next_batch(parts, start, budget)
        widest = max(part.tokens.n_tokens for part in batch)
        assert len(batch) == 1 or (budget is not None and widest * len(batch) <= budget)
        for part in batch:
            numbers = range(*part.rows.indices(len(units[part.unit].responses)))
            for number, response in zip(numbers, part.tokens.responses, strict=True):
                assert response is units[part.unit].responses[number]
                seen.append((part.unit, number))
        start += len(batch)
    expected = [(i, k) for i, unit in enumerate(units) for k in range(len(unit.responses))]
    assert sorted(seen) == expected


@given(SHAPES)
def test_the_longest_come_first_and_equal_ones_as_they_stand(
    shapes: list[tuple[int, list[int]]],
) -> None:
    parts = parts_of(_units(shapes), lambda unit: [unit])
    keys = [(-part.tokens.n_tokens, part.unit) for part in parts]
    assert keys == sorted(keys)
