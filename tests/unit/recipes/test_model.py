"""What a recipe may say, and what it may not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from prefdata.recipes import ExportStep, Recipe, ReportStep, Step


def test_a_step_is_a_name_or_a_mapping() -> None:
    recipe = Recipe.model_validate(
        {"name": "r", "steps": ["flag-quality", {"stage": "make-pairs", "name": "pairs"}]}
    )
    assert [(step.stage, step.name) for step in recipe.steps] == [
        ("flag-quality", "flag-quality"),
        ("make-pairs", "pairs"),
    ]


def test_two_steps_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="two steps are named flag-quality"):
        Recipe.model_validate({"name": "r", "steps": ["flag-quality", "flag-quality"]})


@pytest.mark.parametrize("to", ["/etc", "../out", "a/../../b", "~/x"])
def test_an_export_and_a_report_stay_inside_the_workspace(to: str) -> None:
    with pytest.raises(ValidationError, match="inside the workspace"):
        ExportStep.model_validate({"as": "trl", "to": to})
    with pytest.raises(ValidationError, match="inside the workspace"):
        ReportStep.model_validate({"of": "displacement", "to": to})


@pytest.mark.parametrize("name", ["", "Clean", "a b", "../x", "-x"])
def test_names_are_plain(name: str) -> None:
    with pytest.raises(ValidationError):
        Step(stage="make-pairs", name=f"{name} ")


@pytest.mark.parametrize(("one", "two"), [("out", "out"), ("out", "out/trl"), ("out/./a", "out/a")])
def test_two_exports_may_not_overwrite_each_other(one: str, two: str) -> None:
    exports = [{"as": "trl", "to": one}, {"as": "jsonl", "to": two}]
    with pytest.raises(ValidationError, match="overwrite each other"):
        Recipe.model_validate({"name": "r", "steps": ["make-pairs"], "exports": exports})


@pytest.mark.parametrize(("one", "two"), [("out", "out"), ("out", "out/report"), ("out/a", "out")])
def test_a_report_may_not_overwrite_an_export_or_another_report(one: str, two: str) -> None:
    recipe = {"name": "r", "steps": ["make-pairs"], "reports": [{"of": "displacement", "to": two}]}
    exported = {**recipe, "exports": [{"as": "trl", "to": one}]}
    with pytest.raises(ValidationError, match=r"the export to \S+ and the report to \S+ would"):
        Recipe.model_validate(exported)
    twice = {**recipe, "reports": [*recipe["reports"], {"of": "displacement", "to": one}]}
    with pytest.raises(ValidationError, match="overwrite each other"):
        Recipe.model_validate(twice)
