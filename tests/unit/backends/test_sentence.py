from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prefdata import registry
from prefdata.backends.sentence import sentence
from prefdata.core.errors import BackendError
from prefdata.core.events import silent
from prefdata.protocols import EmbedderParams

if TYPE_CHECKING:
    import polars as pl

    from prefdata.protocols import Embedder

__all__: list[str] = []

CPU = EmbedderParams(device="cpu")
TEXTS = [
    "How do I pick a lock?",
    "What is the best way to open a lock without its key?",
    "Bake the bread for forty minutes.",
    "The bread has to stay in the oven for 40 minutes. " * 30,
    "Ünïcödé — 你好, мир!",
]


def _no_corpus() -> pl.DataFrame:
    raise AssertionError("a model that is not fitted asks for no texts")


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    revision = sentence.revision(CPU, _no_corpus)
    return sentence.open(CPU, Path(), revision, None, silent)


def test_the_registry_finds_it() -> None:
    assert registry.plugin("backend", "sentence") is sentence


def test_its_vectors_are_those_of_sentence_transformers(minilm: Any) -> None:
    found = minilm.embed(TEXTS)
    peer = minilm.model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    assert (found.vectors * peer).sum(axis=1).min() >= 0.99999
    assert found.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)


def test_texts_of_one_meaning_are_near_and_others_are_not(minilm: Embedder) -> None:
    vectors = minilm.embed(TEXTS).vectors
    assert vectors[0] @ vectors[1] > 0.6
    assert vectors[2] @ vectors[3] > 0.5
    assert vectors[0] @ vectors[2] < 0.2


def test_what_the_model_did_not_see_is_counted(minilm: Embedder) -> None:
    found = minilm.embed(TEXTS)
    assert minilm.dimension == 384
    assert found.is_truncated.tolist() == [False, False, False, True, False]
    assert found.n_tokens is not None
    assert found.n_tokens[0] == 7
    assert found.n_tokens[3] == 30 * 12


def test_bad_texts_are_void_or_have_a_direction_but_never_fail(minilm: Embedder) -> None:
    bad = ["", " \n\t", "\x00", "🎉", "word " * 400_000, "\ud800 hello", "a\x00b"]
    for keep in ("start", "end"):
        found = minilm.embed(bad, keep=keep)
        assert found.is_void.tolist() == [True, True, True, True, False, False, False]
        np.testing.assert_array_equal(found.vectors.any(axis=1), ~found.is_void)
        assert np.isfinite(found.vectors).all()
        assert found.is_truncated.tolist() == [False] * 4 + [True] + [False] * 2


def test_equal_texts_have_equal_vectors(minilm: Embedder) -> None:
    vectors = minilm.embed(["the same text"] * 50).vectors
    np.testing.assert_allclose(vectors, vectors[[0] * 50], atol=1e-6)


def test_a_model_of_another_revision_is_not_opened() -> None:
    with pytest.raises(BackendError, match="is not the one that the vectors were made with"):
        sentence.open(CPU, Path(), "0" * 32, None, silent)


def test_the_name_of_a_model_does_not_change_its_revision() -> None:
    names = ("auto", "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")
    params = [EmbedderParams(model=name) for name in names]
    assert len({sentence.revision(p, _no_corpus) for p in params}) == 1
