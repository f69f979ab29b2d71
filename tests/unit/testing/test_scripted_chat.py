"""A scripted chat answers as its function says, and asks it once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prefdata.chat.models import request_id
from prefdata.protocols import ChatAnswer, ChatParams, ChatRequest
from prefdata.testing.scripted_chat import ScriptedChat, scripted_answer

__all__: list[str] = []

_MODEL = ChatParams(model="toy")


def _request(text: str) -> ChatRequest:
    return ChatRequest(messages=({"role": "user", "content": text},), max_tokens=8)


def _echo(request: ChatRequest, purpose: str) -> str:
    return f"{purpose}: {request.messages[-1]['content']}"


def test_each_request_gets_its_answer_in_order() -> None:
    requests = [_request("a"), _request("b"), _request("a")]
    got = ScriptedChat(_echo).get(requests, model=_MODEL, purpose="echo", step="s")
    assert [answer.text for answer in got.answers] == ["echo: a", "echo: b", "echo: a"]
    assert [answer.request for answer in got.answers] == [request_id(r) for r in requests]
    assert (got.model, got.n_asked) == ("toy", 2)


def test_what_is_known_is_not_asked_again() -> None:
    chat = ScriptedChat(_echo)
    requests = [_request("a"), replace(_request("a"), stand_in="longer")]
    chat.get(requests, model=_MODEL, purpose="echo", step="s")
    assert chat.get(requests, model=_MODEL, purpose="echo", step="s").n_asked == 0
    assert chat.asked == [("echo", _request("a"))]
    warmer = ChatParams(model="toy", temperature=1.0)
    assert chat.get(requests, model=warmer, purpose="echo", step="s").n_asked == 1


def test_a_text_that_cannot_be_read_is_asked_for_again() -> None:
    texts = iter(["?", "7"])
    chat = ScriptedChat(lambda *_: next(texts))
    got = chat.get([_request("a")], model=_MODEL, purpose="number", step="s", read=int)
    assert (got.answers[0].status, got.answers[0].text, len(chat.asked)) == ("ok", "7", 2)


def test_a_text_that_stays_unreadable_is_told() -> None:
    model = ChatParams(model="toy", rereads=2)
    chat = ScriptedChat(_echo)
    got = chat.get([_request("a")], model=model, purpose="number", step="s", read=int)
    assert (got.answers[0].status, got.answers[0].text) == ("unreadable", "number: a")
    assert len(chat.asked) == 3


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (scripted_answer("so far", status="cut"), "length"),
        (scripted_answer(None, status="filtered"), "content_filter"),
        (scripted_answer(None, status="failed"), None),
    ],
)
def test_an_answer_without_a_full_text_is_not_read(answer: ChatAnswer, reason: str | None) -> None:
    got = ScriptedChat(lambda *_: answer).get(
        [_request("a")], model=_MODEL, purpose="number", step="s", read=int
    )
    assert (got.answers[0].status, got.answers[0].finish_reason) == (answer.status, reason)


def test_tokens_are_four_characters() -> None:
    answer = scripted_answer("12345", alternatives=((("1", -0.1), ("2", -2.4)),))
    got = ScriptedChat(lambda *_: answer).get(
        [_request("123456789")], model=_MODEL, purpose="number", step="s"
    )
    assert (got.answers[0].prompt_tokens, got.answers[0].completion_tokens) == (4, 2)
    assert got.answers[0].alternatives == ((("1", -0.1), ("2", -2.4)),)
