"""The contract of embedders finds what it is there to find."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from prefdata.protocols import Embedded, EmbedderBackend, EmbedderParams
from prefdata.testing.embedders import LexicalVectors, assert_embedder_contract

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@dataclass
class _Lengths:
    """Embeds a text by its length, or with one fault."""

    fault: str = ""
    dimension: int = 2
    revision: str = "1"
    calls: int = 0

    def embed(
        self,
        texts: Sequence[str],
        *,
        keep: str = "start",
        is_query: bool = False,
        done: Callable[[int], None] | None = None,
    ) -> Embedded:
        del keep, is_query
        self.calls += 1
        angle = np.array([1 / len(text) for text in texts])
        vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
        if self.fault == "length":
            vectors = 2 * vectors
        elif self.fault == "chance":
            vectors = np.roll(vectors, self.calls, axis=1)
        elif self.fault == "order":
            vectors = vectors[np.argsort(angle)]
        elif self.fault == "zero":
            vectors[0] = 0
        if done and self.fault != "progress":
            done(len(texts))
        void = np.zeros(len(texts), bool)
        return Embedded(vectors, None, void, void)


def _backend(fault: str = "") -> EmbedderBackend:
    def opened(*_: Any) -> _Lengths:
        return _Lengths(fault)

    def revision(*_: Any) -> str:
        return "1"

    return EmbedderBackend("lengths", "by length", revision, opened, shard_texts=1)


def test_an_embedder_that_keeps_its_promises_passes(tmp_path: Path) -> None:
    assert_embedder_contract(_backend(), tmp_path)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("length", "another length"),
        ("chance", "two calls differ"),
        ("order", "another order"),
        ("zero", "another length"),
        ("progress", "no progress"),
    ],
)
def test_a_broken_promise_is_named(tmp_path: Path, fault: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        assert_embedder_contract(_backend(fault), tmp_path)


def test_another_revision_than_asked_for_is_found(tmp_path: Path) -> None:
    def opened(*_: Any) -> _Lengths:
        return _Lengths(revision="2")

    with pytest.raises(AssertionError, match="another revision"):
        assert_embedder_contract(replace(_backend(), open=opened), tmp_path)


def test_lexical_vectors_are_those_of_distinct_texts_with_words(tmp_path: Path) -> None:
    texts = pl.DataFrame(
        {"content_hash": ["b", "a", "b"], "text": ["two words", "one", "two words"]}
    )
    model = EmbedderParams(model="lexical")
    found = LexicalVectors(tmp_path).get(texts, subject="s", view="v", model=model, step="t")
    assert found.hashes.to_list() == ["a", "b"]
    assert found.matrix.shape[0] == 2
    assert found.void.is_empty()
