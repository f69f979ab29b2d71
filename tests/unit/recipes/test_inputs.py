"""An input stands where its name does; without a value the recipe is read, but not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.catalog import Catalog
from prefdata.core.errors import RecipeError, UnknownNameError
from prefdata.recipes import load_recipe
from prefdata.recipes.inputs import fill_inputs, refuse_open_inputs
from prefdata.runner import plan

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_RECIPE = """
name: asks
inputs: {band: null, split: $band}
steps:
  - {stage: make-pairs, params: {tie_band: $band, aspect: [$band, "costs $band"]}}
  - flag-quality
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "asks.yaml"
    path.write_text(_RECIPE)
    return path


def test_a_value_stands_where_its_name_does(recipe: Path) -> None:
    found = load_recipe(recipe, overrides=["band=3"])
    assert found.inputs["band"] == 3
    assert found.steps[0].params == {"tie_band": 3, "aspect": [3, "costs $band"]}
    refuse_open_inputs(found)


def test_a_recipe_that_waits_for_a_value_is_read_and_not_run(recipe: Path, tmp_path: Path) -> None:
    found = load_recipe(recipe)
    assert found.steps[0].params["tie_band"] == "$band"
    with pytest.raises(RecipeError, match="--set band=VALUE"):
        plan(Catalog.create(tmp_path / "w"), found)


def test_a_name_that_is_not_declared_is_refused() -> None:
    raw = {"inputs": {"model": "m"}, "steps": [{"params": {"model": "$modle"}}]}
    with pytest.raises(RecipeError, match=r"\$modle is not among the inputs"):
        fill_inputs(raw, where=str)


def test_without_inputs_a_dollar_is_a_dollar() -> None:
    raw = {"steps": [{"params": {"price": "$x"}}]}
    assert fill_inputs(raw, where=str) == raw


def test_a_wrong_input_is_told_with_those_there_are(recipe: Path) -> None:
    with pytest.raises(UnknownNameError, match="band"):
        load_recipe(recipe, overrides=["bnad=3"])
