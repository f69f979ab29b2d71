"""The contract of chat models holds for an honest one, and names each promise that is broken."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.core.fingerprint import canonical_json, digest
from prefdata.protocols import (
    ChatBackend,
    ChatFault,
    ChatIdentity,
    ChatParams,
    ChatReply,
    Usage,
)
from prefdata.testing.chat import ODD_REQUESTS, TOO_LONG, assert_chat_backend_contract

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefdata.core.events import Report
    from prefdata.protocols import ChatRequest

__all__: list[str] = []

_PARAMS = ChatParams(model="toy")
_GROUP = 4
_NUMBERS = itertools.count()


def _identify(params: ChatParams) -> ChatIdentity:
    return ChatIdentity("toy", params.model, canonical_json(params.wording()))


def _reply(request: ChatRequest) -> ChatReply:
    if request == TOO_LONG:
        return ChatReply(fault=ChatFault("request", "Too long."))
    likeliest = (("a", -0.5), ("b", -1.5))
    return ChatReply(
        text=digest(request.messages)[:8],
        finish_reason="stop",
        usage=Usage(3, 2),
        alternatives=(likeliest,) if request.n_alternatives else None,
    )


class _Toy:
    """Says a digest of what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_closed = False

    async def ask(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        return [self.reply(place, request) for place, request in enumerate(requests)]

    def reply(self, place: int, request: ChatRequest) -> ChatReply:
        del place
        return _reply(request)

    async def close(self) -> None:
        self.is_closed = True


class _Short(_Toy):
    async def ask(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        return (await super().ask(requests))[:-1]


class _Numbered(_Toy):
    def reply(self, place: int, request: ChatRequest) -> ChatReply:
        reply = _reply(request)
        return reply if reply.text is None else replace(reply, text=f"{reply.text}{place}")


class _Dull(_Toy):
    def reply(self, place: int, request: ChatRequest) -> ChatReply:
        reply = super().reply(place, request)
        return reply if reply.text is None else replace(reply, text="Yes.")


class _Silent(_Toy):
    def reply(self, place: int, request: ChatRequest) -> ChatReply:
        return replace(super().reply(place, request), text="")


class _Talkative(_Toy):
    def reply(self, place: int, request: ChatRequest) -> ChatReply:
        many = tuple((str(value), -float(value)) for value in range(9))
        reply = super().reply(place, request)
        return replace(reply, alternatives=(many,)) if request.n_alternatives else reply


class _Unsorted(_Toy):
    def reply(self, place: int, request: ChatRequest) -> ChatReply:
        reply = super().reply(place, request)
        mixed = (("a", -2.0), ("b", -1.0))
        return replace(reply, alternatives=(mixed,)) if request.n_alternatives else reply


class _Pushy(_Toy):
    def reply(self, place: int, request: ChatRequest) -> ChatReply:
        return replace(super().reply(place, request), alternatives=((("a", -0.5),),))


class _Boundless(_Toy):
    def reply(self, place: int, request: ChatRequest) -> ChatReply:
        del place
        return _reply(replace(request, max_tokens=1))


class _Hopeful(_Toy):
    def reply(self, place: int, request: ChatRequest) -> ChatReply:
        reply = super().reply(place, request)
        return replace(reply, fault=ChatFault("server", "Oh.")) if reply.fault else reply


class _Once(_Toy):
    async def close(self) -> None:
        assert not self.is_closed, "it was closed twice"
        self.is_closed = True


class _Open(_Toy):
    def __repr__(self) -> str:
        return os.environ["OPENAI_API_KEY"]


class _Leaky(_Toy):
    async def ask(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        (self.folder / "log").write_text(os.environ["OPENAI_API_KEY"])
        return await super().ask(requests)


def _backend(kind: type[_Toy], **fields: Any) -> ChatBackend:
    def opened(params: ChatParams, folder: Path, report: Report) -> _Toy:
        del params, report
        return kind(folder)

    toy = ChatBackend("toy", "A toy.", _identify, opened, group=_GROUP)
    return replace(toy, **fields)


def test_an_honest_backend_keeps_the_contract(tmp_path: Path) -> None:
    before = os.environ.get("OPENAI_API_KEY")
    assert_chat_backend_contract(_backend(_Toy), _PARAMS, tmp_path)
    assert os.environ.get("OPENAI_API_KEY") == before


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (_Short, "not as many replies"),
        (_Numbered, "two answers at temperature 0|depend on the order"),
        (_Dull, "all requests have one answer"),
        (_Silent, "has no text"),
        (_Talkative, "more alternatives than asked for"),
        (_Unsorted, "the likeliest is not the first"),
        (_Pushy, "alternatives that nobody asked for"),
        (_Boundless, "a request that is too long has an answer"),
        (_Hopeful, "is a fault of kind server"),
        (_Once, "it was closed twice"),
        (_Open, "the key is in what the model shows"),
        (_Leaky, "the key is in log"),
    ],
)
def test_a_broken_promise_is_named(kind: type[_Toy], words: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=words):
        assert_chat_backend_contract(_backend(kind), _PARAMS, tmp_path)


@pytest.mark.parametrize(
    ("identify", "words"),
    [
        (lambda params: ChatIdentity("toy", params.model, ""), "but not the identity"),
        (
            lambda params: ChatIdentity("toy", params.model, params.model_dump_json()),
            "but the identity",
        ),
        (lambda params: ChatIdentity("toy", params.model, str(next(_NUMBERS))), "two identities"),
    ],
)
def test_an_identity_that_is_none_is_named(identify: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=words):
        assert_chat_backend_contract(_backend(_Toy, identify=identify), _PARAMS, tmp_path)


class _Later(_Toy):
    """Answers what was brought."""

    def reply(self, place: int, request: ChatRequest) -> ChatReply:
        if not (self.folder / "brought").exists():
            return ChatReply(fault=ChatFault("missing", "Bring it."))
        return super().reply(place, request)


def test_answers_may_come_later(tmp_path: Path) -> None:
    def bring(folder: Path) -> None:
        (folder / "brought").touch()

    assert_chat_backend_contract(_backend(_Later), _PARAMS, tmp_path, bring=bring)


def test_answers_that_come_at_once_are_not_brought(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="answered before its answer was brought"):
        assert_chat_backend_contract(_backend(_Toy), _PARAMS, tmp_path, bring=lambda _: None)


def test_the_odd_requests_hold_two_that_are_equal() -> None:
    assert ODD_REQUESTS[0] == ODD_REQUESTS[3]
