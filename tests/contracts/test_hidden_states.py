"""Every backend of hidden states that is found keeps the promises; tomorrow's file does too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.protocols import CausalParams
from prefdata.protocols.causal import HiddenStatesBackend
from prefdata.registry import names, plugin
from prefdata.testing.causal import write_tiny_causal_lm
from prefdata.testing.hidden_states import assert_hidden_states_contract

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_BACKENDS = [n for n in names("backend") if isinstance(plugin("backend", n), HiddenStatesBackend)]


@pytest.mark.parametrize("name", _BACKENDS)
@pytest.mark.parametrize(
    ("architecture", "settings"),
    [
        ("llama", {}),
        ("gpt2", {"chat_template": False}),
        ("mistral", {"dtype": "bfloat16"}),
    ],
)
def test_hidden_states_contract(
    name: str, architecture: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    folder = write_tiny_causal_lm(tmp_path, architecture, **settings)
    assert_hidden_states_contract(plugin("backend", name), CausalParams(model=str(folder)))


@pytest.mark.parametrize("name", _BACKENDS)
@pytest.mark.parametrize("sharing", ["packed", "cache", "none"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_contract_holds_for_every_way_to_share(
    name: str, sharing: str, dtype: str, tmp_path: Path
) -> None:
    folder = write_tiny_causal_lm(tmp_path, chat_template=False, bos=False)
    params = CausalParams.model_validate(
        {"model": str(folder), "sharing": sharing, "dtype": dtype, "batch_tokens": 64}
    )
    assert_hidden_states_contract(plugin("backend", name), params)
