"""Parameters are checked, fixed once made, and say what they name outside the tables."""

from __future__ import annotations

from typing import Any

import pydantic
import pytest

from prefdata.protocols import CausalParams, EmbedderParams, Outside, Params

__all__: list[str] = []


class Limit(Params):
    """Parameters for the tests."""

    limit: int = 3


@pytest.mark.parametrize("values", [{"limits": 1}, {"limit": "many"}])
def test_wrong_parameters_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        Limit.model_validate(values)


def test_parameters_are_fixed_once_made() -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        Limit().limit = 4  # type: ignore[misc]


def test_parameters_name_nothing_outside_and_read_all_by_default() -> None:
    assert Limit().outside() == Outside()
    assert Limit().reads(("pairs", "flags")) == ("pairs", "flags")


@pytest.mark.parametrize("kind", [EmbedderParams, CausalParams])
def test_a_model_may_be_given_by_its_name_alone(kind: type[Params]) -> None:
    assert kind.model_validate("org/name") == kind.model_validate({"model": "org/name"})


def test_where_vectors_are_computed_is_no_part_of_their_identity() -> None:
    here = EmbedderParams(model="m", device="cpu", batch_tokens=64)
    there = EmbedderParams(model="m", device="cuda", query_prefix="query: ")
    assert here.identity() == there.identity()
    assert here.identity() != EmbedderParams(model="m", prefix="passage: ").identity()


@pytest.mark.parametrize(
    "values", [{}, {"model": "m", "sharing": "some"}, {"model": "m", "max_tokens": 1}]
)
def test_a_causal_model_must_be_named_and_its_ways_known(values: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        CausalParams.model_validate(values)
