"""Recipes: what would be done, what was done, and what a stage takes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run

__all__: list[str] = []

_RECIPE = """
name: few
steps:
  - make-pairs
  - stage: split-by-prompt
exports:
  - {as: jsonl, to: exports/few, pairs: make-pairs, splits: split-by-prompt}
"""


def test_a_recipe_of_ones_own_is_planned_run_and_known_then(
    run: Run, workspace: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "few.yaml"
    recipe.write_text(_RECIPE)
    changed = (recipe, "-w", workspace, "--set", "seed=5")

    def statuses() -> set[str]:
        told = run("plan", *changed, "--json")
        return {json.loads(line)["status"] for line in told.stdout.splitlines()}

    assert statuses() != {"cached"}
    done = run("run", *changed)
    assert done.status == 0
    assert f"16 pairs as jsonl in {workspace / 'exports' / 'few'}" in done.stdout
    assert statuses() == {"cached"}
    assert ", cached" in run("run", *changed).stderr
    assert ", cached" not in run("run", *changed, "--force").stderr


@pytest.mark.parametrize(("budget", "is_told"), [(0.0001, True), (1000, False)])
def test_a_price_beyond_the_budget_is_told(
    budget: float, is_told: bool, run: Run, workspace: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "judged.yaml"
    model = "{model: m, base_url: 'http://127.0.0.1:9/v1', price: {input: 1, output: 2}"
    recipe.write_text(
        "name: judged\nsteps:\n  - make-pairs\n"
        f"  - {{stage: judge, params: {{models: {model}, budget: {budget}}}}}}}\n"
    )
    told = run("plan", recipe, "-w", workspace, "--price")
    assert told.status == 0
    line = "beyond its budget of 0.0001 USD: the run would stop\n"
    assert (line in told.stdout) == is_told
    assert re.search(r"0\.\d{4} USD", told.stdout)


def test_a_recipe_with_a_fault_is_refused_with_its_place(
    run: Run, workspace: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "wrong.yaml"
    recipe.write_text("name: wrong\nsteps:\n  - make-pair\n")
    for command in ("plan", "run"):
        told = run(command, recipe, "-w", workspace)
        assert (told.status, told.stdout) == (2, "")
        assert "make-pair" in told.stderr
        assert f"where: {recipe}:3" in told.stderr


def test_a_recipe_that_does_not_ship_is_refused(run: Run) -> None:
    told = run("recipe", "show", "claen")
    assert (told.status, told.stdout) == (2, "")
    assert "Did you mean 'clean'?" in told.stderr


def test_a_stage_says_what_it_reads_writes_and_takes(run: Run) -> None:
    told = run("stage", "show", "make-pairs")
    assert told.stdout.startswith("make-pairs v")
    assert "reads judgments, responses, prompts; writes pairs\n" in told.stdout
    assert "tie_band" in told.stdout
