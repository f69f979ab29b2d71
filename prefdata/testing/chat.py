"""What every backend of chat models promises, checked on requests of all kinds."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any

from prefdata.core.events import silent
from prefdata.protocols import ChatRequest, Price

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from prefdata.protocols import ChatBackend, ChatParams, ChatReply, Message

__all__ = ["ODD_REQUESTS", "TOO_LONG", "assert_chat_backend_contract"]

_USER = "user"


def _request(*messages: Message, max_tokens: int = 12, **more: Any) -> ChatRequest:
    return ChatRequest(messages=messages, max_tokens=max_tokens, **more)


_PLAIN = _request({"role": _USER, "content": "Which answer is better, X or Y?"})
ODD_REQUESTS: tuple[ChatRequest, ...] = (
    _PLAIN,
    _request(
        {"role": "system", "content": "Answer in one word."},
        {"role": _USER, "content": "Which answer is better, X or Y?"},
    ),
    _request(
        {"role": _USER, "content": "Hi."},
        {"role": "assistant", "content": "Hello!\n\n"},
        {"role": _USER, "content": "How are you?"},
        max_tokens=5,
    ),
    _PLAIN,
    _request({"role": _USER, "content": " \n\t如何打开一把锁 👩‍👩‍👧‍👦 \u2028 next"}),
    _request({"role": _USER, "content": 'nul\x00byte, "quotes", \\, <|im_start|>system </s>'}),
    _request({"role": _USER, "content": "With alternatives?"}, n_alternatives=3),
    _request({"role": _USER, "content": "With a seed?"}, seed=7, sample=2),
    _request({"role": _USER, "content": "In JSON?"}, schema='{"type":"object"}'),
)
"""Requests that backends have been seen to stumble over; the first and the fourth are equal."""
TOO_LONG = _request({"role": _USER, "content": "word " * 10_000})
"""A request of 50,000 characters, which the model must not be able to read."""

_SHAPES: tuple[dict[str, Any], ...] = (
    {"temperature": 0.625},
    {"top_p": 0.5},
    {"max_tokens": 7},
    {"system": "fold"},
)
"""What shapes an answer."""
_SPEEDS: tuple[dict[str, Any], ...] = (
    {"concurrency": 3},
    {"requests_per_minute": 60.0},
    {"tokens_per_minute": 1e6},
    {"timeout_seconds": 9.0},
    {"attempts": 2},
    {"rereads": 3},
    {"price": Price(input=1, output=2), "budget": 5.0},
    {"batch_size": 2},
    {"key_env": "ANOTHER_KEY"},
)
"""What does not."""
_SECRET = "sk-contract-0123456789"  # noqa: S105 - the key of nobody
_ROUNDING = 1e-4


def assert_chat_backend_contract(
    backend: ChatBackend,
    params: ChatParams,
    folder: Path,
    *,
    bring: Callable[[Path], None] | None = None,
) -> None:
    """Check what every backend of chat models promises.

    Args:
        backend: The backend.
        params: A model for it that gives different answers to different requests, the same to the
            same at temperature 0, and refuses `TOO_LONG`.
        folder: Where it may keep files.
        bring: For backends whose answers come later: called once with the folder when all replies
            are missing, and has to put the answers there.

    Raises:
        AssertionError: If a promise is broken; the message says which.
    """
    with _environment(params.key_env, _SECRET):
        _assert_identity(backend, params)
        asked = [*ODD_REQUESTS, TOO_LONG]
        found = _asked(backend, params, folder, asked)
        if bring is not None:
            faults = [reply.fault for reply in found]
            assert all(fault and fault.kind == "missing" for fault in faults), (
                "a request is answered before its answer was brought"
            )
            assert all(fault and len(fault.message) > 1 for fault in faults), (
                "nobody says what to do about the missing answers"
            )
            bring(folder)
            found = _asked(backend, params, folder, asked)
        _assert_replies(found, asked)
        back = _asked(backend, params, folder, asked[::-1])[::-1]
        assert [r.text for r in back] == [r.text for r in found], (
            "answers depend on the order of requests, or change at temperature 0"
        )
        _assert_no_key(found, folder)


def _assert_identity(backend: ChatBackend, params: ChatParams) -> None:
    identity = backend.identify(params)
    assert identity == backend.identify(params), "a model has two identities"
    assert _SECRET not in repr(identity), "the key is in the identity"
    for change in _SHAPES:
        other = backend.identify(params.model_copy(update=change))
        assert other != identity, f"{change} shapes an answer, but not the identity"
    for change in _SPEEDS:
        other = backend.identify(params.model_copy(update=change))
        assert other == identity, f"{change} does not shape an answer, but the identity"


def _asked(
    backend: ChatBackend, params: ChatParams, folder: Path, requests: Sequence[ChatRequest]
) -> list[ChatReply]:
    """Open a model, send requests in groups as the backend wants them, and close it."""

    async def ask() -> list[ChatReply]:
        model = backend.open(params, folder, silent)
        try:
            found: list[ChatReply] = []
            for start in range(0, len(requests), backend.group):
                group = requests[start : start + backend.group]
                replies = await model.ask(group)
                assert len(replies) == len(group), "there are not as many replies as requests"
                found += replies
            assert await model.ask([]) == [], "no request has a reply"
            assert _SECRET not in repr(model), "the key is in what the model shows of itself"
        finally:
            await model.close()
            await model.close()
        return found

    assert backend.group >= 1, "a group has no request"
    return asyncio.run(ask())


def _assert_replies(found: Sequence[ChatReply], asked: Sequence[ChatRequest]) -> None:
    for reply, request in zip(found[:-1], asked, strict=False):
        assert reply.fault is None, f"an ordinary request met a fault: {reply.fault}"
        assert reply.text, "an answer has no text"
        assert reply.finish_reason, "an answer does not say why it ends"
        if reply.usage is not None:
            assert reply.usage.prompt_tokens > 0, "a request has no tokens"
            assert reply.usage.completion_tokens > 0, "an answer has no tokens"
        _assert_alternatives(reply, request)
    assert found[0].text == found[3].text, "the same request has two answers at temperature 0"
    assert len({reply.text for reply in found}) > 2, "all requests have one answer"  # noqa: PLR2004
    fault = found[-1].fault
    assert fault is not None, "a request that is too long has an answer"
    assert fault.kind == "request", f"a request that is too long is a fault of kind {fault.kind}"
    assert fault.message, "a fault has no words"


def _assert_alternatives(reply: ChatReply, request: ChatRequest) -> None:
    if not request.n_alternatives:
        assert not reply.alternatives, "there are alternatives that nobody asked for"
        return
    for one in reply.alternatives or ():
        # The token that was taken may stand beside those that are likelier.
        assert len(one) <= request.n_alternatives + 1, "there are more alternatives than asked for"
        values = [value for _, value in one]
        assert values == sorted(values, reverse=True), "the likeliest is not the first"
        assert all(value <= _ROUNDING for value in values), "a probability is above 1"


def _assert_no_key(found: Sequence[ChatReply], folder: Path) -> None:
    assert _SECRET not in repr(found), "the key is in a reply"
    for path in folder.rglob("*"):
        if path.is_file():
            assert _SECRET.encode() not in path.read_bytes(), f"the key is in {path.name}"


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before
