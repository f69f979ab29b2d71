"""Recipes are found, read and overridden; every error names file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml

from prefdata.core.errors import RecipeError, UnknownNameError
from prefdata.recipes import find_recipe, load_recipe, recipe_json_schema, shipped_recipes

if TYPE_CHECKING:
    from pathlib import Path

_GOOD = "name: r\nsteps:\n  - flag-quality\n  - stage: make-pairs\n    params: {rule: auto}\n"


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "r.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes_load_and_fit_their_json_schema(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.description
    jsonschema.validate(yaml.safe_load(find_recipe(name).read_text()), _lenient_schema())


def _lenient_schema() -> dict[str, object]:
    """Return the schema as an editor uses it: a step may also be its name alone."""
    schema = recipe_json_schema()
    schema["properties"]["steps"]["items"] = {
        "anyOf": [{"type": "string"}, schema["properties"]["steps"]["items"]]
    }
    return schema


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("name: r\nsteps: [flag-quality]\nsed: 3\n", 3, "sed"),
        ("name: r\nsteps:\n  - stage: make-pairs\n    parms: {}\n", 4, "parms"),
        ("name: r\nseed: many\nsteps: []\n", 2, "seed"),
        ("name: r\nsteps: [a, a]\n", 1, "two steps"),
        ("name: r\n", 1, "steps"),
        ("name: r\nsteps: [flag-quality\n", 3, "not YAML"),
        ("- a\n", 1, "mapping"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(RecipeError, match=says) as caught:
        load_recipe(path)
    assert str(caught.value.where).startswith(f"{path}:{line}")
    assert caught.value.fix


def test_overrides_reach_steps_and_the_recipe(tmp_path: Path) -> None:
    recipe = load_recipe(
        _file(tmp_path, _GOOD),
        overrides=["seed=7", "make-pairs.params.tie_band=5", "flag-quality.skip_sources=[prism]"],
    )
    assert recipe.seed == 7
    assert recipe.steps[1].params == {"rule": "auto", "tie_band": 5}
    assert recipe.steps[0].skip_sources == ("prism",)


@pytest.mark.parametrize(
    ("override", "kind"),
    [
        ("make-pears.params.x=1", UnknownNameError),
        ("seed", RecipeError),
        ("=3", RecipeError),
        ("make-pairs=3", RecipeError),
        ("make-pairs.stage.x=3", RecipeError),
        ("seed=many", RecipeError),
    ],
)
def test_an_override_that_fits_nothing_says_so(
    tmp_path: Path, override: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        load_recipe(_file(tmp_path, _GOOD), overrides=[override])


def test_an_unknown_recipe_lists_the_shipped() -> None:
    with pytest.raises(UnknownNameError, match="'clen'") as caught:
        load_recipe("clen")
    assert "Did you mean 'clean'?" in str(caught.value)


@pytest.mark.parametrize("value", ["[", "{a: b", "2024-99-99"])
def test_an_override_whose_value_is_not_yaml_says_so(tmp_path: Path, value: str) -> None:
    with pytest.raises(RecipeError, match="not YAML") as caught:
        load_recipe(_file(tmp_path, _GOOD), overrides=[f"seed={value}"])
    assert caught.value.where == "--set seed"


def test_a_file_that_is_not_text_says_so(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_bytes(b"name: \xff\xfe")
    with pytest.raises(RecipeError, match="not YAML") as caught:
        load_recipe(path)
    assert caught.value.where == f"{path}:1"


def test_the_json_schema_takes_a_step_as_a_name_too() -> None:
    schema = recipe_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"name": "r", "steps": ["flag-quality", {"stage": "make-pairs"}]}, schema)
    for wrong in (["Not A Name"], [3], [{"stage": "a", "parms": {}}]):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"name": "r", "steps": wrong}, schema)


def test_a_report_that_does_not_exist_is_told_with_its_line(tmp_path: Path) -> None:
    path = _file(tmp_path, f"{_GOOD}reports:\n  - of: displacemnt\n    to: reports/d\n")
    with pytest.raises(UnknownNameError, match="no report named 'displacemnt'") as caught:
        load_recipe(path)
    assert caught.value.where == f"{path}:7"
    assert "Did you mean 'displacement'?" in str(caught.value)


def test_a_parameter_beside_params_is_told_where_it_stands() -> None:
    with pytest.raises(RecipeError, match=r"write params\.exclude_flags"):
        load_recipe("clean", overrides=["select-pairs.exclude_flags=[]"])
