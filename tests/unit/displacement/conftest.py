"""A model small enough to read: tokens are bytes, a state counts the bytes that came before it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from prefdata import registry
from prefdata.catalog import Catalog
from prefdata.protocols import CausalIdentity, Encoded, HiddenStatesBackend, UnitStates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from prefdata.protocols import CausalParams, Message, TokenUnit

__all__: list[str] = []

_WIDTH = 8


@dataclass
class Bytes:
    """Reads bytes, and remembers what it was given."""

    max_tokens: int = 64
    fails_after: int | None = None
    too_large: int = 1 << 30
    scale: float = 1.0
    width: int = _WIDTH
    tokens_fed: int = 0
    settings: Mapping[str, str] = field(default_factory=lambda: {"sharing": "packed"})
    seen: list[TokenUnit] = field(default_factory=list)

    def encode(
        self,
        prompts: Sequence[Sequence[Message]],
        responses: Sequence[Sequence[Sequence[Message]]],
    ) -> list[list[Encoded]]:
        return [
            [self._encoded(prompt, one) for one in answers]
            for prompt, answers in zip(prompts, responses, strict=True)
        ]

    def _encoded(self, prompt: Sequence[Message], response: Sequence[Message]) -> Encoded:
        before = _tokens(" ".join(m["content"] for m in prompt))
        none = np.zeros(0, np.int32)
        if len(response) > 1:
            return Encoded("error", none, none, "The response has several messages.")
        if not len(before):
            return Encoded("prompt_empty", none, none)
        room = self.max_tokens - len(before)
        if room < 1:
            return Encoded("too_long", none, none)
        tokens = _tokens(response[0]["content"])
        status: Any = "empty" if not len(tokens) else "truncated" if len(tokens) > room else "ok"
        return Encoded(status, before, tokens[:room])

    def states(
        self, units: Sequence[TokenUnit], done: Callable[[int], None] | None = None
    ) -> list[UnitStates]:
        if self.fails_after is not None and len(self.seen) >= self.fails_after:
            raise KeyboardInterrupt
        self.seen += units
        found = [self._states(unit) for unit in units]
        if done is not None:
            done(len(units))
        return found

    def _states(self, unit: TokenUnit) -> UnitStates:
        if unit.n_tokens > self.too_large:
            none = np.zeros((0, _WIDTH), np.float32)
            return UnitStates(none, none, np.zeros(0, np.int64), "It does not fit into memory.")
        self.tokens_fed += unit.n_tokens
        sums, last = [], []
        for response in unit.responses:
            tokens = np.concatenate([unit.prompt, response])
            counts = np.cumsum(np.eye(_WIDTH)[tokens % _WIDTH], axis=0) * self.scale
            states = counts[len(unit.prompt) - 1 :]
            sums.append(states.sum(axis=0))
            last.append(states[-1])
        n = np.array([len(response) + 1 for response in unit.responses], np.int64)
        return UnitStates(np.array(sums, np.float32), np.array(last, np.float32), n)


def _tokens(text: str) -> Any:
    return np.frombuffer(text.encode(), np.uint8).astype(np.int32)


@dataclass
class Toy:
    """The backend and the model that it last opened."""

    model: Bytes = field(default_factory=Bytes)
    n_opened: int = 0


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    """Stands in for the backend ``causal-lm``; the model's name is its revision."""
    toy = Toy()

    def identify(params: CausalParams) -> CausalIdentity:
        dtype = "float32" if params.dtype == "auto" else params.dtype
        return CausalIdentity(params.model, params.template, dtype, toy.model.max_tokens, "joint")

    def opened(*_: Any) -> Bytes:
        toy.n_opened += 1
        return toy.model

    module = ModuleType("toy_causal")
    module.causal_lm = HiddenStatesBackend(  # type: ignore[attr-defined]
        "causal-lm", "", identify, lambda _: ("cpu",), opened
    )
    monkeypatch.setitem(sys.modules, "toy_causal", module)
    before = registry._places
    monkeypatch.setattr(
        registry,
        "_places",
        lambda kind: {
            **before(kind),
            **({"causal-lm": ("toy_causal", "causal_lm")} if kind == "backend" else {}),
        },
    )
    return toy


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.create(tmp_path / "w")


@dataclass(frozen=True)
class Texts:
    """Pairs of texts with their messages, each named by its words."""

    pairs: pl.DataFrame
    prompts: pl.DataFrame
    responses: pl.DataFrame


@pytest.fixture
def texts() -> Callable[..., Texts]:
    """Make pairs of ``(prompt, chosen, rejected)``; a bar parts the messages of a response."""

    def make(*rows: tuple[str, str, str]) -> Texts:
        pairs = pl.DataFrame(
            rows, schema=["prompt_hash", "chosen_hash", "rejected_hash"], orient="row"
        )
        prompts = [
            {"prompt_hash": p, "messages": [{"role": "user", "content": p}]}
            for p in dict.fromkeys(row[0] for row in rows)
        ]
        responses = [
            {
                "response_hash": r,
                "messages": [{"role": "assistant", "content": part} for part in r.split("|")],
            }
            for r in dict.fromkeys(text for row in rows for text in row[1:])
        ]
        return Texts(pairs, pl.DataFrame(prompts), pl.DataFrame(responses))

    return make
