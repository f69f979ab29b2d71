from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.backends.openai_compatible import openai_compatible
from prefdata.core.events import silent
from prefdata.protocols import ChatFault, ChatParams, ChatReply, ChatRequest, Usage
from prefdata.testing.chat_server import ChatServer

if TYPE_CHECKING:
    from prefdata.testing.chat_server import ScriptedReply
    from tests.unit.backends._openai_compatible.conftest import Ask

__all__: list[str] = []

_SCHEMA = '{"properties":{"verdict":{"enum":["X","Y"]}},"type":"object"}'


def _request(text: str = "Which one?", **given: Any) -> ChatRequest:
    return ChatRequest(({"role": "user", "content": text},), **{"max_tokens": 40, **given})


def test_an_answer_comes_with_its_cost_and_its_end(ask: Ask) -> None:
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 5},
    }
    with ChatServer(lambda _: {"text": "X, of course.", "usage": usage}) as server:
        (reply,) = ask(server.base_url, _request())
    assert reply == ChatReply("X, of course.", "stop", Usage(9, 4, 5), None, "m")


def test_a_request_is_worded_as_its_parameters_say(ask: Ask) -> None:
    messages = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"})
    request = ChatRequest(messages, 40, temperature=0.5, seed=3, schema=_SCHEMA, sample=2)
    with ChatServer() as server:
        ask(
            server.base_url,
            request,
            system="fold",
            limit_field="max_completion_tokens",
            extra_body={"reasoning_effort": "low", "temperature": 1},
            structured="json_object",
        )
        (body,) = server.log.bodies
    assert body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Be brief.\n\nHi"}],
        "max_completion_tokens": 40,
        "temperature": 1,
        "seed": 5,
        "response_format": {"type": "json_object"},
        "reasoning_effort": "low",
    }


def test_log_probabilities_are_read_where_they_are_offered(ask: Ask) -> None:
    tokens = [[("X", -0.1), ("Y", -2.4)], [(".", 0.0)]]
    with ChatServer(lambda _: {"text": "X.", "alternatives": tokens}) as server:
        asked, plain = ask(server.base_url, _request(n_alternatives=2), _request())
    assert asked.alternatives == ((("X", -0.1), ("Y", -2.4)), ((".", 0.0),))
    assert plain.alternatives is None


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("<think>Y is wrong.</think>\n\nX", "X"),
        ("Y is wrong.\n</think>\n\nX", "X"),
        ("X, with `<think>` in it", "X, with `<think>` in it"),
    ],
)
def test_what_a_model_thinks_aloud_is_no_part_of_its_answer(said: str, text: str, ask: Ask) -> None:
    tokens = [[(part, 0.0)] for part in ("<think>", "Y", "</th", "ink>", "X")]
    reply: ScriptedReply = {
        "text": said,
        "alternatives": tokens,
        "message": {"reasoning_content": "Y is wrong."},
    }
    with ChatServer(lambda _: reply) as server:
        (found,) = ask(server.base_url, _request(n_alternatives=1))
    assert found.text == text
    assert found.alternatives is not None
    assert len(found.alternatives) == (1 if text == "X" else 5)


def test_a_thought_that_uses_up_all_tokens_is_an_answer_that_was_cut(ask: Ask) -> None:
    with ChatServer(lambda _: "<think>" + "Hm. " * 99) as server:
        (reply,) = ask(server.base_url, _request())
    assert (reply.text, reply.finish_reason, reply.fault) == ("", "length", None)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ({"text": None, "refusal": "I cannot."}, "I cannot."),
        ({"text": "Half of", "finish_reason": "content_filter"}, "Half of"),
        ({"text": "", "finish_reason": "content_filter"}, None),
        ({"status": 400, "error": {"code": "content_filter", "message": "no"}}, None),
    ],
)
def test_what_a_filter_stopped_is_told_apart(
    reply: ScriptedReply, text: str | None, ask: Ask
) -> None:
    with ChatServer(lambda _: reply) as server:
        (found,) = ask(server.base_url, _request())
    assert (found.is_filtered, found.text, found.fault) == (True, text, None)


