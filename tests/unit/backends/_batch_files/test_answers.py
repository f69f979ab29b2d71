"""Files of answers are read as far as they can be, and what is wrong with them is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.backends._batch_files.answers import Answers, read_line
from prefdata.backends._batch_files.requests import request_line, write_requests

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _body(text: str | None = "X") -> dict[str, Any]:
    return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}


def _line(custom_id: str, text: str | None = "X") -> dict[str, Any]:
    response = {"status_code": 200, "request_id": "r", "body": _body(text)}
    return {"id": "b", "custom_id": custom_id, "response": response, "error": None}


def _failed(custom_id: str, status: int, message: str) -> dict[str, Any]:
    body = {"error": {"message": message}}
    return {"custom_id": custom_id, "response": {"status_code": status, "body": body}}


def _put(path: Path, *lines: Any) -> None:
    said = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    path.write_bytes(b"\n".join(said))


def _text(answers: Answers, custom_id: str) -> str | None:
    reply = answers.reply(custom_id)
    return None if reply is None else reply.text


@pytest.mark.parametrize(
    "line",
    [
        _line("a"),
        {"custom_id": "a", "response": _body()},
        {"custom_id": "a", "response": {"body": _body()}, "error": {}},
        {"custom_id": "a", **_body()},
    ],
)
def test_an_answer_is_taken_with_and_without_its_envelope(line: dict[str, Any]) -> None:
    custom_id, reply = read_line(json.dumps(line).encode())
    assert (custom_id, reply.text, reply.fault) == ("a", "X", None)


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        (_failed("a", 400, "Too long."), "request", "Too long."),
        (_failed("a", 500, "Oh."), "server", "Oh."),
        (_failed("a", 401, "No."), "access", "No."),
        ({"custom_id": "a", "response": {"status_code": 503}}, "server", "503"),
        (
            {"custom_id": "a", "error": {"code": "batch_expired", "message": "Too late."}},
            "server",
            "Too late.",
        ),
        (
            {"custom_id": "a", "response": {"status_code": 400}, "error": {"message": "Bad."}},
            "request",
            "Bad.",
        ),
        ({"custom_id": "a"}, "malformed", "object"),
        ({"custom_id": "a", "response": {"status_code": 200, "body": None}}, "malformed", "body"),
        (_line("a", None), "empty", "no text"),
    ],
)
def test_a_line_without_an_answer_is_a_fault(line: Any, kind: str, words: str) -> None:
    custom_id, reply = read_line(json.dumps(line).encode())
    assert custom_id == "a"
    assert reply.fault is not None
    assert reply.fault.kind == kind
    assert words in reply.fault.message


@given(st.binary() | st.text().map(str.encode))
def test_no_line_raises(line: bytes) -> None:
    custom_id, reply = read_line(line)
    assert custom_id is None
    assert reply.fault is not None


@given(
    st.dictionaries(
        st.sampled_from(["response", "error", "choices", "status_code", "body"]),
        st.recursive(
            st.none() | st.integers() | st.text() | st.booleans(),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(["status_code", "body", "choices", "error"]), inner
                )
            ),
            max_leaves=6,
        ),
    )
)
def test_no_line_of_nearly_the_right_form_raises(line: dict[str, Any]) -> None:
    custom_id, _ = read_line(json.dumps({**line, "custom_id": "a"}).encode())
    assert custom_id == "a"


def test_answers_are_joined_by_their_id_alone(tmp_path: Path) -> None:
    _put(tmp_path / "z.jsonl", _line("c", "3"), _line("a", "1"))
    _put(tmp_path / "out.jsonl", b"\xef\xbb\xbf" + json.dumps(_line("b", "2")).encode(), b"", b"\r")
    _put(tmp_path / "notes.txt", b"not mine")
    answers = Answers.of(tmp_path)
    assert [_text(answers, one) for one in "abcd"] == ["1", "2", "3", None]
    assert answers.notes("abcd") == []


def test_no_folder_holds_no_answers(tmp_path: Path) -> None:
    assert Answers.of(tmp_path / "none").reply("a") is None


def test_the_first_good_answer_counts_in_the_order_of_files(tmp_path: Path) -> None:
    _put(tmp_path / "1.jsonl", _failed("a", 500, "Oh."), _line("b", "first"))
    _put(tmp_path / "2.jsonl", _line("a", "good"), _line("b", "second"), _failed("a", 400, "No."))
    answers = Answers.of(tmp_path)
    assert [_text(answers, one) for one in "ab"] == ["good", "first"]
    assert answers.notes("ab") == ["1 answer came again; the first counts"]


def test_a_request_that_would_be_refused_again_is_not_sent_again(tmp_path: Path) -> None:
    _put(tmp_path / "1.jsonl", _failed("a", 500, "Oh."), _failed("a", 400, "Too long."))
    answers = Answers.of(tmp_path)
    reply = answers.reply("a")
    assert reply is not None
    assert reply.fault is not None
    assert reply.fault.kind == "request"
    assert "Too long. (in 1.jsonl; without its line it is asked again)" in reply.fault.message
    assert answers.notes("a") == []


def test_what_is_wrong_with_the_files_is_told(tmp_path: Path) -> None:
    write_requests(tmp_path, {"a": request_line("a", {}), "old": request_line("old", {})})
    _put(
        tmp_path / "1.jsonl",
        b'{"custom_id": "a", "resp',
        b"\xff\xfe",
        [1],
        {"custom_id": 7},
        _line("stranger"),
        _line("old"),
        _failed("a", 500, "Oh."),
        _failed("stranger too", 429, "Slow."),
    )
    assert Answers.of(tmp_path).notes(["a", "b"]) == [
        "1.jsonl: 4 lines cannot be read",
        "2 answers to requests that are neither asked now nor in a file of requests here",
        "1 request came back with an error, and must be sent again; the first: 500: Oh.",
    ]


def test_files_are_read_again_only_when_they_change(tmp_path: Path) -> None:
    _put(tmp_path / "1.jsonl", _line("a"))
    first = Answers.of(tmp_path)
    assert Answers.of(tmp_path, first) is first
    _put(tmp_path / "2.jsonl", _line("b"))
    assert _text(Answers.of(tmp_path, first), "b") == "X"
