"""Values that a recipe asks its user for: ``$model`` in the steps, ``--set model=...`` outside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.recipes.model import Recipe

    Loc = tuple[str | int, ...]

__all__ = ["fill_inputs", "refuse_open_inputs"]

_NAME = re.compile(r"\$([a-z][a-z0-9_]*)")
_FILLED = ("steps", "exports", "reports", "publication")


def fill_inputs(raw: dict[str, Any], *, where: Callable[[Loc], str]) -> dict[str, Any]:
    """Put the values of ``inputs`` where the rest of a recipe says ``$name``.

    A ``$name`` is a whole value, not a part of one. It stays where the input has no value, so that
    a recipe can be read without; see `refuse_open_inputs`. A recipe without ``inputs`` is left as
    it is.

    Args:
        raw: The recipe as it was read, overrides applied.
        where: Tells file and line of a place in the recipe, for errors.

    Raises:
        RecipeError: If the recipe names an input that it does not declare.
    """
    inputs = raw.get("inputs")
    if not isinstance(inputs, dict):
        return raw
    return {
        key: _filled(value, inputs, (key,), where) if key in _FILLED else value
        for key, value in raw.items()
    }


def _filled(value: Any, inputs: dict[str, Any], loc: Loc, where: Callable[[Loc], str]) -> Any:
    if isinstance(value, dict):
        return {k: _filled(item, inputs, (*loc, k), where) for k, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, inputs, (*loc, place), where) for place, item in enumerate(value)]
    named = _NAME.fullmatch(value) if isinstance(value, str) else None
    if named is None:
        return value
    if named[1] not in inputs:
        declared = ", ".join(sorted(map(str, inputs))) or "none"
        raise RecipeError(
            f"{value} is not among the inputs of the recipe.",
            where=where(loc),
            fix=f"Declare it under `inputs`. Declared: {declared}.",
        )
    given = inputs[named[1]]
    return value if given is None else given


def refuse_open_inputs(recipe: Recipe) -> None:
    """Refuse a recipe that still waits for a value.

    Raises:
        RecipeError: If an input has none; the error tells how to give it.
    """
    missing = sorted(name for name, value in recipe.inputs.items() if value is None)
    if missing:
        raise RecipeError(
            f"The recipe needs a value for {', '.join(missing)}.",
            where=f"recipe {recipe.name!r}",
            fix="Add " + " ".join(f"--set {name}=VALUE" for name in missing) + "; the recipe says "
            f"what that is: prefdata recipe show {recipe.name}, or its file if it is your own.",
        )
