"""Answers that come by file are those of the server, and each model has a folder of its own."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.backends.batch_files import batch_files
from prefdata.backends.openai_compatible import openai_compatible
from prefdata.chat.models import chat_id
from prefdata.core.events import silent
from prefdata.protocols import ChatParams, ChatRequest
from prefdata.testing.chat_server import ChatServer, echo

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_REQUEST = ChatRequest(
    messages=({"role": "user", "content": "X or Y?"},), max_tokens=20, seed=3, n_alternatives=2
)


def _write(folder: Path, **params: Any) -> list[Path]:
    model = batch_files.open(ChatParams(model="org/m", **params), folder, silent)
    asyncio.run(model.ask([_REQUEST]))
    return sorted(folder.rglob("requests-*.jsonl"))


def test_a_file_and_a_server_have_one_identity() -> None:
    params = ChatParams(model="m", base_url="http://localhost:8000/v1", temperature=0.5)
    assert batch_files.identify(params) == openai_compatible.identify(params)


def test_a_file_holds_what_a_server_is_sent(tmp_path: Path) -> None:
    bodies: list[dict[str, Any]] = []

    def reply(body: dict[str, Any]) -> str:
        bodies.append(body)
        return echo(body)

    with ChatServer(reply) as server:
        params = ChatParams(model="org/m", base_url=server.base_url)

        async def ask() -> None:
            model = openai_compatible.open(params, tmp_path, silent)
            await model.ask([_REQUEST])
            await model.close()

        asyncio.run(ask())
        (path,) = _write(tmp_path, base_url=server.base_url)
    assert [json.loads(path.read_text())["body"]] == bodies


@pytest.mark.parametrize("other", [{"server": "b"}, {"server": "a", "temperature": 0.5}])
def test_each_model_has_a_folder_of_its_own(tmp_path: Path, other: dict[str, Any]) -> None:
    # The id of a request does not say whom it was sent to.
    _write(tmp_path, server="a")
    files = _write(tmp_path, **other)
    assert len({path.parent for path in files}) == 2
    identity = batch_files.identify(ChatParams(model="org/m", server="a"))
    assert f"org-m-{chat_id(identity)[:8]}" in {path.parent.name for path in files}


@pytest.mark.parametrize("model", ["../../x", "a b/c:d", "..", "模型"])
def test_a_folder_lies_where_it_is_asked_for_whatever_the_model_is_called(
    tmp_path: Path, model: str
) -> None:
    opened = batch_files.open(ChatParams(model=model, server="a"), tmp_path / "in", silent)
    asyncio.run(opened.ask([_REQUEST]))
    (path,) = tmp_path.rglob("requests-*.jsonl")
    assert path.parent.parent == tmp_path / "in"
