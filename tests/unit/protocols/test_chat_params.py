"""Which model is asked, and that a budget needs a price."""

from __future__ import annotations

from typing import Any

import pydantic
import pytest

from prefdata.protocols import ChatParams, Price

__all__: list[str] = []


def test_a_model_may_be_given_by_its_name_alone() -> None:
    assert ChatParams.model_validate("org/name") == ChatParams(model="org/name")


def test_a_budget_needs_a_price() -> None:
    with pytest.raises(pydantic.ValidationError, match="a budget needs a price"):
        ChatParams(model="m", budget=1.0)
    assert ChatParams(model="m", budget=1.0, price=Price(input=1, output=2)).budget == 1.0


@pytest.mark.parametrize(
    "values",
    [{"temperature": -1}, {"top_p": 0}, {"max_tokens": 0}, {"attempts": 0}, {"kee_env": "X"}],
)
def test_what_makes_no_sense_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        ChatParams.model_validate({"model": "m"} | values)


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"max_tokens": 5},
        {"structured": "none"},
        {"system": "fold"},
        {"extra_body": {"reasoning_effort": "low"}},
        {"dtype": "float16"},
    ],
)
def test_what_shapes_an_answer_is_in_the_wording(values: dict[str, Any]) -> None:
    assert ChatParams(model="m").wording() != ChatParams(model="m", **values).wording()


def test_how_fast_and_at_what_price_is_not() -> None:
    more: dict[str, Any] = {"concurrency": 2, "attempts": 3, "timeout_seconds": 5}
    other = ChatParams(model="m", price=Price(input=1, output=2), key_env="K", **more)
    assert ChatParams(model="m").wording() == other.wording()
