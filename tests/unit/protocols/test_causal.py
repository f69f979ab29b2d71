"""A unit counts the tokens that go through the model: the prompt once, each response once."""

from __future__ import annotations

import numpy as np

from prefdata.protocols import TokenUnit

__all__: list[str] = []


def test_a_unit_counts_its_prompt_once() -> None:
    responses = tuple(np.arange(n, dtype=np.int32) for n in (3, 0, 5))
    assert TokenUnit(np.arange(7, dtype=np.int32), responses).n_tokens == 7 + 3 + 0 + 5
