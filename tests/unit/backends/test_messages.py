"""System prompts are kept, dropped, or said by the user who comes next."""

from __future__ import annotations

import pytest

from prefdata.backends._messages import shaped

__all__: list[str] = []

_SYSTEM = {"role": "system", "content": "Be brief."}
_USER = {"role": "user", "content": "Hi."}
_ASSISTANT = {"role": "assistant", "content": "Hello."}


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("keep", [_SYSTEM, _ASSISTANT, _USER]),
        ("drop", [_ASSISTANT, _USER]),
        ("fold", [_ASSISTANT, {"role": "user", "content": "Be brief.\n\nHi."}]),
    ],
)
def test_a_system_prompt_goes_where_it_is_sent(system: str, expected: list[dict[str, str]]) -> None:
    assert shaped([_SYSTEM, _ASSISTANT, _USER], system) == expected


def test_a_system_prompt_that_no_user_follows_is_all_that_is_asked() -> None:
    assert shaped([_SYSTEM, _SYSTEM], "fold") == [
        {"role": "user", "content": "Be brief.\n\nBe brief."}
    ]


def test_other_fields_of_a_message_are_left_behind() -> None:
    assert shaped([{**_USER, "name": "Ann"}], "keep") == [_USER]
