"""What a fault says of the next attempt, and that requests and answers stay as they were made."""

from __future__ import annotations

import dataclasses
import typing

import pytest

from prefdata.protocols import ChatAnswer, ChatFault, ChatReply, ChatRequest
from prefdata.protocols.chat import FaultKind

__all__: list[str] = []

_FINAL = {"request", "access", "missing"}


@pytest.mark.parametrize("kind", typing.get_args(FaultKind))
def test_a_fault_may_pass_unless_the_server_would_refuse_again(kind: FaultKind) -> None:
    assert ChatFault(kind, "It is so.").is_retryable == (kind not in _FINAL)


@pytest.mark.parametrize(
    "made",
    [
        ChatRequest(({"role": "user", "content": "Why?"},), 10),
        ChatReply("Because."),
        ChatAnswer("r", "ok", "Because.", "stop", None, 1, 1, None),
    ],
)
def test_what_was_made_stays_as_it_is(made: ChatRequest | ChatReply | ChatAnswer) -> None:
    name = dataclasses.fields(made)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(made, name, None)
