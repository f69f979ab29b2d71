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
from prefdata.runner import ingest

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


def named(stage: Stage, name: str) -> Stage:
    """Return a stage under another name."""
    import dataclasses

    return dataclasses.replace(stage, name=name)
