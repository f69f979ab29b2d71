"""Whatever a server says is a reply: an answer, or a fault that says what to do with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.backends._openai_wire.reply import read_refusal, read_reply
from prefdata.protocols import Usage

__all__: list[str] = []

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = ("message", "content", "refusal", "finish_reason", "logprobs", "type", "text", "usage")


def _answer(content: Any = "X.", reason: Any = "stop", **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"content": content}, "finish_reason": reason}
    return {"choices": [choice], "model": "m-2024", **fields}


def test_an_answer_is_read_with_all_that_is_told() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    reply = read_reply(_answer(usage=usage | {"prompt_tokens_details": {"cached_tokens": 4}}))
    assert (reply.text, reply.finish_reason, reply.model) == ("X.", "stop", "m-2024")
    assert reply.usage == Usage(9, 2, 4)
    assert reply.alternatives is None
    assert reply.fault is None


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (None, "malformed"),
        ([], "malformed"),
        ({"foo": 1}, "malformed"),
        ({"choices": "X"}, "malformed"),
        ({"choices": ["X"]}, "malformed"),
        ({"choices": [{"text": "X"}]}, "malformed"),
        (_answer(7), "malformed"),
        (_answer([7]), "malformed"),
        (_answer([{"type": "text"}]), "malformed"),
        (_answer(reason=3), "malformed"),
        ({"choices": []}, "empty"),
        (_answer(None), "empty"),
        (_answer(" \n"), "empty"),
        ({"error": {"message": "overloaded", "code": 503}}, "server"),
        ({"error": "something"}, "server"),
        ({"error": {"code": 429}}, "rate-limited"),
    ],
)
def test_what_is_no_answer_is_a_fault(payload: Any, kind: str) -> None:
    reply = read_reply(payload)
    assert reply.fault is not None
    assert (reply.fault.kind, reply.text) == (kind, None)


def test_what_a_fault_cost_is_told() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 2}
    assert read_reply(_answer("", usage=usage)).usage == Usage(9, 2)
    assert read_reply({"choices": [], "usage": usage}).usage == Usage(9, 2)


def test_an_answer_that_was_cut_before_its_first_word_is_an_answer() -> None:
    reply = read_reply(_answer(None, "length"))
    assert (reply.text, reply.finish_reason, reply.fault) == ("", "length", None)


def test_a_text_in_parts_is_put_together() -> None:
    parts = [{"type": "text", "text": "X "}, {"type": "image"}, {"text": "is."}]
    assert read_reply(_answer(parts)).text == "X is."


def test_a_refusal_of_the_model_is_filtered() -> None:
    payload = _answer(None)
    payload["choices"][0]["message"]["refusal"] = "I cannot."
    reply = read_reply(payload)
    assert (reply.text, reply.is_filtered, reply.fault) == ("I cannot.", True, None)
    stopped = read_reply(_answer(None, "content_filter"))
    assert (stopped.text, stopped.is_filtered, stopped.fault) == (None, True, None)


@pytest.mark.parametrize(
    "usage",
    [
        7,
        {},
        {"prompt_tokens": 1},
        {"prompt_tokens": True, "completion_tokens": 1},
        {"prompt_tokens": -1, "completion_tokens": 1},
        {"prompt_tokens": 1.5, "completion_tokens": 1},
        {"prompt_tokens": 10**400, "completion_tokens": 1},
    ],
)
def test_counts_that_are_none_are_not_told(usage: Any) -> None:
    reply = read_reply(_answer(usage=usage))
    assert (reply.text, reply.usage) == ("X.", None)


def _with_logprobs(content: Any) -> Any:
    payload = _answer()
    payload["choices"][0]["logprobs"] = {"content": content}
    return read_reply(payload).alternatives


def test_alternatives_begin_with_the_likeliest_and_hold_the_token_itself() -> None:
    listed = [{"token": "Y", "logprob": -2.0}, {"token": "X", "logprob": -0.5}]
    taken = {"token": "Z", "logprob": -3.0, "top_logprobs": listed}
    assert _with_logprobs([taken]) == ((("X", -0.5), ("Y", -2.0), ("Z", -3.0)),)
    assert _with_logprobs([{"token": "X", "logprob": -0.5}]) == ((("X", -0.5),),)


def test_numbers_that_are_none_are_left_out() -> None:
    content = json.loads('[{"token": "X", "logprob": -Infinity, "top_logprobs": [7, {}]}]')
    assert _with_logprobs(content) == ((),)
    assert _with_logprobs([{"token": "X", "logprob": 10**400}]) == ((),)
    assert _with_logprobs([{"token": "X", "logprob": True}]) == ((),)
    assert _with_logprobs(["X"]) is None
    assert _with_logprobs(None) is None


def test_half_a_character_does_no_harm() -> None:
    reply = read_reply(json.loads('{"choices": [{"message": {"content": "a\\ud83d"}}]}'))
    assert reply.text == "a\ufffd"


@given(_JSON)
def test_nothing_raises(payload: Any) -> None:
    reply = read_reply(payload)
    assert (reply.fault is None) == (reply.text is not None or reply.is_filtered)


@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON), st.dictionaries(st.text(), _JSON))
def test_nothing_raises_where_the_form_is_nearly_right(
    choice: dict[str, Any], message: dict[str, Any]
) -> None:
    read_reply({"choices": [{"message": {**message, **choice}, **choice}], **choice})
    read_refusal(400, {"error": choice})


@pytest.mark.parametrize(
    ("status", "payload", "kind"),
    [
        (429, {"error": {"message": "Slow down."}}, "rate-limited"),
        (429, {"error": {"code": "insufficient_quota"}}, "access"),
        (500, None, "server"),
        (503, "<html>", "server"),
        (408, None, "server"),
        (409, None, "server"),
        (400, {"error": {"message": "Too long."}}, "request"),
        (422, {"detail": [{"loc": ["body"]}]}, "request"),
        (400, {"error": {"code": "model_not_found"}}, "access"),
        (401, {"error": {"message": "No."}}, "access"),
        (404, "not found", "access"),
        (301, None, "access"),
    ],
)
def test_the_status_says_who_must_act(status: int, payload: Any, kind: str) -> None:
    fault = read_refusal(status, payload).fault
    assert fault is not None
    assert fault.kind == kind
    assert fault.message.startswith(str(status))


def test_words_and_waits_of_a_refusal_are_passed_on() -> None:
    error = {"error": {"message": "Key my-key has no more."}}
    fault = read_refusal(429, error, retry_after_seconds=3.0, secret="my-key").fault  # noqa: S106
    assert fault is not None
    assert fault.message == "429: Key [key] has no more."
    assert fault.retry_after_seconds == 3.0


def test_a_filter_that_stops_the_request_is_no_fault() -> None:
    reply = read_refusal(400, {"error": {"code": "content_filter", "message": "no"}})
    assert (reply.is_filtered, reply.fault) == (True, None)
