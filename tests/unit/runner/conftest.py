"""A catalog with one small source, and stages made for the tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from prefdata import registry
from prefdata.catalog import Catalog
from prefdata.protocols import RawFile, Stage
from prefdata.recipes import Recipe
from prefdata.runner import ingest, run
from prefdata.runner.publish import PublishResult, publish
from prefdata.testing.contracts import write_files

if TYPE_CHECKING:
    from pathlib import Path

Add = Callable[[str, object], None]


def rows(n: int, *, word: str = "yes") -> str:
    """Return ``n`` explicit TRL pairs as JSON Lines."""
    lines = ({"prompt": f"q {i}?", "chosen": f"{word} {i}", "rejected": "no"} for i in range(n))
    return "\n".join(json.dumps(line) for line in lines)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.create(tmp_path / "w")


@pytest.fixture
def put(catalog: Catalog, tmp_path: Path) -> Callable[..., None]:
    """Return a function that ingests ``n`` pairs under a source name."""

    def put_rows(name: str, n: int, word: str = "yes") -> None:
        path = tmp_path / f"{name}.jsonl"
        path.write_text(rows(n, word=word))
        ingest(catalog, "trl", [RawFile(path, path.name)], params={"name": name})

    return put_rows


@pytest.fixture
def add_plugin(monkeypatch: pytest.MonkeyPatch) -> Add:
    """Return a function that offers a plugin under its kind, as another package would."""
    import sys

    module = ModuleType("plugins_of_this_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    places = {kind: dict(registry._places(kind)) for kind in registry._PACKAGES}
    monkeypatch.setattr(registry, "_places", places.__getitem__)

    def add(kind: str, plugin: object) -> None:
        name = str(plugin.name)  # type: ignore[attr-defined]
        attribute = name.replace("-", "_")
        setattr(module, attribute, plugin)
        places[kind][name] = (module.__name__, attribute)

    return add


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Two sources with pairs, splits and decisions, for tests that only read them."""
    folder = tmp_path_factory.mktemp("settled")
    catalog = Catalog.create(folder / "w")
    for name, n in (("a", 40), ("b", 5)):
        path = folder / f"{name}.jsonl"
        path.write_text(rows(n))
        ingest(catalog, "trl", [RawFile(path, path.name)], params={"name": name})
    steps = ["flag-quality", "make-pairs", "split-by-prompt", "select-pairs"]
    run(catalog, Recipe.model_validate({"name": "r", "steps": steps}))
    return catalog


MAPPING = """
id: qid
prompt: question
license: CC-BY-4.0
responses:
  first: {text: one, model: gpt-4}
  second: {text: two, model: llama-2-7b-chat}
annotator: {id: rater, kind: human, country: land, gender: sex}
judgments:
  - choice: {column: winner, values: {1: first, 2: second}}
"""
"""What is in `people_rows`, for the source ``mapped``."""


PUBLISHED = {
    "name": "two",
    "steps": [
        {"stage": "make-pairs", "per_source": {"prism": {"rule": "ratings"}}},
        "split-by-prompt",
        "select-pairs",
    ],
    "publication": {
        "title": "Two sources",
        "attribution": {
            "crowd": {"author": "A. Nobody", "title": "Crowd", "link": "https://example.org"}
        },
        "configs": [
            {"name": "all", "decisions": "select-pairs", "splits": "split-by-prompt"},
            {
                "name": "asked",
                "decisions": "select-pairs",
                "sources": ["prism"],
                "license": "CC-BY-4.0",
                "params": {"leave_out": ["chosen", "rejected", "prompt"]},
            },
        ],
    },
}
"""A recipe that publishes two configurations, the second without any text."""


def people_rows(n_pairs: int = 48, n_people: int = 24) -> str:
    """Return choices of people as JSON Lines: 11 from Chile, one from Peru, the rest from Kenya.

    One text in four holds an address, and the first question is asked twice.
    """
    lines = []
    for i in range(n_pairs):
        who = i % n_people
        land = "Peru" if who == 0 else "Chile" if who <= 11 else "Kenya"
        mail = f" Write to ann{i}@example.org." if i % 4 == 0 else ""
        row = {"qid": i, "question": f"Question {max(i, 1)}?", "one": f"Yes {i}.{mail}"}
        row |= {"two": f"No {i}.", "winner": 1 + i % 2, "rater": f"worker-{who:03d}"}
        row |= {"land": land, "sex": "Female" if who % 2 else "Male"}
        lines.append(json.dumps(row))
    return "\n".join(lines)


@pytest.fixture
def put_people(catalog: Catalog, tmp_path: Path) -> Callable[..., None]:
    """Return a function that ingests `people_rows` as the source ``crowd``."""

    def put_rows(**counts: int) -> None:
        path = tmp_path / "crowd.jsonl"
        path.write_text(people_rows(**counts))
        (tmp_path / "mapping.yaml").write_text(MAPPING)
        params = {"name": "crowd", "mapping": str(tmp_path / "mapping.yaml")}
        ingest(catalog, "mapped", [RawFile(path, path.name)], params=params)

    return put_rows


@pytest.fixture(autouse=True)
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the key of pseudonyms away from that of whoever runs the tests."""
    path = tmp_path / "keys" / "annotators.key"
    monkeypatch.setenv("PREFDATA_KEY_FILE", str(path))
    return path


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalog, PublishResult]:
    """A catalog of people and of PRISM's example rows, and what was staged of it; only to read."""
    folder = tmp_path_factory.mktemp("published")
    catalog = Catalog.create(folder / "w")
    (folder / "crowd.jsonl").write_text(people_rows())
    (folder / "mapping.yaml").write_text(MAPPING)
    params = {"name": "crowd", "mapping": str(folder / "mapping.yaml")}
    ingest(catalog, "mapped", [RawFile(folder / "crowd.jsonl", "crowd.jsonl")], params=params)
    ingest(catalog, "prism", write_files(registry.plugin("source", "prism").example, folder / "p"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFDATA_KEY_FILE", str(folder / "keys" / "annotators.key"))
        return catalog, publish(catalog, Recipe.model_validate(PUBLISHED))


def named(stage: Stage, name: str) -> Stage:
    """Return a stage under another name."""
    import dataclasses

    return dataclasses.replace(stage, name=name)
