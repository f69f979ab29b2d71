from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from prefdata.backends._causal_lm import check
from prefdata.backends._causal_lm.check import choose, difference
from prefdata.core.errors import BackendError

__all__: list[str] = []


def test_the_difference_is_a_share_of_the_terms_of_a_score() -> None:
    sums = np.array([[3.0, 4.0], [4.0, 3.0]], np.float32)
    one = np.stack([sums, sums], axis=1)
    other = one.copy()
    other[0, 0, 0] += 0.1
    # <s1, s1> is 25 and becomes 25.61; <s1, s2> is 24: 0.61 of 49. <s2, s1> moves by less.
    assert difference(other, one) == pytest.approx(0.61 / 49, rel=1e-5)
    assert difference(one, one) == 0


def test_what_is_not_finite_is_infinitely_different() -> None:
    one = np.ones((1, 2, 3), np.float32)
    other = one.copy()
    other[0, 1, 2] = np.nan
    assert difference(other, one) == float("inf")
    other[0] = np.inf
    assert difference(other, one) == float("inf")


def test_a_single_response_is_compared_with_itself() -> None:
    one = np.ones((1, 2, 4), np.float32)
    assert difference(2 * one, one) == pytest.approx((16 - 4) / 8)


@pytest.mark.parametrize("max_tokens", [2, 3, 10, 40, 512])
def test_units_of_chance_are_no_longer_than_the_model_takes(opened: Any, max_tokens: int) -> None:
    states, _ = opened("mistral")
    short, *long = check._batches(states._backbone, max_tokens)
    assert [len(unit.responses) for unit in short] == [2, 1, 3, 4]
    for unit in itertools.chain(short, *long):
        assert len(unit.prompt) + max(map(len, unit.responses)) <= max_tokens
    if max_tokens >= 10:
        assert long[0][0].n_tokens > 16


def test_units_of_chance_are_the_same_every_time(opened: Any) -> None:
    states, _ = opened("llama")
    first, again = (check._batches(states._backbone, 512) for _ in range(2))
    assert first[0][0].prompt.tolist() == again[0][0].prompt.tolist()
    assert first[0][0].prompt.tolist() != first[0][1].prompt[:5].tolist()


def test_a_way_that_is_off_is_left_and_told(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    states, _ = opened("llama")
    backbone = states._backbone
    told: list[Any] = []

    def spoil(module: Any, given: Any, more: dict[str, Any], found: Any) -> Any:
        if "attention_mask" in more:  # packed rows alone have one
            found.last_hidden_state = found.last_hidden_state * 1.001
        return found

    hook = backbone.module.register_forward_hook(spoil, with_kwargs=True)
    try:
        assert choose(backbone, "auto", max_tokens=512, report=told.append) == "cache"
        assert [event.text for event in told] == [
            "Prompts cannot be shared as `packed` with this model: it is off by 0.002 of the scale."
        ]
        with pytest.raises(BackendError, match=r"`sharing: packed`: it is off by 0\.002"):
            choose(backbone, "packed", max_tokens=512, report=told.append)
    finally:
        hook.remove()


def test_a_model_whose_states_depend_on_the_batch_is_refused(opened: Any) -> None:
    states, _ = opened("llama")
    backbone = states._backbone

    def lose(module: Any, given: Any, more: dict[str, Any], found: Any) -> Any:
        if more["input_ids"].shape[0] > 1:
            found.last_hidden_state[:, ::3] = 0
        return found

    hook = backbone.module.register_forward_hook(lose, with_kwargs=True)
    try:
        with pytest.raises(BackendError, match="depend on what else is in a batch"):
            choose(backbone, "none", max_tokens=512, report=print)
    finally:
        hook.remove()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_rounding_of_half_precision_is_no_fault(opened: Any, dtype: str) -> None:
    for architecture in ("llama", "mistral"):
        states, told = opened(architecture, dtype=dtype)
        assert states.settings["sharing"] == "packed"
        assert told == []
