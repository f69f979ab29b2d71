"""A backend is not fitted unless it says so, and a set of vectors opens its embedder when asked."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from prefdata.protocols import EmbedderBackend, VectorSet

__all__: list[str] = []


def _unavailable() -> None:
    raise LookupError


def test_a_backend_is_not_fitted_unless_it_says_so() -> None:
    backend = EmbedderBackend("b", "", lambda *_: "1", lambda *_: _unavailable(), 8)  # type: ignore[arg-type]
    assert not backend.is_fitted


def test_vectors_are_read_without_opening_the_embedder() -> None:
    none = pl.DataFrame(schema={"content_hash": pl.String})
    matrix = np.zeros((0, 4), np.float32)
    found = VectorSet(none["content_hash"], matrix, "e", "1", none, _unavailable)  # type: ignore[arg-type]
    assert (found.n_computed, found.n_truncated) == (0, 0)
    with pytest.raises(LookupError):
        found.open()
