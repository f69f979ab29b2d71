"""A model name means one backend, and an embedder is named by what decides its vectors."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from prefdata.core.errors import InternalError
from prefdata.protocols import EmbedderParams
from prefdata.vectors.models import SMALL, backend_of, embedder_id, is_fallback, no_corpus, resolved


@pytest.mark.parametrize(
    ("name", "backend"),
    [
        ("lexical", "lexical"),
        ("words", "words"),
        ("sentence-transformers/all-MiniLM-L6-v2", "sentence"),
        ("./a/folder", "sentence"),
    ],
)
def test_a_backend_is_meant_by_its_name_and_a_model_by_any_other(
    words: Any, name: str, backend: str
) -> None:
    assert backend_of(EmbedderParams(model=name)).name == backend


def test_auto_is_the_sentence_model_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert backend_of(EmbedderParams()).name == "sentence"
    assert not is_fallback(EmbedderParams())
    assert resolved(EmbedderParams()).model == SMALL
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "sentence_transformers" else found(name, *more),
    )
    assert backend_of(EmbedderParams()).name == "lexical"
    assert is_fallback(EmbedderParams())
    assert resolved(EmbedderParams()).model == "lexical"
    assert not is_fallback(EmbedderParams(model="lexical"))


def test_where_a_vector_is_computed_does_not_name_its_embedder(words: Any) -> None:
    backend = backend_of(EmbedderParams(model="words"))

    def name(**more: object) -> str:
        return embedder_id(backend, EmbedderParams.model_validate({"model": "x", **more}), "1")

    same = {name(), name(device="cpu"), name(batch_tokens=64), name(model="y")}
    assert len(same) == 1
    other = {name(), name(dtype="float32"), name(max_tokens=64), name(prefix="p: ")}
    assert len(other) == 4


def test_a_recipe_may_give_the_name_alone() -> None:
    assert EmbedderParams.model_validate("lexical") == EmbedderParams(model="lexical")


def test_a_model_that_is_not_fitted_must_not_ask_for_texts() -> None:
    with pytest.raises(InternalError, match="not fitted"):
        no_corpus()
