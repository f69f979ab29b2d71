"""Texts of a shard to vectors: in this process, or on a worker that opens the embedder."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prefdata.core.events import silent
from prefdata.protocols import Embedded, Needs
from prefdata.registry import plugin
from prefdata.texts.views import keep_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from prefdata.protocols import Embedder, EmbedderBackend, EmbedderParams

__all__ = ["Opened", "embed", "embedding", "needs_of"]


@dataclass(frozen=True, slots=True)
class Opened:
    """An embedder as it travels to workers: by its name, or itself where it was fitted."""

    backend: str
    model: EmbedderParams
    revision: str
    fitted: Embedder | None = None

    def open(self) -> Embedder:
        """Return the embedder.

        Raises:
            BackendError: If the model is not on this machine, or is another one here.
        """
        if self.fitted is not None:
            return self.fitted
        backend: EmbedderBackend = plugin("backend", self.backend)
        # What is not fitted keeps nothing in the folder.
        folder = Path(tempfile.gettempdir())
        return backend.open(self.model, folder, self.revision, None, silent)


def embedding(opened: Opened, subject: str) -> Callable[[pl.DataFrame], Embedded]:
    """Open the embedder and return what embeds a shard; `embed` tells the arguments."""
    return functools.partial(_embed, opened.open(), subject)


def _embed(embedder: Embedder, subject: str, shard: pl.DataFrame) -> Embedded:
    return embed(embedder, shard, subject)


def needs_of(backend: EmbedderBackend) -> Needs:
    """Return what a worker needs; what is fitted here is small, and has no use for a GPU."""
    return Needs(is_model=not backend.is_fitted)


def embed(
    embedder: Embedder,
    shard: pl.DataFrame,
    subject: str,
    done: Callable[[int], None] | None = None,
) -> Embedded:
    """Embed the texts of a shard, each once.

    Args:
        embedder: The model.
        shard: Columns ``text_hash`` and ``text``; contents that differ may have one text.
        subject: Table whose rows hold the texts.
        done: Called now and then with the number of texts done.

    Returns:
        The vectors of the rows of the shard.
    """
    texts = shard.select("text_hash", "text").unique("text_hash", keep="any", maintain_order=True)
    found = embedder.embed(texts["text"].to_list(), keep=keep_of(subject), done=done)
    rows = shard.join(
        texts.select("text_hash").with_row_index(), on="text_hash", maintain_order="left"
    )["index"].to_numpy()
    return Embedded(
        found.vectors[rows],
        None if found.n_tokens is None else found.n_tokens[rows],
        found.is_truncated[rows],
        found.is_void[rows],
    )
