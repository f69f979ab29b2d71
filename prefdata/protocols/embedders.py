"""What an embedder is, and where stages get vectors from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from prefdata.core.events import Report
    from prefdata.protocols.params import EmbedderParams
    from prefdata.texts.views import Keep

__all__ = [
    "Corpus",
    "Embedded",
    "Embedder",
    "EmbedderBackend",
    "VectorSet",
    "Vectors",
]


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of a batch of texts, in its order."""

    vectors: NDArray[np.float32]
    """``(n, d)``; rows have unit length, or are zero where ``is_void``."""
    n_tokens: NDArray[np.int32] | None
    """Tokens of each text before it was cut; None where the embedder has none."""
    is_truncated: NDArray[np.bool_]
    is_void: NDArray[np.bool_]
    """True where the embedder finds nothing in the text that it could place."""


class Embedder(Protocol):
    """Turns texts into unit vectors; open, with its model in memory."""

    dimension: int
    revision: str
    """Digest of what decides the vectors: the weights, or what the model was fitted on."""

    def embed(
        self,
        texts: Sequence[str],
        *,
        keep: Keep = "start",
        is_query: bool = False,
        done: Callable[[int], None] | None = None,
    ) -> Embedded:
        """Return the vectors of texts.

        Args:
            texts: Each with at least one character that is not white space.
            keep: Which end stays when a text is too long.
            is_query: True for what is searched for: some models want another prefix.
            done: Called now and then with the number of texts done.

        Raises:
            BackendError: If the model or its device failed.
        """
        ...


Corpus = Callable[[], pl.DataFrame]
"""The distinct texts that vectors are asked for: columns ``content_hash`` and ``text``."""


@dataclass(frozen=True, slots=True)
class EmbedderBackend:
    """A kind of embedder: finds a model, tells its revision, opens it.

    Attributes:
        name: Name of the plugin.
        summary: What it is, in a line.
        revision: Returns the revision of a model without opening it. ``corpus`` gives the texts,
            for a model that is fitted on them.
        open: Opens a model. ``folder`` is where fitted models are kept; ``revision`` is the one
            wanted, fitted on ``corpus`` when it is not there. Without a corpus it must be there.
        shard_texts: Texts that are computed between two commits.
    """

    name: str
    summary: str
    revision: Callable[[EmbedderParams, Corpus], str]
    open: Callable[[EmbedderParams, Path, str, Corpus | None, Report], Embedder]
    shard_texts: int
    is_fitted: bool = False
    """Whether the model is made from the texts, so that its revision changes with them. Such an
    embedder, open, can be pickled: to the workers of an engine it travels itself, because the
    folder with its file need not be there."""


@dataclass(frozen=True, slots=True)
class VectorSet:
    """The vectors of a set of texts under one embedder."""

    hashes: pl.Series
    """``content_hash`` of the texts that have a vector, sorted, each once."""
    matrix: NDArray[np.float32]
    """``(n, d)``, unit rows, in the order of ``hashes``."""
    embedder: str
    """Digest that names the embedder in the table ``embeddings``."""
    revision: str
    void: pl.DataFrame
    """Column ``content_hash``: texts without a vector."""
    open: Callable[[], Embedder]
    """Opens the embedder itself, for other texts in the same space."""
    n_computed: int = 0
    n_truncated: int = 0
    """Texts of the set that the model did not see whole."""


class Vectors(Protocol):
    """Gives the vectors of texts: those that are known, and the others computed and kept."""

    def get(
        self, texts: pl.DataFrame, *, subject: str, view: str, model: EmbedderParams, step: str
    ) -> VectorSet:
        """Return the vector of every distinct text.

        Args:
            texts: Columns ``content_hash`` and ``text``; hashes may repeat.
            subject: Table whose rows hold the texts: prompts, responses, rationales, principles.
            view: Which part of the rows the texts are; see `prefdata.texts.views`.
            model: The embedder.
            step: Name under which progress is told.
        """
        ...
