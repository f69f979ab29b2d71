"""The body of a request says what the request and the parameters say, and nothing by chance."""

from __future__ import annotations

from typing import Any

import pytest

from prefdata.backends._openai_wire.body import body
from prefdata.protocols import ChatParams, ChatRequest

__all__: list[str] = []

_MESSAGES = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "X or Y?"})


def _body(request: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    asked = ChatRequest(messages=_MESSAGES, max_tokens=9, **(request or {}))
    return body(asked, ChatParams(model="m", **params))


def test_a_plain_request_has_no_field_that_it_does_not_need() -> None:
    assert _body() == {
        "model": "m",
        "messages": [dict(message) for message in _MESSAGES],
        "max_tokens": 9,
        "temperature": 0.0,
    }


def test_the_users_parameters_win_over_the_stages() -> None:
    asked = {"temperature": 0.7, "top_p": 0.9}
    made = _body(asked, temperature=0.0, top_p=0.5, max_tokens=3)
    assert (made["temperature"], made["top_p"], made["max_tokens"]) == (0.0, 0.5, 3)
    assert _body(asked)["top_p"] == 0.9


def test_the_limit_has_the_name_that_the_server_knows() -> None:
    made = _body(limit_field="max_completion_tokens")
    assert made["max_completion_tokens"] == 9
    assert "max_tokens" not in made


def test_the_system_prompt_is_folded_where_it_must_be() -> None:
    made = _body(system="fold")
    assert made["messages"] == [{"role": "user", "content": "Be brief.\n\nX or Y?"}]


def test_each_sample_has_a_seed_of_its_own() -> None:
    assert _body({"seed": 5})["seed"] == 5
    assert _body({"seed": 5, "sample": 2})["seed"] == 7
    assert _body({"seed": 2**40})["seed"] < 2**31
    assert "seed" not in _body({"seed": 5}, send_seed=False)


def test_alternatives_are_asked_for_where_they_are_wanted() -> None:
    made = _body({"n_alternatives": 5})
    assert (made["logprobs"], made["top_logprobs"]) == (True, 5)


@pytest.mark.parametrize(
    ("structured", "expected"),
    [
        (
            "auto",
            {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
            },
        ),
        ("json_object", {"type": "json_object"}),
        ("none", None),
    ],
)
def test_json_is_asked_for_in_the_way_the_user_names(structured: str, expected: Any) -> None:
    made = _body({"schema": '{"type":"object"}'}, structured=structured)
    assert made.get("response_format") == expected


def test_a_way_that_the_server_refused_can_be_left_out() -> None:
    asked = ChatRequest(messages=_MESSAGES, max_tokens=9, schema="{}")
    assert "response_format" not in body(asked, ChatParams(model="m"), structured="none")


def test_more_fields_win_over_all_others() -> None:
    made = _body(extra_body={"temperature": 0.3, "reasoning_effort": "low"})
    assert (made["temperature"], made["reasoning_effort"]) == (0.3, "low")
