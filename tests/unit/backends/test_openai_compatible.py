from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prefdata import registry
from prefdata.backends.openai_compatible import openai_compatible
from prefdata.core.errors import BackendError, MissingExtraError, UserError
from prefdata.core.events import silent
from prefdata.protocols import ChatParams, ChatReply, ChatRequest
from prefdata.testing.chat_server import ChatServer

if TYPE_CHECKING:
    from prefdata.testing.chat_server import ScriptedReply

__all__: list[str] = []

_KEY = "a-key-of-this-test-1234"
_REQUEST = ChatRequest(({"role": "user", "content": "Which one?"},), 40)


@pytest.fixture(autouse=True)
def no_address_or_key_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def _ask(url: str | None, **params: Any) -> ChatReply:
    async def ask() -> ChatReply:
        opened = ChatParams(model="m", base_url=url, **params)
        model = openai_compatible.open(opened, Path(), silent)
        (reply,) = await model.ask([_REQUEST])
        await model.close()
        return reply

    return asyncio.run(ask())


def test_the_registry_finds_it() -> None:
    assert registry.plugin("backend", "openai-compatible") is openai_compatible
    assert (openai_compatible.group, openai_compatible.is_remote) == (1, True)


def test_it_is_part_of_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"prefdata\[llm\]"):
        openai_compatible.open(ChatParams(model="m"), Path(), silent)


def test_the_address_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    params = ChatParams(model="m")
    assert openai_compatible.identify(params).server == "https://api.openai.com/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://LOCALHOST:80/v1/")
    assert openai_compatible.identify(params).server == "http://localhost/v1"


def test_answers_are_kept_under_a_name_where_one_is_given() -> None:
    params = ChatParams(model="m", base_url="http://10.0.0.7:8000/v1", server="our-cluster")
    assert openai_compatible.identify(params).server == "our-cluster"


def test_a_query_is_sent_and_names_nothing() -> None:
    with ChatServer() as server:
        url = f"{server.base_url}?api-version=1&token=secret"
        params = ChatParams(model="m", base_url=url)
        assert openai_compatible.identify(params).server == server.base_url
        assert "secret" not in str(openai_compatible.open(params, Path(), silent)).replace(url, "")
        assert _ask(url).fault is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://me:pass-word@localhost/v1", "holds a name or a password"),
        ("http://pass-word@localhost/v1", "holds a name or a password"),
        ("pass-word@localhost", "not one of http"),
        ("ftp://localhost/pass-word", "not one of http"),
        ("http://localhost:pass-word/v1", "not one of http"),
    ],
)
def test_an_address_with_credentials_or_of_something_else_is_refused(url: str, why: str) -> None:
    params = ChatParams(model="m", base_url=url)
    for use in (
        lambda: openai_compatible.identify(params),
        lambda: openai_compatible.open(params, Path(), silent),
    ):
        with pytest.raises(UserError, match=why) as caught:
            use()
        assert "pass-word" not in str(caught.value)


def test_a_key_is_sent_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", f" {_KEY}\n")
    with ChatServer(key=_KEY) as server:
        params = ChatParams(model="m", base_url=server.base_url, key_env="MY_KEY")
        assert _KEY not in repr(openai_compatible.open(params, Path(), silent))
        assert _KEY not in repr(openai_compatible.identify(params))
        assert _ask(server.base_url, key_env="MY_KEY").fault is None


@pytest.mark.parametrize("status", [200, 401, 500])
@pytest.mark.parametrize("padding", [0, 290])
def test_a_key_that_the_server_repeats_is_not_repeated(
    status: int, padding: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", _KEY)
    error = {"message": f"{'x' * padding} {_KEY} is wrong."}
    ok: ScriptedReply = {"body": {"error": error}}
    bad: ScriptedReply = {"status": status, "error": error}
    with ChatServer(lambda _: ok if status == 200 else bad) as server:
        reply = _ask(server.base_url, key_env="MY_KEY")
    assert reply.fault is not None
    assert _KEY[:4] not in reply.fault.message


def test_the_key_of_openai_is_not_sent_to_a_server_that_a_recipe_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", _KEY)
    with ChatServer(key=_KEY) as server:
        refused = _ask(server.base_url)
        assert refused.fault is not None
        assert refused.fault.kind == "access"
        assert _ask(server.base_url, key_env="OPENAI_API_KEY").fault is None
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert _ask(None).fault is None


@pytest.mark.parametrize(
    "params", [{"base_url": None}, {"key_env": "MY_KEY"}, {"base_url": "https://api.openai.com/v1"}]
)
def test_a_key_that_is_needed_and_missing_is_an_error(params: dict[str, Any]) -> None:
    given = {"model": "m", "base_url": "http://127.0.0.1:1/v1", **params}
    with pytest.raises(BackendError, match="no key in"):
        openai_compatible.open(ChatParams(**given), Path(), silent)


def test_a_key_that_is_none_is_an_error_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", f"{_KEY}\nHost: away")
    params = ChatParams(model="m", base_url="http://127.0.0.1:1/v1", key_env="MY_KEY")
    with pytest.raises(BackendError) as caught:
        openai_compatible.open(params, Path(), silent)
    assert _KEY not in str(caught.value)
