"""Workers of an engine give the bytes that this process gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.protocols import LOCAL, EmbedderParams, Engine
from prefdata.registry import plugin
from prefdata.tables.identity import hash_texts
from prefdata.testing.engines import PickledEngine
from prefdata.vectors.store import VectorStore
from prefdata.vectors.workers import needs_of

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_TEXT = pl.Series("text", [f"some words {i} of a text {i % 7}" for i in range(60)])
_TEXTS = pl.DataFrame({"content_hash": hash_texts(_TEXT), "text": _TEXT})


def _digests(folder: Path, model: EmbedderParams, engine: Engine) -> list[str]:
    catalog = Catalog.create(folder)
    store = VectorStore(catalog, engine=engine)
    found = store.get(_TEXTS, subject="responses", view="text", model=model, step="embed")
    assert found.n_computed == _TEXTS.height
    return sorted(entry.digest for entry in catalog.head().state.table("embeddings").files)


@pytest.mark.parametrize("name", ["words", "lexical"])
def test_workers_write_the_same_files(name: str, tmp_path: Path, words: Any) -> None:
    model, engine = EmbedderParams(model=name), PickledEngine()
    here = _digests(tmp_path / "here", model, LOCAL)
    assert _digests(tmp_path / "there", model, engine) == here
    assert engine.labels == ["embed: embed responses"]


def test_what_was_fitted_travels_itself_and_needs_no_gpu(tmp_path: Path) -> None:
    assert not needs_of(plugin("backend", "lexical")).is_model
    assert needs_of(plugin("backend", "sentence")).is_model
