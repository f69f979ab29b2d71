"""Every backend of chat models that is found keeps the promises; tomorrow's file does too."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.protocols import ChatBackend, ChatParams
from prefdata.registry import names, plugin
from prefdata.testing._chat_server.replies import envelope
from prefdata.testing.causal import write_tiny_causal_lm
from prefdata.testing.chat import assert_chat_backend_contract
from prefdata.testing.chat_server import ChatServer, ScriptedReply, echo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__: list[str] = []

_BACKENDS = [n for n in names("backend") if isinstance(plugin("backend", n), ChatBackend)]
_LONGEST = 20_000
_REFUSAL = {"message": "This model reads 20,000 characters.", "type": "invalid_request_error"}


def _say(body: dict[str, Any]) -> str | ScriptedReply:
    text = echo(body)
    if sum(len(message["content"]) for message in body["messages"]) > _LONGEST:
        return {"status": 400, "error": _REFUSAL}
    return text


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[tuple[ChatParams, None]]:
    del folder
    with ChatServer(_say) as server:
        yield ChatParams(model="scripted", base_url=server.base_url), None


@contextlib.contextmanager
def _weights(folder: Path) -> Iterator[tuple[ChatParams, None]]:
    tiny = write_tiny_causal_lm(folder, width=16, layers=1)
    yield ChatParams(model=str(tiny), device="cpu", batch_size=4), None


@contextlib.contextmanager
def _files(folder: Path) -> Iterator[tuple[ChatParams, Callable[[Path], None]]]:
    del folder
    yield ChatParams(model="scripted", server="somewhere"), _bring


def _bring(folder: Path) -> None:
    """Answer the files of requests from the last line to the first, as a provider may."""
    for path in folder.rglob("requests-*.jsonl"):
        lines = [json.loads(line) for line in path.read_bytes().splitlines()]
        said = [json.dumps(_answered(line)) for line in reversed(lines)]
        path.with_name("answers.jsonl").write_text("\n".join(said))


def _answered(line: dict[str, Any]) -> dict[str, Any]:
    reply, status = _say(line["body"]), 200
    if isinstance(reply, dict) and "status" in reply:
        status, body = reply["status"], {"error": reply["error"]}
    else:
        body = envelope(line["body"], reply)
    return {"custom_id": line["custom_id"], "response": {"status_code": status, "body": body}}


_SERVED = {"openai-compatible": _server, "transformers-local": _weights, "batch-files": _files}


@pytest.mark.parametrize("name", _BACKENDS)
def test_chat_backend_contract(name: str, tmp_path: Path) -> None:
    assert name in _SERVED, f"say here what serves the backend {name}"
    with _SERVED[name](tmp_path / "model") as (params, bring):
        backend = plugin("backend", name)
        assert_chat_backend_contract(backend, params, tmp_path / "files", bring=bring)
