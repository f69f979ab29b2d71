"""A batch goes through the model as each of its rows would alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prefdata.backends._causal.load import load_model
from prefdata.backends._hub.quiet import quietly
from prefdata.backends._transformers_local.choosing import Row, row_of
from prefdata.backends._transformers_local.generate import generate, stands_company, take_stops
from prefdata.protocols import ChatParams, ChatRequest
from prefdata.testing.causal import write_tiny_causal_lm

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_LENGTHS = (3, 17, 9, 17)
_TOKENS = 12


@pytest.fixture(scope="module")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Return what loads a tiny model of an architecture."""

    def model_of(architecture: str) -> Any:
        folder = tmp_path_factory.mktemp("models") / architecture
        write_tiny_causal_lm(folder, architecture, layers=2)
        return load_model(folder, None, dtype="float32", device="cpu", needs_head=True)

    return model_of


def _rows(temperature: float) -> list[Row]:
    random = np.random.default_rng(3)
    params = ChatParams(model="m")
    request = ChatRequest(messages=(), max_tokens=_TOKENS, temperature=temperature, seed=4)
    return [row_of(request, params, random.integers(0, 256, n), 100) for n in _LENGTHS]


def _by_definition(model: Any, row: Row) -> list[int]:
    """Return the greedy answer by one forward over all tokens for each token."""
    import torch

    ids: list[int] = row.prompt.tolist()
    for _ in range(_TOKENS):
        with torch.inference_mode():
            ids.append(int(model(torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
    return ids[len(row.prompt) :]


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_greedy_answers_are_those_of_the_definition(
    model_of: Callable[[str], Any], architecture: str
) -> None:
    model, rows = model_of(architecture), _rows(0.0)
    take_stops(model)
    with quietly():
        generate(model, rows)
    assert [row.tokens for row in rows] == [_by_definition(model, row) for row in rows]
    assert {row.finish_reason for row in rows} == {"length"}


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_sampled_answers_are_the_same_alone(
    model_of: Callable[[str], Any], architecture: str
) -> None:
    model, together, alone = model_of(architecture), _rows(0.9), _rows(0.9)
    take_stops(model)
    with quietly():
        generate(model, together)
        for row in alone:
            generate(model, [row])
    assert [row.tokens for row in together] == [row.tokens for row in alone]


def test_the_models_own_ways_to_sample_are_not_used(model_of: Callable[[str], Any]) -> None:
    model, rows = model_of("llama"), _rows(0.0)
    plain = [_by_definition(model, row) for row in rows]
    model.generation_config.update(
        eos_token_id=[257, 5], repetition_penalty=9.0, do_sample=True, max_length=4
    )
    assert take_stops(model) == {257, 5}
    with quietly():
        generate(model, rows)
    assert [row.tokens for row in rows] == plain


def test_a_model_that_names_no_end_has_none(model_of: Callable[[str], Any]) -> None:
    model = model_of("llama")
    model.generation_config.eos_token_id = None
    assert take_stops(model) == set()


def test_answers_end_where_they_are_told(model_of: Callable[[str], Any]) -> None:
    model, rows = model_of("llama"), _rows(0.0)
    take_stops(model)
    stop = _by_definition(model, rows[0])[4]
    with quietly():
        generate(model, rows, {stop})
    assert rows[0].finish_reason == "stop"
    assert rows[0].tokens.index(stop) == len(rows[0].tokens) - 1


@pytest.mark.parametrize(
    ("architecture", "stands"), [("llama", True), ("gpt2", True), ("rwkv", False)]
)
def test_a_model_that_answers_otherwise_in_company_is_found_out(
    model_of: Callable[[str], Any], architecture: str, *, stands: bool
) -> None:
    import torch

    model = model_of(architecture)
    take_stops(model)
    with quietly(), torch.inference_mode():
        assert stands_company(model) is stands
