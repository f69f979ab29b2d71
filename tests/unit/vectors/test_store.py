"""A text is embedded once per embedder; what is there is never computed again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.core.errors import DataError
from prefdata.core.events import Progress, StepFinished, StepStarted
from prefdata.vectors.store import VectorStore

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.protocols import EmbedderParams, VectorSet


def _texts(*given: str) -> pl.DataFrame:
    from prefdata.tables.identity import hash_texts

    column = pl.Series("text", given, dtype=pl.String)
    return pl.DataFrame({"content_hash": hash_texts(column), "text": column})


def _get(catalog: Catalog, texts: pl.DataFrame, model: EmbedderParams, **more: Any) -> VectorSet:
    asked = {"subject": "responses", "view": "text", "step": "embed", **more}
    return VectorStore(catalog).get(texts, model=model, **asked)


def _seen(words: Any) -> list[str]:
    return [text for batch in words.seen for text in batch]


_MANY = _texts(*(f"word{i} more{i % 3}" for i in range(30)))


def test_each_distinct_text_is_embedded_once(
    catalog: Catalog, words: Any, model: EmbedderParams
) -> None:
    found = _get(catalog, pl.concat([_MANY, _MANY.reverse()]), model)
    assert sorted(_seen(words)) == sorted(_MANY["text"])
    assert found.hashes.to_list() == sorted(_MANY["content_hash"])
    assert np.allclose(np.linalg.norm(found.matrix, axis=1), 1, atol=1e-3)
    assert (found.n_computed, found.void.height) == (30, 0)


def test_contents_that_differ_share_the_vector_of_one_text(
    catalog: Catalog, words: Any, model: EmbedderParams
) -> None:
    twice = pl.DataFrame({"content_hash": ["b" * 32, "a" * 32], "text": ["same text"] * 2})
    found = _get(catalog, twice, model)
    assert words.seen == [["same text"]]
    assert (found.matrix[0] == found.matrix[1]).all()


def test_only_what_is_missing_is_computed(
    catalog: Catalog, words: Any, model: EmbedderParams
) -> None:
    first = _get(catalog, _MANY.head(20), model)
    n_before = len(_seen(words))
    again = _get(catalog, _MANY, model)
    assert len(_seen(words)) - n_before == 10
    assert again.n_computed == 10
    rows = pl.DataFrame({"content_hash": again.hashes}).with_row_index()
    shared = rows.filter(pl.col("content_hash").is_in(first.hashes.to_list()))["index"]
    assert (again.matrix[shared.to_numpy()] == first.matrix).all()
    assert _get(catalog, _MANY, model).n_computed == 0


def test_a_run_that_was_stopped_goes_on_and_gives_the_same_bytes(
    tmp_path: Path, words: Any, model: EmbedderParams
) -> None:
    calm = Catalog.create(tmp_path / "calm")
    _get(calm, _MANY, model)
    batches = list(words.seen)
    words.seen.clear()
    stopped = Catalog.create(tmp_path / "stopped")
    words.fails_after = 3
    with pytest.raises(KeyboardInterrupt):
        _get(stopped, _MANY, model)
    kept = stopped.scan("embeddings").collect().height
    assert 0 < kept < 30
    words.fails_after = None
    found = _get(stopped, _MANY, model)
    assert found.n_computed == 30 - kept
    assert words.seen == batches  # The same batches, so the same rounding.
    ours, theirs = (
        sorted(entry.digest for entry in catalog.head().state.table("embeddings").files)
        for catalog in (stopped, calm)
    )
    assert ours == theirs


def test_texts_without_a_vector_are_named_and_never_a_zero_row(
    catalog: Catalog, words: Any, model: EmbedderParams
) -> None:
    texts = _texts("fine words", "!!! ???", "\u0001")
    for _ in range(2):
        found = _get(catalog, texts, model)
        assert found.void.height == 2
        assert found.hashes.len() == 1
        assert found.matrix.any(axis=1).all()


def test_texts_that_were_cut_are_counted(
    catalog: Catalog, words: Any, model: EmbedderParams
) -> None:
    texts = _texts("short", "one two three four five six seven eight nine")
    assert _get(catalog, texts, model).n_truncated == 1
    assert _get(catalog, texts, model).n_truncated == 1


def test_a_part_of_the_texts_counts_only_its_own(
    catalog: Catalog, words: Any, model: EmbedderParams
) -> None:
    texts = _texts("short", "one two three four five six seven eight nine")
    _get(catalog, texts, model)
    assert _get(catalog, texts.head(1), model).n_truncated == 0


def test_another_revision_or_precision_is_another_embedder(
    catalog: Catalog, words: Any, model: EmbedderParams
) -> None:
    first = _get(catalog, _MANY, model)
    exact = _get(catalog, _MANY, model.model_copy(update={"dtype": "float32"}))
    words.revision = "2"
    later = _get(catalog, _MANY, model)
    assert len({first.embedder, exact.embedder, later.embedder}) == 3
    assert later.n_computed == 30


def test_a_model_of_another_dimension_is_refused(
    catalog: Catalog, words: Any, model: EmbedderParams
) -> None:
    _get(catalog, _MANY.head(5), model)
    words.dimension = 8
    with pytest.raises(DataError, match=r"8 values.*have 16"):
        _get(catalog, _MANY, model)


def test_vectors_are_outside_of_snapshots(
    catalog: Catalog, words: Any, model: EmbedderParams
) -> None:
    before = catalog.head().name
    _get(catalog, _MANY, model)
    assert catalog.head().name == before
    catalog.rollback("#0")
    assert _get(catalog, _MANY, model).n_computed == 0


def test_sql_joins_vectors_by_content(catalog: Catalog, words: Any, model: EmbedderParams) -> None:
    _get(catalog, _MANY, model)
    rows = catalog.sql(
        "SELECT model, backend, len(vector) AS d, count(*) AS n FROM embeddings GROUP BY ALL"
    ).fetchall()
    assert rows == [("words", "words", 16, 30)]


def test_progress_is_told_in_texts(catalog: Catalog, words: Any, model: EmbedderParams) -> None:
    told: list[Any] = []
    store = VectorStore(catalog, told.append)
    store.get(_MANY, subject="responses", view="text", model=model, step="embed")
    assert StepStarted("embed: embed responses", "embed", 30, "texts") in told
    done = [event.done for event in told if isinstance(event, Progress)]
    assert done == sorted(done)
    assert done[-1] == 30
    assert isinstance(told[-1], StepFinished)


def test_nothing_asked_is_nothing_computed(
    catalog: Catalog, words: Any, model: EmbedderParams
) -> None:
    found = _get(catalog, _texts(), model)
    assert (found.hashes.len(), words.seen) == (0, [])
