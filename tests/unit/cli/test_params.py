"""Parameters are shown with their defaults, those of a model under its name."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prefdata.cli._params import parameter_rows
from prefdata.protocols import ChatParams, EmbedderParams, NoParams, Params, Price

__all__: list[str] = []


class Some(Params):
    """Parameters for the tests."""

    step: str = Field(description="A step.")
    limits: list[int] = Field(default_factory=lambda: [3], description="Limits.")
    model: EmbedderParams = Field(default_factory=EmbedderParams, description="A model.")


def test_parameters_are_shown_with_those_inside_them() -> None:
    rows = parameter_rows(Some)
    assert [row["parameter"] for row in rows[:4]] == ["step", "limits", "model", "model.model"]
    assert [row["default"] for row in rows[:4]] == ["(required)", "[3]", "(see below)", "auto"]
    assert rows[0]["what"] == "A step."
    inner = {row["parameter"] for row in rows if row["parameter"].startswith("model.")}
    assert inner == {f"model.{name}" for name in EmbedderParams.model_fields}


class Many(Params):
    """Parameters that hold several models, or perhaps one."""

    judges: tuple[ChatParams, ...] = Field(description="Some models.")
    writer: EmbedderParams | None = Field(default=None, description="None, or one.")


def test_parameters_in_a_list_and_optional_ones_are_shown_too() -> None:
    rows = parameter_rows(Many)
    defaults = {row["parameter"]: row["default"] for row in rows}
    assert defaults["judges"] == "(required)"
    assert defaults["judges.temperature"] == "None"
    assert defaults["writer"] == "None"
    assert defaults["writer.model"] == "auto"
    assert {f"judges.{name}" for name in ChatParams.model_fields} <= set(defaults)
    assert {f"judges.price.{name}" for name in Price.model_fields} <= set(defaults)


class Chosen(Params):
    """Parameters that leave a choice."""

    said: Literal["a", "b"] = Field(default="a", description="`a` or `b`.")
    unsaid: Literal["one", "other"] | None = Field(default=None, description="A choice.")


def test_a_choice_that_the_description_leaves_open_is_told() -> None:
    said, unsaid = (row["what"] for row in parameter_rows(Chosen))
    assert said == "`a` or `b`."
    assert unsaid == "A choice. One of `one`, `other`."


def test_no_parameters_are_no_rows() -> None:
    assert parameter_rows(NoParams) == []
