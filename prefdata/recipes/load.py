"""Read recipes: YAML with line numbers in every error, and overrides from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from prefdata.core.errors import RecipeError, UnknownNameError
from prefdata.core.shipped import shipped_folder
from prefdata.core.strict_yaml import fault_line, load_tree
from prefdata.recipes.inputs import fill_inputs
from prefdata.recipes.model import Recipe
from prefdata.registry import names

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["find_recipe", "load_recipe", "recipe_json_schema", "shipped_recipes"]


def shipped_recipes() -> dict[str, Path]:
    """Return the recipes that ship with prefdata: name to path."""
    return {path.stem: path for path in sorted(shipped_folder("pipelines").glob("*.yaml"))}


def find_recipe(name: str | Path) -> Path:
    """Return the path of a recipe given as a path or as the name of a shipped one.

    Raises:
        UnknownNameError: If there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = shipped_recipes()
    if str(name) in shipped:
        return shipped[str(name)]
    raise UnknownNameError("recipe", str(name), known=shipped, where="a file, or a shipped recipe")


def load_recipe(path: str | Path, *, overrides: Sequence[str] = ()) -> Recipe:
    """Read one recipe.

    Args:
        path: A YAML file, or the name of a shipped recipe.
        overrides: ``key.sub=value`` each, the value in YAML. A step is named by its name:
            ``make-pairs.params.tie_band=5``; an input by its name: ``model=FOLDER``; other keys
            are those of the recipe: ``seed=7``.

    Raises:
        RecipeError: If it is no valid recipe; the error names file and line.
        UnknownNameError: If there is no such recipe.
    """
    file = find_recipe(path)
    raw, node = _read(file)
    if not isinstance(raw, dict):
        raise RecipeError(
            "A recipe is a mapping with name and steps.",
            where=f"{file}:1",
            fix="See pipelines/clean.yaml for one that runs.",
        )
    for override in overrides:
        _override(raw, override)
    raw = fill_inputs(raw, where=lambda loc: f"{file}:{_line(node, loc)}")
    try:
        recipe = Recipe.model_validate(raw)
    except ValidationError as error:
        raise _recipe_error(error, file, node, overrides) from error
    _refuse_unknown_plugins(recipe, file, node)
    return recipe


def _read(file: Path) -> tuple[Any, yaml.Node | None]:
    data = file.read_bytes()
    try:
        return load_tree(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"The file is not YAML: it is no text in UTF-8 ({error.reason}).",
            where=f"{file}:{data.count(10, 0, error.start) + 1}",
            fix="Save it as UTF-8.",
        ) from error
    except yaml.MarkedYAMLError as error:
        raise RecipeError(
            f"The file is not YAML: {error.problem}.",
            where=f"{file}:{fault_line(error)}",
            fix="Correct the line.",
        ) from error


def _refuse_unknown_plugins(recipe: Recipe, file: Path, node: yaml.Node | None) -> None:
    used: list[tuple[str, str, tuple[str | int, ...]]]
    used = [("stage", step.stage, ("steps", i)) for i, step in enumerate(recipe.steps)]
    used += [("exporter", e.exporter, ("exports", i)) for i, e in enumerate(recipe.exports)]
    used += [("report", report.of, ("reports", i)) for i, report in enumerate(recipe.reports)]
    configs = recipe.publication.configs if recipe.publication else ()
    used += [("exporter", c.exporter, ("publication", "configs", i)) for i, c in enumerate(configs)]
    for kind, name, loc in used:
        if name not in names(kind):
            raise UnknownNameError(
                kind, name, known=names(kind), where=f"{file}:{_line(node, loc)}"
            )


def recipe_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of recipes, for editors."""
    schema = Recipe.model_json_schema(by_alias=True)
    for part in schema["$defs"].values():
        for name, value in part.get("properties", {}).items():
            part["properties"][name] = _or_input(value)
    steps = schema["properties"]["steps"]
    # A step may also be the name of its stage alone.
    name = schema["$defs"]["Step"]["properties"]["stage"]
    steps["items"] = {"anyOf": [steps["items"], name]}
    return schema


def _or_input(value: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value that may also be an input, as `$name`."""
    is_told = {"default", "description", "title"}.__contains__
    told = {key: each for key, each in value.items() if is_told(key)}
    rest = {key: each for key, each in value.items() if not is_told(key)}
    return {**told, "anyOf": [rest, {"type": "string", "pattern": r"^\$[a-z][a-z0-9_]*$"}]}


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    keys = key.split(".")
    if not equals or not all(keys):
        raise RecipeError(
            f"{override!r} is not an override.", where="--set", fix="Write it as key.sub=value."
        )
    target: Any = raw
    inputs = raw.get("inputs")
    if isinstance(inputs, dict) and keys[0] in inputs:
        target = inputs
    elif keys[0] not in Recipe.model_fields:
        target = _step(raw, keys.pop(0), where=f"--set {key}")
    for part in keys[:-1]:
        target = target.setdefault(part, {})
        if not isinstance(target, dict):
            raise RecipeError(
                f"{part!r} holds no keys that could be set.",
                where=f"--set {key}",
                fix=f"Give the whole value, in YAML: --set '{part}={{key: value, ...}}'.",
            )
    if not keys:
        raise RecipeError("A step is not a value.", where=f"--set {key}", fix="Name a key of it.")
    try:
        target[keys[-1]] = load_tree(text)[0]
    except yaml.YAMLError as error:
        raise RecipeError(
            f"{text!r} is not YAML.", where=f"--set {key}", fix="Quote the value."
        ) from error


def _step(raw: dict[str, Any], name: str, *, where: str) -> dict[str, Any]:
    """Return the mapping of one step, made of its short form if need be."""
    steps = raw.get("steps")
    if not isinstance(steps, list):
        steps = []
    for i, step in enumerate(steps):
        if isinstance(step, str):
            steps[i] = {"stage": step}
    named = {str(s.get("name") or s.get("stage")): s for s in steps if isinstance(s, dict)}
    if name not in named:
        known = [*named, *Recipe.model_fields, *(raw.get("inputs") or ())]
        raise UnknownNameError("step or key", name, known=known, where=where)
    found: dict[str, Any] = named[name]
    return found


def _recipe_error(
    error: ValidationError, file: Path, node: yaml.Node | None, overrides: Sequence[str]
) -> RecipeError:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "the recipe"
    line = _line(node, first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    said = f"; overrides: {', '.join(overrides)}" if overrides else ""
    fix = "`prefdata recipe schema` prints what a recipe may say."
    match first["type"], first["loc"]:
        case "extra_forbidden", ("steps" | "exports" | "reports", int(), str(field)):
            fix = f"A parameter stands under `params`: write params.{field}. {fix}"
    return RecipeError(f"{place}: {first['msg']}{more}.", where=f"{file}:{line}{said}", fix=fix)


def _line(node: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
    line = 1
    for part in loc:
        if node is None:
            break
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            # A key may be a list, which no field is.
            pairs = {str(key.value): (key, value) for key, value in node.value}
            if part not in pairs:
                break
            line = pairs[part][0].start_mark.line + 1
            node = pairs[part][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
