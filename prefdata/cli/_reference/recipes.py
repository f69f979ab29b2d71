"""The page of recipes, made from the models that read them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from prefdata.cli._reference.fields import field_table
from prefdata.protocols import Policies, Trainability
from prefdata.recipes import ExportStep, Recipe, ReportStep, Step, shipped_recipes
from prefdata.recipes.publication import Attribution, Gate, Publication, PublishedConfig

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["recipes_markdown"]

_HEAD = """\
# Recipes

A recipe is one YAML file and one reproducible run: steps in order, then files to export and
reports to make. This page is made from the models that read recipes: `python -m
prefdata.cli._reference docs/reference` writes it.

```yaml
# yaml-language-server: $schema=recipe.schema.json
name: harmless
description: Pairs of two sources, without repetitions, split by prompt.
seed: 7
sources: [hh-rlhf, prism]
inputs:
  band: 5                      # --set band=10 puts another value where $band stands
steps:
  - flag-quality               # the name alone: a step with the parameters that the stage has
  - dedup
  - stage: make-pairs
    per_source:
      prism: {rule: ratings, tie_band: $band}
  - stage: split-by-prompt
    params: {clusters_from: dedup}
  - stage: select-pairs
    params: {also_exclude: [near-duplicate]}
exports:
  - as: trl
    to: exports/harmless
    decisions: select-pairs
    splits: split-by-prompt
reports: []
```

`prefdata plan FILE` reads it and shows the steps, `prefdata run FILE` runs it. An error names the
file and the line. [recipe.schema.json](recipe.schema.json) is its JSON Schema, for editors that
complete and check YAML.

Any value can be replaced by `--set`: an input by its name, a key of a step by the name of the step
(`--set make-pairs.params.rule=labels`), other keys by theirs (`--set seed=1`).
"""
_SECTIONS: dict[type[BaseModel], str] = {
    Recipe: "Recipe",
    Step: "Steps",
    ExportStep: "Exports",
    Policies: "Policies of an export",
    Trainability: "Trainability of an export",
    ReportStep: "Reports",
    Publication: "Publication",
    PublishedConfig: "Configurations of a publication",
    Attribution: "Attribution of a publication",
    Gate: "Gate of a publication",
}


def recipes_markdown() -> str:
    """Return the page: an example, the keys of each part, and the recipes that ship."""
    linked = {model: f"#{title.lower().replace(' ', '-')}" for model, title in _SECTIONS.items()}
    parts = [_HEAD]
    for model, title in _SECTIONS.items():
        doc = inspect.cleandoc(model.__doc__ or "")
        parts.append(f"## {title}\n\n{doc}\n")
        parts.append("\n".join(field_table(model, linked=linked)) + "\n")
    parts.append(
        "## Recipes that ship\n\nEach is named by `prefdata run NAME`; copy one to change it.\n"
    )
    for name, path in shipped_recipes().items():
        text = path.read_text(encoding="utf-8").strip()
        parts.append(f"### {name}\n\n```yaml\n{text}\n```\n")
    return "\n".join(parts)
