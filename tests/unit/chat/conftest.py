"""A chat model in this process that fails as it is told to, and counts what it did."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import stamina

from prefdata import registry
from prefdata.catalog import Catalog
from prefdata.chat.store import ChatStore
from prefdata.core.events import Report, silent
from prefdata.core.fingerprint import canonical_json
from prefdata.protocols import (
    ChatBackend,
    ChatFault,
    ChatIdentity,
    ChatParams,
    ChatReply,
    ChatRequest,
    Price,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from prefdata.protocols import ChatAnswers

__all__: list[str] = []


def _echo(request: ChatRequest, n: int) -> ChatReply:
    del n
    return _says(f"Echo: {request.messages[-1]['content']}")


def _says(text: str, **more: Any) -> ChatReply:
    given: dict[str, Any] = {"finish_reason": "stop", "usage": Usage(10, len(text))}
    return ChatReply(text, **(given | more))


def _fault(kind: Any, after: float | None = None, usage: Usage | None = None) -> ChatReply:
    return ChatReply(fault=ChatFault(kind, f"It is {kind}.", after), usage=usage)


@dataclass
class Toy:
    """The backend ``toy`` and the model that it opens.

    ``script`` is given a request and its number from 0, and returns a reply, or an exception to
    raise; ``None`` in place of a reply waits until somebody cancels.
    """

    script: Callable[[ChatRequest, int], Any] = _echo
    latency_seconds: float = 0.0
    group: int = 1
    is_remote: bool = True
    on_ask: Callable[[Sequence[ChatRequest]], None] = lambda _: None
    asked: list[ChatRequest] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)
    replies: list[ChatReply] = field(default_factory=list)
    n_opened: int = 0
    n_closed: int = 0
    n_now: int = 0
    most_now: int = 0

    def always(self, reply: Any) -> None:
        """Let every request have one reply."""
        self.script = lambda *_: reply

    def by_number(self, script: Callable[[int], Any]) -> None:
        """Let the reply depend on the number of the request alone."""
        self.script = lambda *given: script(given[1])

    def by_text(self, script: Callable[[str], Any]) -> None:
        """Let the reply depend on the last words of the request alone."""
        self.script = lambda *given: script(given[0].messages[-1]["content"])

    async def ask(self, requests: Sequence[ChatRequest]) -> list[ChatReply]:
        numbers = range(len(self.asked), len(self.asked) + len(requests))
        self.asked += requests
        self.batches.append([request.messages[-1]["content"] for request in requests])
        self.n_now += len(requests)
        self.most_now = max(self.most_now, self.n_now)
        try:
            self.on_ask(requests)
            await asyncio.sleep(self.latency_seconds)
            found = []
            for n, request in zip(numbers, requests, strict=True):
                reply = self.script(request, n)
                if reply is None:
                    await asyncio.Event().wait()
                if isinstance(reply, BaseException):
                    raise reply
                found.append(reply)
            self.replies += found
            return found
        finally:
            self.n_now -= len(requests)

    async def close(self) -> None:
        self.n_closed += 1

    def open(self, *_: Any) -> Toy:
        self.n_opened += 1
        return self

    @property
    def answered(self) -> Counter[str]:
        """Requests that got a text, by their last words."""
        pairs = zip(self.asked, self.replies, strict=True)
        return Counter(a.messages[-1]["content"] for a, r in pairs if r.fault is None)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    """Stands in for a server, as the backend ``toy``."""
    made = Toy()

    def identify(params: ChatParams) -> ChatIdentity:
        return ChatIdentity("toy-server", params.model, canonical_json(params.wording()))

    class Module(ModuleType):
        @property
        def toy(self) -> ChatBackend:
            return ChatBackend("toy", "", identify, made.open, made.group, made.is_remote)

    monkeypatch.setitem(sys.modules, "toy_chat", Module("toy_chat"))
    before = registry._places
    more = {"backend": {"toy": ("toy_chat", "toy")}}
    monkeypatch.setattr(registry, "_places", lambda kind: {**before(kind), **more.get(kind, {})})
    return made


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.create(tmp_path / "w")


@pytest.fixture
def params() -> Callable[..., ChatParams]:
    """Make parameters of the toy; a token sent costs 0.001, one that it says 0.002."""

    def make(**more: Any) -> ChatParams:
        given = {"model": "m", "backend": "toy", "price": Price(input=1000.0, output=2000.0)}
        return ChatParams.model_validate(given | more)

    return make


@pytest.fixture
def says() -> Callable[..., ChatReply]:
    """Make a reply of ten tokens and of one for each letter."""
    return _says


@pytest.fixture
def fault() -> Callable[..., ChatReply]:
    """Make a reply that brings a fault of a kind."""
    return _fault


@pytest.fixture
def ask() -> Callable[..., list[ChatRequest]]:
    """Make requests of texts."""

    def make(*texts: str, max_tokens: int = 20, **more: Any) -> list[ChatRequest]:
        return [
            ChatRequest(({"role": "user", "content": text},), max_tokens, **more) for text in texts
        ]

    return make


@pytest.fixture
def get(catalog: Catalog) -> Callable[..., ChatAnswers]:
    """Ask through a store of the catalog that is new each time."""

    def call(
        requests: Sequence[ChatRequest], model: ChatParams, report: Report = silent, **more: Any
    ) -> ChatAnswers:
        given = {"purpose": "test", "step": "step"} | more
        return ChatStore(catalog, report).get(requests, model=model, **given)

    return call


@pytest.fixture
def sums(catalog: Catalog) -> Callable[..., tuple[Any, ...]]:
    """Add up columns of the ledger, of one step where one is named."""

    def add(*columns: str, step: str | None = None) -> tuple[Any, ...]:
        rows = catalog.scan("spending")
        if step is not None:
            rows = rows.filter(pl.col("step") == step)
        return rows.select(columns).sum().collect().row(0)

    return add
