"""Every run leaves what was asked, read, written, and how many rows went where."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from prefdata.recipes import Recipe
from prefdata.runner import run

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

Put = Callable[..., None]


def test_a_run_can_be_told_from_its_record(catalog: Catalog, put: Put) -> None:
    put("a", 3)
    base = catalog.head().name
    recipe = Recipe.model_validate(
        {
            "name": "r",
            "seed": 4,
            "steps": [{"stage": "make-pairs", "params": {"tie_band": 1}}],
            "exports": [{"as": "jsonl", "to": "out"}],
        }
    )
    done = run(catalog, recipe)
    (record,) = catalog.scan("runs").collect().filter(command="run").to_dicts()
    assert record["run_id"] == done.run_id == done.snapshot.run_id
    assert record["base_snapshot"] == base
    assert record["seed"] == 4
    assert Recipe.model_validate(json.loads(record["recipe_json"])) == recipe
    assert {"polars", "pyarrow", "duckdb"} <= set(json.loads(record["versions"]))
    steps = catalog.scan("run_steps").collect().filter(run_id=done.run_id).to_dicts()
    pairs, export = sorted(steps, key=lambda step: step["step"], reverse=True)
    assert pairs["step"] == "make-pairs/a"
    assert json.loads(pairs["params"])["tie_band"] == 1
    assert (pairs["rows_in"], pairs["rows_out"], pairs["rows_rejected"]) == (3, 3, 0)
    assert any(place.startswith("judgments/a") for place in json.loads(pairs["inputs"]))
    assert export["stage"] == "export:jsonl"
    assert json.loads(export["outputs"]) == done.exports[0].digests


def test_the_ingest_leaves_the_digests_of_its_files(catalog: Catalog, put: Put) -> None:
    put("a", 3)
    (step,) = catalog.scan("run_steps").collect().to_dicts()
    (file,) = catalog.scan("source_files").collect().to_dicts()
    assert json.loads(step["inputs"])[0]["sha256"] == file["digest"]
