from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Protocol

import pytest

from prefdata.backends.openai_compatible import openai_compatible
from prefdata.core.events import Report, silent
from prefdata.protocols import ChatParams, ChatReply, ChatRequest

__all__: list[str] = []


class Ask(Protocol):
    """Sends requests one after the other over one open model, and returns what comes of them."""

    def __call__(
        self, url: str | None, *requests: ChatRequest, report: Report = silent, **params: Any
    ) -> list[ChatReply]:
        """Open the model at an address, ask, and close it."""
        ...


@pytest.fixture(autouse=True)
def no_address_or_key_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def _ask(
    url: str | None, *requests: ChatRequest, report: Report = silent, **params: Any
) -> list[ChatReply]:
    async def ask() -> list[ChatReply]:
        opened = ChatParams(model="m", base_url=url, **params)
        model = openai_compatible.open(opened, Path(), report)
        replies = [reply for request in requests for reply in await model.ask([request])]
        await model.close()
        return replies

    return asyncio.run(ask())


@pytest.fixture(scope="session")
def ask() -> Ask:
    """Return how to ask a server."""
    return _ask
