"""The page of all stages, made from the stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.cli._reference.fields import field_table
from prefdata.cli._reference.prose import MODELS, body, listed, own_plugins

if TYPE_CHECKING:
    from prefdata.protocols import Stage

__all__ = ["stages_markdown"]

_HEAD = """\
# Stages

What the steps of a [recipe](recipes.md) can do. A stage reads tables and writes others, or adds
rows; it never edits what it reads. This page is made from the stages: `python -m
prefdata.cli._reference docs/reference` writes it, `prefdata stage show NAME` shows one.
"""
_SCOPES = {
    "source": "once for each source",
    "catalog": "once for all sources of the recipe",
}


def stages_markdown() -> str:
    """Return the page: an overview, then each stage with its text and its parameters."""
    stages: list[Stage] = [found for _, found, _ in own_plugins("stage", "prefdata.stages")]
    parts = [_HEAD, "| stage | what it does |\n|---|---|"]
    parts[-1] += "".join(f"\n| [`{s.name}`](#{s.name}) | {s.summary} |" for s in stages) + "\n"
    linked = {model: f"plugins.md#{heading}" for model, heading in MODELS.items()}
    for each in stages:
        parts += [
            f"## {each.name}\n\n{each.summary}\n",
            f"{body(each.run.__doc__)}\n",
            f"Version {each.version}; called {_SCOPES[each.scope]}.\n",
            f"- Reads {listed(each.reads)}\n- Writes {listed(each.writes)}\n",
            "\n".join(field_table(each.params, linked=linked)) + "\n",
        ]
    return "\n".join(part for part in parts if part.strip())
