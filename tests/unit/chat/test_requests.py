"""Requests are sent as the user wants them, each once, in groups that stay the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from prefdata.chat.models import request_id
from prefdata.chat.requests import (
    Job,
    distinct,
    effective,
    groups,
    prompt_bytes,
    prompt_chars,
)
from prefdata.protocols import ChatParams, ChatRequest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_MODEL = ChatParams(model="m")


def test_what_the_user_leaves_open_is_as_the_stage_asks(ask: Callable[..., Any]) -> None:
    (request,) = ask("a", temperature=0.3)
    assert effective(request, _MODEL) is request
    changed = effective(request, ChatParams(model="m", temperature=0.0, max_tokens=3))
    assert (changed.temperature, changed.max_tokens, changed.top_p) == (0.0, 3, None)


def test_equal_requests_are_one_and_keep_the_order(ask: Callable[..., Any]) -> None:
    order, found = distinct([*ask("b", "a", "b"), *ask("a", stand_in="x")], _MODEL)
    b, a = map(request_id, ask("b", "a"))
    assert order == [b, a, b, a]
    assert list(found) == [b, a]


def test_a_request_that_was_not_read_is_sent_with_another_seed(ask: Callable[..., Any]) -> None:
    for seed, expected in ((5, 7), (None, None)):
        (request,) = ask("a", seed=seed)
        assert Job(request, "d", n_rereads=2).wire().seed == expected
    assert Job(request, "d").wire() is request


@given(
    st.lists(st.integers(), unique=True, max_size=40),
    st.data(),
    st.integers(min_value=1, max_value=9),
)
def test_what_is_missing_stays_in_its_group(asked: list[int], data: Any, size: int) -> None:
    names = [str(one) for one in asked]
    missing = data.draw(st.sets(st.sampled_from(names))) if names else set()
    whole, part = groups(names, names, size), groups(names, missing, size)
    assert [one for group in part for one in group] == [one for one in names if one in missing]
    assert all(len(group) <= size for group in whole)
    assert all(any(set(few) <= set(many) for many in whole) for few in part)


def test_texts_are_measured_in_characters_and_bytes() -> None:
    messages: Any = ({"role": "system", "content": "ab"}, {"role": "user", "content": "为ü"})
    assert prompt_chars(ChatRequest(messages, 1)) == 4
    assert prompt_bytes(ChatRequest(messages, 1, schema="{}")) == 2 + 3 + 2 + 2
