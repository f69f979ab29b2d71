from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prefdata.core.errors import BackendError
from prefdata.protocols import TokenUnit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prefdata.protocols import UnitStates

__all__: list[str] = []


def _assert_same(found: list[UnitStates], expected: list[UnitStates]) -> None:
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.error is None
        scale = np.abs(theirs.sums).max()
        np.testing.assert_allclose(mine.sums, theirs.sums, atol=1e-5 * scale)
        np.testing.assert_allclose(mine.last, theirs.last, atol=1e-5 * scale)
        np.testing.assert_array_equal(mine.n, theirs.n)


@pytest.fixture
def memory_of(opened: Any) -> Iterator[Callable[[Any, int], None]]:
    """Return what lets a model run out of memory when more tokens than so many go through it."""
    hooks: list[Any] = []

    def limit(states: Any, n_tokens: int) -> None:
        import torch

        # Whether a model reads in pieces is tried with more tokens than the limits here.
        with torch.inference_mode():
            states._can_read_in_pieces()

        def refuse(_: Any, __: Any, given: dict[str, Any]) -> None:
            if given["input_ids"].numel() > n_tokens:
                raise torch.OutOfMemoryError("CUDA out of memory.")

        module = states._backbone.module
        hooks.append(module.register_forward_pre_hook(refuse, with_kwargs=True))

    yield limit
    for hook in hooks:
        hook.remove()


def test_the_same_call_gives_the_same_bytes(opened: Any, units: list[TokenUnit]) -> None:
    states, _ = opened("llama")
    first, second = states.states(units), states.states(units)
    assert [a.sums.tobytes() for a in first] == [b.sums.tobytes() for b in second]
    assert first[0].sums.dtype == first[0].last.dtype == np.float32


def test_a_unit_does_not_depend_on_its_company(opened: Any, units: list[TokenUnit]) -> None:
    states, _ = opened("gpt2")
    together = states.states(units)
    assert [one.n.tolist() for one in together[:2]] == [[26, 1, 6], [13]]
    for unit, one in zip(units, together, strict=True):
        (alone,) = states.states([unit])
        assert alone.sums.tobytes() == one.sums.tobytes()
    backwards = states.states(units[::-1])
    assert [a.last.tobytes() for a in backwards[::-1]] == [b.last.tobytes() for b in together]


def test_the_state_after_an_empty_response_is_that_of_the_prompt(
    opened: Any, units: list[TokenUnit]
) -> None:
    for mode in ("packed", "cache", "none"):
        states, _ = opened("llama", sharing=mode)
        (one,) = states.states(units[:1])
        assert one.sums[1].tobytes() == one.last[1].tobytes()


def test_units_without_responses_and_no_units_are_fine(opened: Any, units: list[TokenUnit]) -> None:
    states, _ = opened("llama")
    assert states.states([]) == []
    none, some = states.states([TokenUnit(units[0].prompt, ()), units[1]])
    assert none.sums.shape == (0, 48)
    assert none.error is None
    assert some.sums.shape == (1, 48)


def test_progress_counts_units(opened: Any, units: list[TokenUnit]) -> None:
    for params in ({}, {"sharing": "none"}, {"batch_tokens": 1000}, {"chunk_tokens": 16}):
        states, _ = opened("llama", **params)
        told: list[int] = []
        states.states(units, done=told.append)
        assert told == sorted(told)
        assert told[-1] == len(units)


@pytest.mark.parametrize("chunk", [16, 23])
@pytest.mark.parametrize("architecture", ["llama", "gpt2", "mistral", "gemma2", "bloom", "lfm2"])
def test_pieces_of_a_long_unit_give_what_the_whole_gives(
    architecture: str, chunk: int, opened: Any, units: list[TokenUnit]
) -> None:
    whole, _ = opened(architecture)
    pieces, _ = opened(architecture, chunk_tokens=chunk)
    _assert_same(pieces.states(units), whole.states(units))
    assert pieces.tokens_fed == whole.tokens_fed == sum(unit.n_tokens for unit in units)


def test_pieces_are_no_longer_than_allowed(
    opened: Any, units: list[TokenUnit], memory_of: Callable[[Any, int], None]
) -> None:
    states, told = opened("llama", chunk_tokens=16)
    memory_of(states, 16)
    assert all(one.error is None for one in states.states(units))
    assert told == []


