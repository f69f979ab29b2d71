"""The contract of backends of hidden states finds what it is there to find."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prefdata.core.errors import BackendError
from prefdata.protocols import CausalParams
from prefdata.protocols.causal import (
    CausalIdentity,
    Encoded,
    HiddenStatesBackend,
    Message,
    TokenUnit,
    UnitStates,
)
from prefdata.testing.hidden_states import assert_hidden_states_contract

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

__all__: list[str] = []

_NONE = np.empty(0, np.int32)


@dataclass
class _Bytes:
    """A model whose state counts the bytes before it and adds them up, or with one fault."""

    max_tokens: int
    fault: str = ""
    width: int = 3
    tokens_fed: int = 0
    calls: int = 0
    settings: Mapping[str, str] = field(default_factory=lambda: {"device": "cpu"})

    def encode(
        self,
        prompts: Sequence[Sequence[Message]],
        responses: Sequence[Sequence[Sequence[Message]]],
    ) -> list[list[Encoded]]:
        found = [
            [self._encode("".join(turn["content"] for turn in prompt), one) for one in row]
            for prompt, row in zip(prompts, responses, strict=True)
        ]
        return [row[1:] for row in found] if self.fault == "fewer" else found

    def _encode(self, prompt: str, response: Sequence[Message]) -> Encoded:
        if len(response) != 1:
            return Encoded("error", _NONE, _NONE, None if self.fault == "mute" else "no message")
        text = np.frombuffer(prompt.encode(), np.uint8).astype(np.int32)
        said = np.frombuffer(response[0]["content"].encode(), np.uint8).astype(np.int32)
        room = self.max_tokens - len(text)
        if not len(text):
            return Encoded("prompt_empty", _NONE, _NONE)
        if room < 1:
            return Encoded("too_long", text if self.fault == "long" else _NONE, _NONE)
        if not len(said):
            return Encoded("empty", text, said)
        if len(said) > room and self.fault != "uncut":
            return Encoded("truncated", text, said[-room:] if self.fault == "end" else said[:room])
        return Encoded("ok", text, said)

    def states(
        self, units: Sequence[TokenUnit], done: Callable[[int], None] | None = None
    ) -> list[UnitStates]:
        self.calls += 1
        found = [self._unit(unit) for unit in units]
        if done and self.fault != "progress":
            done(len(units))
        return found[::-1] if self.fault == "order" else found

    def _unit(self, unit: TokenUnit) -> UnitStates:
        self.tokens_fed += unit.n_tokens - (self.fault == "fed") + (self.fault == "padding")
        states = [self._states(unit.prompt, response) for response in unit.responses]
        sums = np.array([rows.sum(axis=0) for rows in states])
        if self.fault == "company":
            sums += len(unit.responses)
        if self.fault == "chance":
            sums += self.calls
        return UnitStates(
            sums=sums.astype(np.float64 if self.fault == "dtype" else np.float32),
            last=np.array([rows[-1] for rows in states], np.float32),
            n=np.array([len(one) + (self.fault != "n") for one in unit.responses]),
        )

    def _states(self, prompt: NDArray[np.int32], response: NDArray[np.int32]) -> NDArray[Any]:
        tokens = np.concatenate([prompt, response]).astype(np.float32)
        states = np.stack([np.cumsum(tokens), np.arange(len(tokens)), tokens], axis=1) / 100
        start = len(prompt) - (self.fault != "start")
        if self.fault == "position":
            states[start + 1 :, 1] = np.arange(len(response))
        return states[min(start, len(states) - 1) :]


def _backend(fault: str = "") -> HiddenStatesBackend:
    def identify(params: CausalParams) -> CausalIdentity:
        dtype = "float32" if params.dtype == "auto" or fault == "precise" else params.dtype
        return CausalIdentity("1", "t", dtype, params.max_tokens or 512, params.boundary)

    def opened(params: CausalParams, identity: CausalIdentity, *_: Any) -> _Bytes:
        if identity != identify(params) and fault != "identity":
            raise BackendError("Another model.", where="here", fix="None.")
        return _Bytes(identity.max_tokens, fault)

    def devices(_: CausalParams) -> tuple[str, ...]:
        return ("cpu",)

    return HiddenStatesBackend("bytes", "by bytes", identify, devices, opened)


_MODEL = CausalParams(model="bytes")


def test_a_backend_that_keeps_its_promises_passes() -> None:
    assert_hidden_states_contract(_backend(), _MODEL)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("identity", "another identity was opened"),
        ("precise", "precision"),
        ("fewer", "has no tokens"),
        ("mute", "what happened"),
        ("long", "too_long, and it has tokens"),
        ("uncut", "to be cut"),
        ("end", "wrong end"),
        ("progress", "no progress"),
        ("fed", "tokens were fed"),
        ("padding", "tokens were fed where"),
        ("order", "shape|the tokens of the response and one"),
        ("dtype", "not float32"),
        ("n", "tokens of the response and one"),
        ("chance", "two calls differ"),
        ("start", "that of the states after the prompt"),
        ("position", "where the response begins"),
        ("company", "that of the states after the prompt"),
    ],
)
def test_a_broken_promise_is_named(fault: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        assert_hidden_states_contract(_backend(fault), _MODEL)


def test_a_backend_without_devices_is_found() -> None:
    with pytest.raises(AssertionError, match="no device"):
        assert_hidden_states_contract(replace(_backend(), devices=lambda _: ()), _MODEL)
