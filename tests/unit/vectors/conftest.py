"""An embedder small enough to read: each word adds one to a dimension that its digest chooses."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prefdata import registry
from prefdata.catalog import Catalog
from prefdata.protocols import Embedded, EmbedderBackend, EmbedderParams

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_DIMENSION = 16
_MAX_WORDS = 8


@dataclass
class Words:
    """Embeds, and remembers what it was given."""

    dimension: int = _DIMENSION
    revision: str = "1"
    seen: list[list[str]] = field(default_factory=list)
    fails_after: int | None = None

    def embed(
        self,
        texts: Sequence[str],
        *,
        keep: str = "start",
        is_query: bool = False,
        done: Callable[[int], None] | None = None,
    ) -> Embedded:
        del keep, is_query
        if self.fails_after is not None and len(self.seen) >= self.fails_after:
            raise KeyboardInterrupt
        self.seen.append(list(texts))
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                if word.isalnum():
                    spot = hashlib.sha256(word.encode()).digest()[0] % self.dimension
                    vectors[row, spot] += 1
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        counts = np.array([len(text.split()) for text in texts], np.int32)
        if done:
            done(len(texts))
        return Embedded(
            (vectors / np.where(norms > 0, norms, 1)).astype(np.float32),
            counts,
            counts > _MAX_WORDS,
            norms[:, 0] == 0,
        )


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> Words:
    """Offer the embedder as the backend ``words``, as another package would."""
    found = Words()

    def opened(*_: Any) -> Words:
        return found

    backend = EmbedderBackend(
        "words", "counts words", lambda *_: found.revision, opened, shard_texts=4
    )
    module = ModuleType("backend_of_this_test")
    module.words = backend  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    before = registry._places
    places = {**before("backend"), "words": (module.__name__, "words")}
    monkeypatch.setattr(
        registry, "_places", lambda kind: places if kind == "backend" else before(kind)
    )
    return found


@pytest.fixture
def model() -> EmbedderParams:
    return EmbedderParams(model="words")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.create(tmp_path / "w")
