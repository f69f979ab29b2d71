"""The reference pages of recipes, stages and plugins, made from the code that reads them.

``python -m prefdata.cli._reference docs/reference`` writes them; the project keeps them there.
"""

from __future__ import annotations

import json

from prefdata.cli._reference.plugins import plugins_markdown
from prefdata.cli._reference.recipes import recipes_markdown
from prefdata.cli._reference.stages import stages_markdown
from prefdata.recipes import recipe_json_schema

__all__ = ["reference_pages"]


def reference_pages() -> dict[str, str]:
    """Return each page by the name of its file, and the JSON Schema of recipes with them."""
    return {
        "plugins.md": plugins_markdown(),
        "recipe.schema.json": json.dumps(recipe_json_schema(), indent=1, ensure_ascii=False) + "\n",
        "recipes.md": recipes_markdown(),
        "stages.md": stages_markdown(),
    }
