from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.exporters._fit import (
    after_user,
    alternating,
    answered,
    asked,
    different,
    known_roles,
    of_assistant,
    one_message,
    one_question,
    outside,
    reasons,
    to_answer,
    unfit_if,
    without_system,
)
from prefdata.protocols import NoParams

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

__all__: list[str] = []


def _say(*turns: str) -> list[dict[str, str]]:
    return [dict(zip(("role", "content"), turn.split("|", 1), strict=True)) for turn in turns]


_PLAIN = _say("user|q")
_TALK = _say("system|s", "user|a", "assistant|b", "user|c")
_CASES: list[tuple[Callable[[], tuple[str, Any]], dict[str, Any]]] = [
    (asked, {"prompt": []}),
    (asked, {"prompt": None}),
    (asked, {"prompt": _say("user|\u00a0\n")}),
    (answered, {"chosen": _say("assistant| \t")}),
    (answered, {"rejected": []}),
    (different, {"chosen": _say("assistant|x"), "rejected": _say("assistant|x")}),
    (one_message, {"chosen": _say("assistant|x", "user|y", "assistant|z")}),
    (one_message, {"rejected": _say("user|x")}),
    (known_roles, {"prompt": _say("critic|x", "user|y")}),
    (known_roles, {"prompt": _say("tool|x", "user|y")}),
    (after_user, {"prompt": _say("user|x", "assistant|y")}),
    (to_answer, {"prompt": _say("user|x", "assistant|y")}),
    (of_assistant, {"chosen": _say("assistant|x", "user|y")}),
    (alternating, {"prompt": _say("user|x", "user|y")}),
    (alternating, {"prompt": _say("assistant|x", "user|y")}),
    (alternating, {"prompt": _say("user|x", "system|s", "user|y")}),
    (one_question, {"prompt": _TALK}),
    (without_system, {"prompt": _TALK}),
]


@pytest.mark.parametrize(("reason", "odd"), _CASES)
def test_each_reason_finds_its_fault_and_nothing_else(
    pairs: Callable[..., pl.DataFrame], reason: Callable[[], tuple[str, Any]], odd: dict[str, Any]
) -> None:
    frame = pairs(odd, {"prompt": _PLAIN})
    assert reasons(frame, [reason()]).to_list() == [reason()[0], None]


def test_a_conversation_with_a_system_prompt_is_alternating(
    pairs: Callable[..., pl.DataFrame],
) -> None:
    tests = (asked(), answered(), different(), one_message(), known_roles(), alternating())
    assert unfit_if(*tests)(pairs({"prompt": _TALK}), NoParams()).to_list() == [None]


def test_tools_may_be_allowed(pairs: Callable[..., pl.DataFrame]) -> None:
    frame = pairs({"prompt": _say("user|x", "tool|y")})
    assert reasons(frame, [known_roles("tool")]).to_list() == [None]


def test_the_first_reason_is_the_one_told(pairs: Callable[..., pl.DataFrame]) -> None:
    frame = pairs({"prompt": [], "chosen": [], "rejected": []})
    assert reasons(frame, [answered(), asked()]).to_list() == ["empty-response"]


def test_without_tests_every_pair_fits(pairs: Callable[..., pl.DataFrame]) -> None:
    assert reasons(pairs({}, {}), []).to_list() == [None, None]


def test_a_response_that_is_part_of_a_text_is_found(pairs: Callable[..., pl.DataFrame]) -> None:
    frame = pairs({"chosen": _say("assistant|(us")}, {"rejected": _say("assistant|uses")})
    assert reasons(frame, [outside("(user)")]).to_list() == ["found-in-template", None]


def test_the_separators_that_python_strips_are_blank(pairs: Callable[..., pl.DataFrame]) -> None:
    frame = pairs({"chosen": _say("assistant|\x1c\n\x1f")})
    assert reasons(frame, [answered()]).to_list() == ["empty-response"]