class _Picky:
    """Refuses fields, as servers do that do not know them."""

    def __init__(self, status: int, **refused: str) -> None:
        self.status, self.refused = status, refused

    def __call__(self, body: dict[str, Any]) -> ScriptedReply:
        for name, why in self.refused.items():
            if name in body:
                return {"status": self.status, "error": {"message": why}}
        return {"text": "X"}


@pytest.mark.parametrize("status", [400, 422, 501])
def test_a_server_without_schemas_is_asked_in_words_from_then_on(status: int, ask: Ask) -> None:
    told: list[Any] = []
    picky = _Picky(status, response_format="What is that?")
    with ChatServer(picky) as server:
        requests = [_request(str(n), schema=_SCHEMA) for n in range(3)]
        replies = ask(server.base_url, *requests, report=told.append)
        bodies = server.log.bodies
    assert [reply.text for reply in replies] == ["X"] * 3
    assert ["response_format" in body for body in bodies] == [True, False, False, False]
    (note,) = told
    assert server.base_url in note.text
    assert "words" in note.text


def test_a_server_without_log_probabilities_is_asked_without(ask: Ask) -> None:
    told: list[Any] = []
    picky = _Picky(400, logprobs="`top_logprobs` is not for this model.", response_format="No.")
    with ChatServer(picky) as server:
        request = _request(schema=_SCHEMA, n_alternatives=3)
        replies = ask(server.base_url, request, request, report=told.append)
        bodies = server.log.bodies
    assert [(reply.text, reply.alternatives) for reply in replies] == [("X", None)] * 2
    assert len(bodies) == 4
    assert not {"logprobs", "top_logprobs", "response_format"} & bodies[-1].keys()
    assert len(told) == 2


@pytest.mark.parametrize(
    "params",
    [
        {"structured": "json_schema"},
        {"extra_body": {"response_format": {"type": "text"}}},
    ],
)
def test_what_the_user_insists_on_is_not_left_out(params: dict[str, Any], ask: Ask) -> None:
    with ChatServer(_Picky(400, response_format="No.")) as server:
        (reply,) = ask(server.base_url, _request(schema=_SCHEMA), **params)
        assert server.log.n_received == 1
    assert reply.fault == ChatFault("request", "400: No.")


def test_a_request_that_is_refused_in_any_wording_changes_nothing_for_others(ask: Ask) -> None:
    def reply(body: dict[str, Any]) -> str | ScriptedReply:
        if body["messages"][0]["content"] != "too long":
            return "X"
        with_schema = "schema and all" if "response_format" in body else "without schema"
        return {"status": 400, "error": {"message": f"Too long, {with_schema}."}}

    told: list[Any] = []
    with ChatServer(reply) as server:
        long, fine = (_request(text, schema=_SCHEMA) for text in ("too long", "fine"))
        replies = ask(server.base_url, long, fine, report=told.append)
        bodies = server.log.bodies
    assert replies[0].fault == ChatFault("request", "400: Too long, schema and all.")
    assert replies[1].text == "X"
    assert ["response_format" in body for body in bodies] == [True, False, True]
    assert told == []


def test_several_requests_are_sent_at_the_same_time_and_stay_in_order() -> None:
    async def ask(url: str) -> list[ChatReply]:
        params = ChatParams(model="m", base_url=url, concurrency=50)
        model = openai_compatible.open(params, Path(), silent)
        replies = await model.ask([_request(str(n)) for n in range(50)])
        await model.close()
        return replies

    def reply(body: dict[str, Any]) -> str:
        return str(body["messages"][0]["content"])

    with ChatServer(reply, latency_seconds=0.2) as server:
        replies = asyncio.run(ask(server.base_url))
        assert server.log.most_at_once == 50
    assert [reply.text for reply in replies] == [str(n) for n in range(50)]
