"""A catalog with made-up scores of real-looking pairs, as frames that a report reads."""

from __future__ import annotations

import json

import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.protocols import RawFile
from prefdata.recipes import Recipe
from prefdata.runner import ingest, run
from prefdata.testing.scores import put_scores

__all__ = ["Frames"]

Frames = dict[str, pl.LazyFrame]

_READ = ("scores", "pairs", "prompts", "responses", "flags")
_WORDS = [
    "the",
    "stone",
    "answers",
    "slowly",
    "and",
    "the",
    "river",
    "takes",
    "its",
    "time",
    "with",
    "every",
    "question",
]
_REFUSAL = "I’m sorry, but I can’t\n help with that."


def _line(i: int) -> dict[str, str]:
    """Return a pair: every fourth has two refusals, every seventh identical responses."""
    chosen = " ".join(_WORDS[(i + j) % len(_WORDS)] for j in range(3 + i % 40))
    rejected = " ".join(_WORDS[(2 * i + j) % len(_WORDS)] for j in range(2 + 3 * i % 50))
    if i % 4 == 0:
        chosen, rejected = _REFUSAL, f"{_REFUSAL} {rejected}"
    elif i % 4 == 1:
        chosen = f"{_REFUSAL} {chosen}"
    if i % 7 == 0:
        rejected = f"{chosen} "
    return {
        "prompt": f"What of {i}? <script>alert({i})</script>",
        "chosen": chosen,
        "rejected": rejected,
    }


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Make two sources of 160 and 60 pairs, with scores, and a filter that kept the lowest half."""
    folder = tmp_path_factory.mktemp("scored")
    catalog = Catalog.create(folder / "w")
    for name, numbers in {"big": range(160), "small": range(200, 260)}.items():
        path = folder / f"{name}.jsonl"
        path.write_text("\n".join(json.dumps(_line(i)) for i in numbers), encoding="utf-8")
        ingest(catalog, "trl", [RawFile(path, path.name)], params={"name": name})
    run(catalog, Recipe.model_validate({"name": "pairs", "steps": ["make-pairs"]}))
    put_scores(catalog)
    step = {"stage": "filter-displacement", "params": {"keep_lowest": 0.5}}
    run(catalog, Recipe.model_validate({"name": "filter", "steps": [step]}))
    return catalog


@pytest.fixture(scope="session")
def frames(scored: Catalog) -> Frames:
    return {table: scored.scan(table) for table in _READ}


@pytest.fixture(scope="session")
def rows(frames: Frames) -> pl.DataFrame:
    """Return the rows of the scores."""
    return frames["scores"].collect()
