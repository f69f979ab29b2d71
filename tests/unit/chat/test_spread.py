"""Weights on workers answer the same groups within one budget; a server is asked from here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.catalog import Catalog
from prefdata.chat.spread import is_spread, joined
from prefdata.chat.store import ChatStore
from prefdata.core.errors import BudgetError
from prefdata.protocols import LOCAL, ChatBackend, ChatParams, Engine
from prefdata.registry import plugin
from prefdata.testing.causal import write_tiny_causal_lm
from prefdata.testing.engines import PickledEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__: list[str] = []


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_causal_lm(tmp_path_factory.mktemp("m") / "tiny", width=16, layers=1)


def _answers(folder: Path, requests: Any, model: ChatParams, engine: Engine) -> list[str]:
    catalog = Catalog.create(folder)
    store = ChatStore(catalog, engine=engine)
    store.get(requests, model=model, purpose="test", step="step")
    return sorted(entry.digest for entry in catalog.head().state.table("answers").files)


def test_workers_with_the_weights_give_the_same_answers(
    weights: Path, tmp_path: Path, ask: Callable[..., Any]
) -> None:
    requests = ask(*(f"Say {n}." for n in range(70)), max_tokens=2)
    model, engine = ChatParams(model=str(weights), device="cpu"), PickledEngine()
    here = _answers(tmp_path / "here", requests, model, LOCAL)
    assert _answers(tmp_path / "there", requests, model, engine) == here
    assert engine.labels == [f"chat: {weights}"]


def test_a_budget_is_a_hard_cap_there_as_well(
    weights: Path, catalog: Catalog, ask: Callable[..., Any], sums: Callable[..., Any]
) -> None:
    price = {"input": 1000.0, "output": 2000.0}
    model = ChatParams.model_validate(
        {"model": str(weights), "device": "cpu", "price": price, "budget": 0.5}
    )
    requests = ask(*(f"Say {n}." for n in range(30)), max_tokens=2)
    with pytest.raises(BudgetError):
        ChatStore(catalog, engine=PickledEngine()).get(
            requests, model=model, purpose="test", step="step"
        )
    n_answers, cost = sums("n_answers", "cost")
    assert 0 < n_answers < 30
    assert cost <= 0.5


def test_servers_and_files_are_not_spread() -> None:
    spread = {
        name: is_spread(plugin("backend", name), PickledEngine())
        for name in ("openai-compatible", "batch-files", "transformers-local")
    }
    assert spread == {
        "openai-compatible": False,
        "batch-files": False,
        "transformers-local": True,
    }
    local: ChatBackend = plugin("backend", "transformers-local")
    assert not is_spread(local, LOCAL)
    assert not is_spread(replace(local, holds_weights=False), PickledEngine())


def test_groups_are_joined_so_that_all_workers_are_busy() -> None:
    parts = [[str(n)] for n in range(9)]
    assert joined(parts, PickledEngine()) == [list("0123"), list("4567"), ["8"]]
