"""A run tells how many pairs it kept and why others are out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from prefdata.protocols import RawFile
from prefdata.recipes import Recipe
from prefdata.runner import decisions, ingest, run

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog


def test_kept_and_left_out_add_up(catalog: Catalog, tmp_path: Path) -> None:
    lines = [{"prompt": f"{i}?", "chosen": "yes" if i else "", "rejected": "no"} for i in range(4)]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    ingest(catalog, "trl", [RawFile(path, "x.jsonl")], params={"name": "a"})
    steps = ["flag-quality", "make-pairs", "select-pairs"]
    done = run(catalog, Recipe.model_validate({"name": "r", "steps": steps}))
    assert decisions(catalog, done) == {"select-pairs": {None: 3, "flag:empty-response": 1}}
