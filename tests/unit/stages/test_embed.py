"""Every row has a vector by its content, or is rejected with a reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import prefdata as pf
from prefdata.protocols import RawFile
from prefdata.runner import ingest

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog

_ROWS = [
    {"prompt": "How are you?", "chosen": "Fine, thanks.", "rejected": "Go away."},
    {"prompt": "How are you?", "chosen": "Well.", "rejected": "Fine, thanks."},
    {"prompt": "And you?", "chosen": "   ", "rejected": "!!!"},
]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = pf.init(tmp_path / "w")
    for name in ("a", "b"):
        path = tmp_path / f"{name}.jsonl"
        path.write_text("\n".join(json.dumps(row) for row in _ROWS))
        ingest(catalog, "trl", [RawFile(path, path.name)], params={"name": name})
    return catalog


def _embed(catalog: Catalog, **more: Any) -> Any:
    return pf.embed(model="lexical", workspace=catalog.workspace.root, **more)


def test_one_content_has_one_vector_for_all_datasets(catalog: Catalog) -> None:
    done = _embed(catalog)
    step = done.steps[0]
    assert (step.source, step.rows_in, step.rows_out) == ("all", 18, 14)
    assert step.reasons == {"empty-text": 2, "no-vector": 2}
    counts = catalog.sql("SELECT subject, count(*) FROM embeddings GROUP BY 1 ORDER BY 1")
    assert counts.fetchall() == [("prompts", 2), ("responses", 3)]
    rejects = catalog.sql("SELECT source, subject, rule, raw FROM rejects ORDER BY ALL").fetchall()
    assert rejects == [
        (source, "responses", rule, raw)
        for source in ("a", "b")
        for rule, raw in (("empty-text", "   "), ("no-vector", "!!!"))
    ]


def test_vectors_are_joined_by_content_in_sql(catalog: Catalog) -> None:
    _embed(catalog)
    rows = catalog.sql(
        "SELECT p.prompt_id FROM prompts AS p JOIN embeddings AS e "
        "ON e.subject = 'prompts' AND e.content_hash = p.content_hash"
    ).fetchall()
    assert len(rows) == 6


def test_a_second_run_computes_nothing(catalog: Catalog) -> None:
    _embed(catalog)
    before = catalog.scan("embeddings").collect()
    assert _embed(catalog).steps[0].is_cached
    # Without the cache of steps, there is still nothing missing.
    again = _embed(catalog, prompt_view="user")
    assert not again.steps[0].is_cached
    assert catalog.scan("embeddings").collect().equals(before)


def test_only_what_is_asked_for_is_embedded(catalog: Catalog) -> None:
    _embed(catalog, of=["prompts"], prompt_view="last")
    found = catalog.scan("embeddings").select("subject", "view").unique().collect()
    assert found.rows() == [("prompts", "last")]
    assert catalog.scan("rejects").filter(pl.col("stage") == "embed").collect().is_empty()
