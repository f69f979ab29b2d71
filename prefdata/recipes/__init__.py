"""Recipes: one YAML file, one reproducible run."""

from __future__ import annotations

from prefdata.recipes.load import find_recipe, load_recipe, recipe_json_schema, shipped_recipes
from prefdata.recipes.model import ExportStep, Recipe, ReportStep, Step

__all__ = [
    "ExportStep",
    "Recipe",
    "ReportStep",
    "Step",
    "find_recipe",
    "load_recipe",
    "recipe_json_schema",
    "shipped_recipes",
]
