from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.backends._causal_lm.masks import Reach, mask_of, packed_rows, reaches
from prefdata.protocols import TokenUnit

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__: list[str] = []

FULL = Reach("full_attention", None)


def _unit(n_prompt: int, lengths: Sequence[int]) -> TokenUnit:
    return TokenUnit(
        np.arange(1, n_prompt + 1, dtype=np.int32),
        tuple(np.full(length, 100 + k, np.int32) for k, length in enumerate(lengths)),
    )


class _Place:
    """Where masks are made, in place of a model."""

    def __init__(self) -> None:
        import torch

        self.dtype, self.device = torch.float32, torch.device("cpu")

    def tensor(self, numbers: Any) -> Any:
        import torch

        return torch.from_numpy(numbers)


def _sees(units: Sequence[TokenUnit], reach: Reach) -> Any:
    place: Any = _Place()
    return (mask_of(packed_rows(units, pad=0), reach, place)[:, 0] == 0).numpy()


def test_a_row_holds_the_prompt_and_then_the_responses() -> None:
    rows = packed_rows([_unit(3, [2, 0, 1]), _unit(1, [1])], pad=7)
    assert rows.ids.tolist() == [[1, 2, 3, 100, 100, 102], [1, 100, 7, 7, 7, 7]]
    assert rows.positions.tolist() == [[0, 1, 2, 3, 4, 3], [0, 1, 0, 0, 0, 0]]
    assert rows.branch.tolist() == [[0, 0, 0, 1, 1, 3], [0, 1, -1, -1, -1, -1]]
    assert rows.prompts == (3, 1)
    assert rows.ends == ((5, 5, 6), (2,))


def test_rows_for_a_gpu_have_a_width_that_suits_it() -> None:
    assert packed_rows([_unit(3, [2])], pad=0, is_aligned=True).ids.shape == (1, 8)
    assert packed_rows([_unit(3, [5])], pad=0, is_aligned=True).ids.shape == (1, 8)


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.lists(st.integers(0, 5), min_size=1, max_size=4)),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from([FULL, Reach("sliding_attention", 3), Reach("chunked_attention", 4)]),
)
def test_a_token_sees_what_it_would_see_alone(
    shapes: list[tuple[int, list[int]]], reach: Reach
) -> None:
    units = [_unit(*shape) for shape in shapes]
    sees = _sees(units, reach)
    # No row of attention is empty: that would not be a number.
    assert sees.any(axis=2).all()
    for row, unit in enumerate(units):
        n_prompt, start = len(unit.prompt), len(unit.prompt)
        for response in unit.responses:
            end = start + len(response)
            own = [*range(n_prompt), *range(start, end)]
            alone = _sees([TokenUnit(unit.prompt, (response,))], reach)[0]
            np.testing.assert_array_equal(sees[row][np.ix_(own, own)], alone)
            others = np.setdiff1d(np.arange(sees.shape[2]), own)
            assert not sees[row, start:end][:, others].any()
            start = end


def test_a_window_and_a_chunk_are_measured_in_positions() -> None:
    unit = _unit(2, [2, 2])  # positions 0 1 | 2 3 | 2 3
    window = _sees([unit], Reach("sliding_attention", 2))[0]
    assert np.flatnonzero(window[4]).tolist() == [1, 4]
    chunk = _sees([unit], Reach("chunked_attention", 3))[0]
    assert np.flatnonzero(chunk[4]).tolist() == [0, 1, 4]
    assert np.flatnonzero(chunk[5]).tolist() == [5]


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        ("llama", (FULL,)),
        ("mistral", (Reach("sliding_attention", 16),)),
        ("gemma2", (FULL, Reach("sliding_attention", 16))),
        ("llama4_text", (Reach("chunked_attention", 16), FULL)),
        ("lfm2", None),
    ],
)
def test_the_settings_tell_how_far_layers_see(
    architecture: str, expected: Any, opened: Any
) -> None:
    states, _ = opened(architecture)
    assert reaches(states._backbone) == expected
