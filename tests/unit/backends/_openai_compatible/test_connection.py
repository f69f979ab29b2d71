from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.backends._openai_compatible.connection import proxy_of
from prefdata.backends.openai_compatible import openai_compatible
from prefdata.core.events import silent
from prefdata.protocols import ChatParams, ChatReply, ChatRequest, Usage
from prefdata.testing.chat_server import ChatServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.testing.chat_server import FaultName, ScriptedReply
    from tests.unit.backends._openai_compatible.conftest import Ask

__all__: list[str] = []


def _request(text: str = "Which one?", **given: Any) -> ChatRequest:
    return ChatRequest(({"role": "user", "content": text},), **{"max_tokens": 40, **given})


def _fault(reply: ChatReply) -> tuple[str, str]:
    assert reply.fault is not None
    assert reply.text is None
    return reply.fault.kind, reply.fault.message


_FAULTS: dict[FaultName, tuple[str, float | None]] = {
    "429": ("rate-limited", None),
    "429-seconds": ("rate-limited", 3.0),
    "429-milliseconds": ("rate-limited", 3.0),
    "500": ("server", None),
    "503": ("server", None),
    "reset": ("connection", None),
    "cut-off": ("connection", None),
    "timeout": ("timeout", None),
    "truncated": ("malformed", None),
    "wrong-schema": ("malformed", None),
    "empty-choices": ("empty", None),
    "null-content": ("empty", None),
}


@pytest.mark.parametrize("kind", _FAULTS)
def test_every_fault_has_its_kind_and_the_next_request_fares_well(
    kind: FaultName, ask: Ask
) -> None:
    def faults(n: int) -> FaultName | None:
        return kind if n == 0 else None

    with ChatServer(faults=faults, retry_after_seconds=3) as server:
        first, second = ask(server.base_url, _request(), _request(), timeout_seconds=0.4)
        bills = server.log.bills
    assert (first.fault and first.fault.kind, second.fault) == (_FAULTS[kind][0], None)
    assert first.fault is not None
    assert first.fault.retry_after_seconds == _FAULTS[kind][1]
    assert first.fault.is_retryable
    # What the server says it billed is known, even where there is no answer.
    if kind in {"empty-choices", "null-content"}:
        assert first.usage == Usage(bills[kind].prompt_tokens, bills[kind].completion_tokens)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "context_length_exceeded", "request"),
        (401, "invalid_api_key", "access"),
        (403, "forbidden", "access"),
        (404, "model_not_found", "access"),
        (408, "late", "server"),
        (409, "conflict", "server"),
        (429, "rate_limit_exceeded", "rate-limited"),
        (429, "insufficient_quota", "access"),
        (308, "moved", "access"),
        (529, "overloaded", "server"),
    ],
)
def test_a_refusal_is_read_by_status_and_code(status: int, code: str, kind: str, ask: Ask) -> None:
    error = {"message": "So it is.", "type": code, "code": code}
    reply: ScriptedReply = {"status": status, "error": error, "headers": {"Location": "/away"}}
    with ChatServer(lambda _: reply) as server:
        (found,) = ask(server.base_url, _request())
        assert server.log.n_received == 1
    assert _fault(found) == (kind, f"{status}: So it is.")


def test_a_server_that_is_not_there_is_a_fault_of_the_connection(ask: Ask) -> None:
    with ChatServer() as server:
        url = server.base_url
    (reply,) = ask(url, _request())
    assert _fault(reply)[0] == "connection"


def test_a_server_that_speaks_something_else_is_malformed(ask: Ask) -> None:
    async def run() -> ChatReply:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail.example.org ESMTP\r\n\r\n")
            writer.close()

        listening = await asyncio.start_server(speak, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        params = ChatParams(model="m", base_url=f"http://127.0.0.1:{port}")
        model = openai_compatible.open(params, Path(), silent)
        (reply,) = await model.ask([_request()])
        await model.close()
        listening.close()
        return reply

    assert _fault(asyncio.run(run()))[0] == "malformed"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_TOKENS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={"token": _JSON, "logprob": _JSON, "top_logprobs": st.lists(_JSON) | _JSON},
    )
    | _JSON,
    max_size=3,
)
_MESSAGE = st.fixed_dictionaries({}, optional={"content": _JSON, "refusal": _JSON, "role": _JSON})
_CHOICE = st.fixed_dictionaries(
    {},
    optional={
        "message": _MESSAGE | _JSON,
        "finish_reason": _JSON,
        "logprobs": st.fixed_dictionaries({"content": _TOKENS | _JSON}) | _JSON,
    },
)
_USAGE = st.fixed_dictionaries(
    {},
    optional={
        "prompt_tokens": _JSON,
        "completion_tokens": _JSON,
        "prompt_tokens_details": st.fixed_dictionaries({"cached_tokens": _JSON}) | _JSON,
    },
)
_BODY = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(_CHOICE | _JSON, max_size=2) | _JSON,
        "usage": _USAGE | _JSON,
        "model": _JSON,
        "error": st.fixed_dictionaries(dict.fromkeys(("code", "message", "type"), _JSON)) | _JSON,
    },
)


class _Says:
    """Says what it was given last, with any status."""

    def __init__(self) -> None:
        self.status, self.body = 200, None

    def __call__(self, _: dict[str, Any]) -> ScriptedReply:
        if self.status == 200:
            return {"body": self.body}
        return {"status": self.status, "error": self.body}


@pytest.fixture(scope="module")
def says() -> _Says:
    return _Says()


@pytest.fixture(scope="module")
def url(says: _Says) -> Iterator[str]:
    with ChatServer(says) as server:
        yield server.base_url


@given(body=_BODY | _JSON, status=st.sampled_from([200, 200, 200, 400, 429, 500]))
def test_whatever_a_server_says_is_an_answer_or_a_fault(
    body: Any, status: int, url: str, says: _Says, ask: Ask
) -> None:
    says.body, says.status = body, status
    (reply,) = ask(url, _request(n_alternatives=1))
    is_answer = reply.text is not None or reply.is_filtered
    assert is_answer == (reply.fault is None)
    repr(reply).encode()  # no half characters, which no table could keep


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("https://api.example.org/v1", {}, None),
        ("https://api.example.org/v1", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("http://api.example.org/v1", {"HTTPS_PROXY": "http://p:1"}, None),
        (
            "https://api.example.org/v1",
            {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example.org"},
            None,
        ),
        ("http://127.0.0.1:8000/v1", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://localhost:8000/v1", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://[::1]:8000/v1", {"HTTP_PROXY": "http://p:1"}, None),
    ],
)
def test_the_proxy_is_that_of_the_environment(
    url: str, environment: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(url) == proxy


def test_a_proxy_that_fails_is_not_named_with_its_password(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://me:pass-word@127.0.0.1:1")
    (reply,) = ask("http://server.example.org/v1", _request())
    kind, message = _fault(reply)
    assert kind == "connection"
    assert "pass-word" not in message


def test_what_a_proxy_answers_is_what_the_server_would(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ChatServer(lambda _: "through") as server:
        monkeypatch.setenv("HTTP_PROXY", server.base_url.removesuffix("/v1"))
        (reply,) = ask("http://server.example.org/v1", _request())
    assert reply.text == "through"
