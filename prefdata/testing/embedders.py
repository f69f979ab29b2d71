"""What every embedder promises, checked on texts of all kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.core.events import silent
from prefdata.protocols import EmbedderParams, VectorSet
from prefdata.tables.identity import hash_texts

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.protocols import Embedded, Embedder, EmbedderBackend

__all__ = ["ODD_TEXTS", "LexicalVectors", "assert_embedder_contract"]

ODD_TEXTS = (
    "How do I pick a lock?",
    "HOW DO I  PICK A LOCK?",
    "word " * 3_000,
    "如何打开一把锁",
    "كيف أفتح القفل؟",
    "👩‍👩‍👧‍👦 🔓",
    "nul\x00byte and \x07 bell",
    "e\u0301 combining \u202e turned \u202c",
    "<|im_start|>user </s> [CLS] [SEP] [MASK]",
    "a",
    "0",
    "x" * 200_000,
)
"""Texts that embedders have been seen to stumble over."""
_UNIT = 1e-3


@dataclass(frozen=True)
class LexicalVectors:
    """Vectors of the lexical embedder, fitted on what is asked for, kept nowhere."""

    folder: Path
    """Where what is fitted lies."""

    def get(
        self, texts: pl.DataFrame, *, subject: str, view: str, model: EmbedderParams, step: str
    ) -> VectorSet:
        """Return the vectors of texts, as `prefdata.protocols.Vectors` does."""
        from prefdata.backends.lexical import lexical

        del subject, view, step  # they name what a store keeps
        distinct = texts.select("content_hash", "text").unique("content_hash").sort("content_hash")
        revision = lexical.revision(model, lambda: distinct)
        opened = lexical.open(model, self.folder, revision, lambda: distinct, silent)
        found = opened.embed(distinct["text"].to_list())
        is_void = pl.Series(found.is_void)
        return VectorSet(
            hashes=distinct["content_hash"].filter(~is_void),
            matrix=found.vectors[~found.is_void],
            embedder="lexical",
            revision=revision,
            void=distinct.filter(is_void).select("content_hash"),
            open=lambda: opened,
        )


def assert_embedder_contract(
    backend: EmbedderBackend, folder: Path, params: EmbedderParams | None = None
) -> None:
    """Check what every embedder promises.

    Args:
        backend: The backend.
        folder: An empty folder to work in.
        params: Which model, where the backend needs to be told.

    Raises:
        AssertionError: If a promise is broken; the message says which.
    """
    model = params or EmbedderParams(model=backend.name)
    column = pl.Series("text", ODD_TEXTS)
    corpus = pl.DataFrame({"content_hash": hash_texts(column), "text": column})
    revision = backend.revision(model, lambda: corpus)
    assert revision == backend.revision(model, corpus.reverse), (
        "the revision depends on the order of the texts"
    )
    opened = backend.open(model, folder, revision, lambda: corpus, silent)
    assert opened.revision == revision, "the opened model is of another revision"
    first = opened.embed(ODD_TEXTS)
    _assert_shape(first, opened)
    _assert_same(first, opened.embed(ODD_TEXTS), "two calls differ")
    again = backend.open(model, folder, revision, None if backend.is_fitted else _none, silent)
    _assert_same(first, again.embed(ODD_TEXTS), "the model opened again gives other vectors")
    _assert_order_is_kept(opened, first)
    told: list[int] = []
    opened.embed(ODD_TEXTS[:4], done=told.append)
    assert told == sorted(told), "progress goes back"
    assert told, "no progress is told"
    assert told[-1] == len(ODD_TEXTS[:4]), "progress does not end at the end"
    opened.embed(ODD_TEXTS[:2], keep="end", is_query=True)
    assert opened.embed([]).vectors.shape == (0, opened.dimension), "no text gives no empty matrix"


def _none() -> pl.DataFrame:
    raise AssertionError("a model that is not fitted asked for texts")


def _assert_shape(found: Embedded, opened: Embedder) -> None:
    n = len(ODD_TEXTS)
    assert found.vectors.shape == (n, opened.dimension), f"the shape is {found.vectors.shape}"
    assert found.vectors.dtype == np.float32, f"the type is {found.vectors.dtype}"
    assert np.isfinite(found.vectors).all(), "a value is not finite"
    norms = np.linalg.norm(found.vectors, axis=1)
    assert np.allclose(norms[~found.is_void], 1, atol=_UNIT), "a vector has another length than 1"
    assert (norms[found.is_void] == 0).all(), "a void text has a direction"
    assert not found.is_void[0], "an ordinary sentence has no vector"
    assert found.is_truncated.shape == found.is_void.shape == (n,), "marks of another shape"
    if found.n_tokens is not None:
        assert (found.n_tokens > 0).all(), "a text has no token"


def _assert_same(one: Embedded, other: Embedded, message: str) -> None:
    assert one.vectors.tobytes() == other.vectors.tobytes(), message


def _assert_order_is_kept(opened: Embedder, first: Embedded) -> None:
    back = opened.embed(ODD_TEXTS[::-1])
    assert np.allclose(back.vectors[::-1], first.vectors, atol=_UNIT), "rows are in another order"