def test_what_cannot_be_read_in_pieces_is_read_whole(opened: Any, units: list[TokenUnit]) -> None:
    whole, _ = opened("mamba")
    long, _ = opened("mamba", chunk_tokens=16)
    _assert_same(long.states(units), whole.states(units))


@pytest.mark.parametrize("mode", ["packed", "none"])
def test_a_batch_that_does_not_fit_is_halved(
    mode: str, opened: Any, units: list[TokenUnit], memory_of: Callable[[Any, int], None]
) -> None:
    states, told = opened("llama", sharing=mode, batch_tokens=10_000)
    expected = states.states(units)
    assert told == []
    fed = states.tokens_fed
    memory_of(states, 70)
    _assert_same(states.states(units), expected)
    assert told
    assert told[-1].startswith("Memory ran out; batches are halved")
    assert states.tokens_fed == 2 * fed


def test_a_unit_that_does_not_fit_is_read_in_pieces(
    opened: Any, units: list[TokenUnit], memory_of: Callable[[Any, int], None]
) -> None:
    states, _ = opened("llama")
    expected = states.states(units)
    memory_of(states, 16)
    _assert_same(states.states(units), expected)


def test_a_unit_that_does_not_even_fit_in_pieces_says_so(
    opened: Any, units: list[TokenUnit], memory_of: Callable[[Any, int], None]
) -> None:
    states, _ = opened("llama")
    memory_of(states, 8)
    found = states.states([units[0], TokenUnit(units[0].prompt[:3], (units[0].prompt[:3],))])
    assert found[0].error == (
        "A prompt with responses of 39 tokens does not fit into the memory of cpu."
    )
    assert found[0].sums.shape == (0, 48)
    assert found[0].n.tolist() == []
    assert found[1].error is None


def test_a_unit_that_does_not_fit_and_has_no_pieces_says_so(
    opened: Any, units: list[TokenUnit], memory_of: Callable[[Any, int], None]
) -> None:
    states, _ = opened("mamba")
    memory_of(states, 20)
    found = states.states(units)
    assert "cannot read it in pieces" in str(found[0].error)
    assert found[3].error is None


def test_another_fault_is_told_with_its_device(opened: Any) -> None:
    states, _ = opened("llama")
    beyond = np.array([9999], np.int32)
    with pytest.raises(BackendError, match="The model failed on cpu"):
        states.states([TokenUnit(beyond, (beyond,))])


def test_texts_beyond_the_turn_of_long_rotary_positions_are_computed_alone(
    tmp_path: Any, opened: Any, units: list[TokenUnit]
) -> None:
    from prefdata.testing.causal import write_tiny_causal_lm

    rope = {
        "rope_type": "longrope",
        "short_factor": [1.0] * 6,
        "long_factor": [2.0] * 6,
        "original_max_position_embeddings": 30,
    }
    folder = write_tiny_causal_lm(
        tmp_path / "phi3", "phi3", rope_scaling=rope, original_max_position_embeddings=30
    )
    states, _ = opened(folder, batch_tokens=10_000)
    apart, _ = opened(folder, sharing="none")
    _assert_same(states.states(units), apart.states(units))
    turned = [u for u in units if len(u.prompt) + max(map(len, u.responses)) > 30]
    again = sum((len(u.responses) - 1) * len(u.prompt) for u in turned)
    assert states.tokens_fed == sum(unit.n_tokens for unit in units) + again


def test_the_settings_say_how_it_computes(opened: Any) -> None:
    states, _ = opened("llama")
    assert states.width == 48
    assert set(states.settings) == {
        "attention",
        "sharing",
        "device",
        "template",
        "torch",
        "transformers",
    }
    assert states.settings["device"] == "cpu"
    assert all(isinstance(value, str) for value in states.settings.values())


def test_texts_become_tokens(opened: Any) -> None:
    states, _ = opened("llama")
    prompt = [{"role": "user", "content": "Hi"}]
    (((encoded),),) = states.encode([prompt], [[[{"role": "assistant", "content": "ab"}]]])
    assert encoded.status == "ok"
    assert encoded.response.tolist() == [97, 98]
