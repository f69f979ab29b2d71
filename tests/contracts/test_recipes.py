"""Every recipe that ships runs, and does nothing when it is run again."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.recipes import load_recipe, shipped_recipes
from prefdata.registry import plugin
from prefdata.runner import ingest, run
from prefdata.testing.causal import write_tiny_causal_lm
from prefdata.testing.chat_server import ChatServer
from prefdata.testing.contracts import write_files
from prefdata.testing.rule_model import rule_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__: list[str] = []


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A workspace with three sources, of the rows that ship as their examples; and a copy of it."""
    folder = tmp_path_factory.mktemp("recipes")
    catalog = Catalog.create(folder / "w")
    for source in ("hh-rlhf", "ultrafeedback", "prism"):
        files = write_files(plugin("source", source).example, folder / source)
        ingest(catalog, source, files)
    return folder / "w", shutil.copytree(folder / "w", folder / "copy")


@pytest.fixture
def catalog(ingested: tuple[Path, Path]) -> Catalog:
    """Three sources, and nothing that an earlier test did: put back where they were made."""
    place, copy = ingested
    shutil.rmtree(place)
    shutil.copytree(copy, place)
    return Catalog.open(place)


@pytest.fixture(scope="module")
def chat() -> Iterator[str]:
    """A chat model, as the command line takes one: a scripted server, which stands for none."""
    with ChatServer(rule_model) as server:
        yield f'{{model: colleague, base_url: "{server.base_url}"}}'


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_shipped_recipe_runs_and_then_has_nothing_to_do(
    name: str, catalog: Catalog, tmp_path: Path, chat: str
) -> None:
    recipe = load_recipe(name)
    if "model" in recipe.inputs:
        # Random weights: that a recipe runs does not depend on what a model knows.
        model = write_tiny_causal_lm(tmp_path / "model", width=16, layers=1)
        recipe = load_recipe(name, overrides=[f"model={model}"])
    if "title" in recipe.inputs:
        recipe = load_recipe(name, overrides=["title=Three sources"])
    if "writer" in recipe.inputs:
        recipe = load_recipe(name, overrides=[f"writer={chat}", f"judge={chat}", "limit=8"])
    if "budget" in recipe.inputs:
        values = [f"judge={chat}", "budget=50", "limit=20", "embedder=lexical"]
        recipe = load_recipe(name, overrides=values)
    if "shown" in recipe.inputs:
        values = [f"judge={chat}", "shown=2", "pilot=4", "voted=6"]
        lexical = ["embedder=lexical", "evidence_embedder=lexical", "group_by=[subset]"]
        recipe = load_recipe(name, overrides=[*values, *lexical])
    done = run(catalog, recipe)
    assert {step.step for step in done.steps} == {step.name for step in recipe.steps}
    assert all(export.rows for export in done.exports)
    assert len(done.reports) == len(recipe.reports)
    again = run(catalog, recipe)
    assert all(step.is_cached for step in again.steps)
    assert again.snapshot.name == done.snapshot.name


def test_no_prompt_leaks_after_deduplicate(catalog: Catalog) -> None:
    run(catalog, load_recipe("deduplicate"))
    assert catalog.scan("neighbors").collect().height
    leaks = catalog.scan("flags").filter(pl.col("flag") == "leak").collect()
    assert leaks.is_empty()
    parted = catalog.sql(
        "SELECT n.cluster_id FROM neighbors AS n JOIN splits AS s ON s.prompt_id = n.id "
        "WHERE n.subject = 'prompts' GROUP BY n.cluster_id HAVING count(DISTINCT s.split) > 1"
    )
    assert parted.fetchall() == []
