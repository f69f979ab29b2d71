from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from prefdata import registry
from prefdata.backends.causal_lm import causal_lm
from prefdata.core.errors import BackendError
from prefdata.core.events import silent
from prefdata.protocols import CausalParams
from prefdata.testing.causal import write_tiny_causal_lm

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


@pytest.fixture
def llama(tmp_path: Path) -> CausalParams:
    return CausalParams(model=str(write_tiny_causal_lm(tmp_path / "llama")), device="cpu")


def test_the_registry_finds_it() -> None:
    assert registry.plugin("backend", "causal-lm") is causal_lm


def test_it_opens_what_it_identified(llama: CausalParams) -> None:
    states = causal_lm.open(llama, causal_lm.identify(llama), causal_lm.devices(llama)[0], silent)
    assert states.width == 48
    assert states.tokens_fed == 0


@pytest.mark.parametrize(
    "changed", [{"revision": "0" * 32}, {"template": "0" * 32}, {"dtype": "bfloat16"}]
)
def test_a_model_of_another_identity_is_refused(
    llama: CausalParams, changed: dict[str, str]
) -> None:
    other = dataclasses.replace(causal_lm.identify(llama), **changed)  # type: ignore[arg-type]
    with pytest.raises(BackendError, match="is not the one that was asked for"):
        causal_lm.open(llama, other, "cpu", silent)


@pytest.mark.parametrize(
    ("has_template", "template", "name", "n_notes"),
    [(False, "auto", "plain", 1), (False, "hh", "hh", 0), (True, "auto", "chat", 0)],
)
def test_a_model_without_a_template_says_so(
    has_template: bool, template: str, name: str, n_notes: int, tmp_path: Path
) -> None:
    folder = write_tiny_causal_lm(tmp_path / "m", width=16, layers=1, chat_template=has_template)
    params = CausalParams(model=str(folder), template=template)
    told: list[Any] = []
    opened = causal_lm.open(params, causal_lm.identify(params), "cpu", told.append)
    assert opened.settings["template"] == name
    assert ["no chat template" in note.text for note in told] == [True] * n_notes
