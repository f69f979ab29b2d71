"""A model of files answers what was brought back, and writes down what was not."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.backends._batch_files.run import BatchFiles
from prefdata.chat.models import request_id
from prefdata.core.errors import BackendError
from prefdata.core.events import Event, Note
from prefdata.protocols import ChatParams, ChatReply, ChatRequest

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_REQUESTS = [
    ChatRequest(messages=({"role": "user", "content": text},), max_tokens=9) for text in "abcd"
]


class _Opened:
    """A model of files, and what it told."""

    def __init__(self, folder: Path, model: str = "m/x") -> None:
        self.told: list[str] = []
        self.folder = folder
        self.model = BatchFiles(ChatParams(model=model), folder, self._report)

    def _report(self, event: Event) -> None:
        assert isinstance(event, Note)
        self.told.append(event.text)

    def ask(self, requests: list[ChatRequest]) -> list[ChatReply]:
        return asyncio.run(self.model.ask(requests))

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("requests-*.jsonl"))


def _bring(folder: Path, name: str, *requests: ChatRequest) -> None:
    lines = []
    for request in requests:
        said = f"to {request.messages[0]['content']}"
        choice = {"message": {"content": said}, "finish_reason": "stop"}
        lines.append({"custom_id": request_id(request), "response": {"choices": [choice]}})
    (folder / name).write_text("\n".join(map(json.dumps, lines)))


def _asked_in(path: Path) -> list[Any]:
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    return [line["body"]["messages"][0]["content"] for line in lines]


def test_requests_are_written_in_their_order_each_once(tmp_path: Path) -> None:
    opened = _Opened(tmp_path)
    replies = opened.ask([*_REQUESTS, _REQUESTS[0]])
    assert {reply.fault.kind for reply in replies if reply.fault} == {"missing"}
    assert len(replies) == 5
    (path,) = opened.files()
    assert _asked_in(path) == ["a", "b", "c", "d"]
    line = json.loads(path.read_bytes().splitlines()[0])
    assert line["custom_id"] == request_id(_REQUESTS[0])
    assert line["body"] == {
        "model": "m/x",
        "messages": [{"role": "user", "content": "a"}],
        "max_tokens": 9,
        "temperature": 0.0,
    }


def test_the_user_is_told_what_to_do(tmp_path: Path) -> None:
    opened = _Opened(tmp_path / "my files")
    fault = opened.ask(_REQUESTS)[0].fault
    assert fault is not None
    (path,) = opened.files()
    answers = path.name.replace("requests", "answers")
    folder = tmp_path / "my files"
    command = f"vllm run-batch -i '{path}' -o '{folder / answers}' --model m/x"
    assert command in fault.message
    assert f"into {folder} as *.jsonl. Then run the same command again." in fault.message


def test_answers_are_read_and_what_is_missing_goes_into_a_fresh_file(tmp_path: Path) -> None:
    _Opened(tmp_path).ask(_REQUESTS)
    _bring(tmp_path, "answers.jsonl", _REQUESTS[3], _REQUESTS[1])
    opened = _Opened(tmp_path)
    before = opened.files()
    replies = opened.ask(_REQUESTS)
    assert [reply.text for reply in replies] == [None, "to b", None, "to d"]
    (fresh,) = set(opened.files()) - set(before)
    assert _asked_in(fresh) == ["a", "c"]
    assert replies[0].fault is not None
    assert fresh.name in replies[0].fault.message
    assert before[0].name not in replies[0].fault.message
    _bring(tmp_path, "more.jsonl", _REQUESTS[0], _REQUESTS[2])
    assert [reply.text for reply in _Opened(tmp_path).ask(_REQUESTS)] == [
        "to a",
        "to b",
        "to c",
        "to d",
    ]


def test_files_of_several_groups_are_all_named(tmp_path: Path) -> None:
    opened = _Opened(tmp_path)
    opened.ask(_REQUESTS[:2])
    fault = opened.ask(_REQUESTS[2:])[-1].fault
    assert fault is not None
    assert all(str(path) in fault.message for path in opened.files())
    assert "Send each file" in fault.message


def test_answers_that_come_while_it_is_open_are_seen(tmp_path: Path) -> None:
    opened = _Opened(tmp_path)
    opened.ask(_REQUESTS)
    _bring(tmp_path, "answers.jsonl", *_REQUESTS[:3])
    fault = opened.ask(_REQUESTS)[3].fault
    assert fault is not None
    assert len(opened.files()) == 2
    assert sum(str(path) in fault.message for path in opened.files()) == 1


def test_what_is_wrong_with_the_files_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text("broken")
    opened = _Opened(tmp_path)
    opened.ask(_REQUESTS[:1])
    opened.ask(_REQUESTS[1:])
    assert opened.told == [f"{tmp_path.name}: answers.jsonl: 1 line cannot be read"]


def test_nothing_is_written_where_nothing_is_missing(tmp_path: Path) -> None:
    opened = _Opened(tmp_path / "none")
    assert opened.ask([]) == []
    assert not (tmp_path / "none").exists()


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackendError, match="cannot be read or written"):
        _Opened(tmp_path / "file" / "folder").ask(_REQUESTS)
