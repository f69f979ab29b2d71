"""Every embedder that is found keeps the promises of embedders; tomorrow's file does too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.protocols import EmbedderBackend, EmbedderParams
from prefdata.registry import names, plugin
from prefdata.testing.embedders import assert_embedder_contract

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_EMBEDDERS = [n for n in names("backend") if isinstance(plugin("backend", n), EmbedderBackend)]
# What a backend is asked for where its own name is no model.
_MODELS = {"sentence": EmbedderParams(model="sentence-transformers/all-MiniLM-L6-v2")}


@pytest.mark.parametrize("name", _EMBEDDERS)
def test_embedder_contract(name: str, tmp_path: Path) -> None:
    assert_embedder_contract(plugin("backend", name), tmp_path, _MODELS.get(name))
