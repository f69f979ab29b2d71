"""What comes back is an answer, a fault, or a reason to ask again; never two of them."""

from __future__ import annotations

import typing
from typing import Any

import pytest

from prefdata.chat.kept import AnswerRow
from prefdata.chat.replies import outcome
from prefdata.chat.requests import Job
from prefdata.protocols import ChatFault, ChatReply, ChatRequest, Usage
from prefdata.protocols.chat import FaultKind

__all__: list[str] = []

_REQUEST = ChatRequest(({"role": "user", "content": "Why?"},), 10)


def _refuse(text: str) -> None:
    message = f"not JSON: {text}"
    raise ValueError(message)


def _status(reply: ChatReply, read: Any = None, n_rereads: int = 0) -> str:
    job = Job(_REQUEST, "d", n_attempts=2, n_rereads=n_rereads)
    came = outcome(job, reply, read, rereads=1)
    return came.status if isinstance(came, AnswerRow) else came.kind if came else "again"


@pytest.mark.parametrize("kind", typing.get_args(FaultKind))
def test_a_fault_is_a_fault_unless_it_refuses_this_request(kind: FaultKind) -> None:
    reply = ChatReply(fault=ChatFault(kind, "So."))
    assert _status(reply) == ("failed" if kind == "request" else kind)


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (ChatReply("x", "stop"), "ok"),
        (ChatReply("", "length"), "cut"),
        (ChatReply("x", "length", is_filtered=True), "filtered"),
        (ChatReply(None, "content_filter", is_filtered=True), "filtered"),
        (ChatReply(None, "stop"), "empty"),
        (ChatReply("", "stop"), "ok"),
    ],
)
def test_a_text_is_an_answer_however_it_ended(reply: ChatReply, status: str) -> None:
    assert _status(reply) == status


def test_what_cannot_be_read_is_asked_again_and_kept_in_the_end() -> None:
    assert _status(ChatReply("x"), _refuse) == "again"
    assert _status(ChatReply("x"), _refuse, n_rereads=1) == "unreadable"
    # A text that was cut is read by nobody.
    assert _status(ChatReply("x", "length"), _refuse) == "cut"


def test_an_answer_tells_what_it_took() -> None:
    reply = ChatReply("x", "stop", Usage(4, 1, 2), model="m-1")
    came = outcome(Job(_REQUEST, "d", n_attempts=2), reply, _refuse, rereads=0)
    assert came == AnswerRow(
        *("d", "m-1", "unreadable", "x", "stop", None, 4, 2, 1, 4, 2, "not JSON: x")
    )
