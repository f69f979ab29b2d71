"""Small real models with random weights, opened; and what they give by the definition itself."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pytest

from prefdata.backends.causal_lm import causal_lm
from prefdata.core.events import Note
from prefdata.protocols import CausalParams, TokenUnit
from prefdata.testing.causal import write_tiny_causal_lm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from prefdata.core.events import Event

__all__: list[str] = []

_SETTINGS: dict[str, dict[str, Any]] = {
    "gemma2": {"window": 16, "head_dim": 12},
    "llama4_text": {
        "attention_chunk_size": 16,
        "head_dim": 12,
        "layers": 4,
        "num_experts_per_tok": 1,
        "num_local_experts": 4,
        "intermediate_size_mlp": 96,
    },
    "lfm2": {"layer_types": ["conv", "full_attention", "conv"]},
    "mamba2": {"num_heads": 8, "head_dim": 12, "n_groups": 2, "state_size": 16, "chunk_size": 16},
    "mixtral": {"num_local_experts": 4},
    "opt": {"word_embed_proj_dim": 32, "ffn_dim": 96},
}


class Open(Protocol):
    """Opens a model, and gives what it was told of meanwhile."""

    def __call__(self, model: str | Path, **params: Any) -> tuple[Any, list[str]]: ...


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what gives the folder of a tiny model of an architecture, 48 wide."""
    root = tmp_path_factory.mktemp("models")

    @functools.cache
    def folder_of(architecture: str) -> Path:
        settings = _SETTINGS.get(architecture, {})
        return write_tiny_causal_lm(root / architecture, architecture, **settings)

    return folder_of


@pytest.fixture(scope="session")
def opened(folder_of: Callable[[str], Path]) -> Open:
    """Return what opens an architecture, or a folder."""

    def open_it(model: str | Path, **params: Any) -> tuple[Any, list[str]]:
        folder = folder_of(model) if isinstance(model, str) else model
        wanted = CausalParams(model=str(folder), **{"device": "cpu", **params})
        told: list[str] = []

        def report(event: Event) -> None:
            assert isinstance(event, Note)
            told.append(event.text)

        return causal_lm.open(wanted, causal_lm.identify(wanted), "cpu", report), told

    return open_it


def _unit(random: np.random.Generator, prompt: int, *responses: int) -> TokenUnit:
    def draw(n: int) -> NDArray[np.int32]:
        return random.integers(0, 256, n).astype(np.int32)

    return TokenUnit(draw(prompt), tuple(draw(n) for n in responses))


@pytest.fixture(scope="session")
def units() -> list[TokenUnit]:
    """Return units of one to four responses: none at all, one token, longer than a window."""
    random = np.random.default_rng(5)
    shapes = [(9, 25, 0, 5), (20, 12), (1, 1, 22), (7, 8, 9, 3, 9)]
    units = [_unit(random, *shape) for shape in shapes]
    again = TokenUnit(units[0].prompt, (units[0].responses[0], units[0].responses[0][:11]))
    return [*units, again]


@pytest.fixture(scope="session")
def by_definition(
    folder_of: Callable[[str], Path], units: list[TokenUnit]
) -> Callable[[str], list[NDArray[np.float64]]]:
    """Return what gives ``(K, 2, d)`` for each unit: one forward for each prefix, in float64."""
    import torch
    from transformers import AutoModelForCausalLM

    loader: Any = AutoModelForCausalLM

    @functools.cache
    def by_definition(architecture: str) -> list[NDArray[np.float64]]:
        model = loader.from_pretrained(
            folder_of(architecture),
            dtype=torch.float64,
            attn_implementation="eager",
            experts_implementation="eager",
        ).eval()
        return [_states(model, unit.prompt, unit.responses) for unit in units]

    return by_definition


def _states(
    model: Any, prompt: NDArray[np.int32], responses: Sequence[NDArray[np.int32]]
) -> NDArray[np.float64]:
    import torch

    seen: list[Any] = []
    hook = model.get_output_embeddings().register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0][0, -1].numpy())
    )
    found = []
    for response in responses:
        seen.clear()
        for length in range(len(response) + 1):
            ids = np.concatenate([prompt, response[:length]]).astype(np.int64)
            with torch.inference_mode():
                model(torch.from_numpy(ids)[None], use_cache=False)
        found.append(np.stack([np.sum(seen, axis=0), seen[-1]]))
    hook.remove()
    return np.stack(found)
