"""Vectors from a sentence model: any that sentence-transformers can load, on GPU or CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.backends._sentence.locate import locate
from prefdata.backends._sentence.weights import revision_of
from prefdata.core.errors import BackendError
from prefdata.protocols import EmbedderBackend

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.core.events import Report
    from prefdata.protocols import Corpus, Embedder, EmbedderParams

__all__ = ["sentence"]


def _revision(params: EmbedderParams, corpus: Corpus) -> str:
    """Return the digest of weights and settings; the same for the same model from anywhere."""
    return revision_of(locate(params.model, params.engine))


def _open(
    params: EmbedderParams, folder: Path, revision: str, corpus: Corpus | None, report: Report
) -> Embedder:
    """Load the model, if it still is the one of that revision."""
    place = locate(params.model, params.engine)
    found = revision_of(place)
    if found != revision:
        raise BackendError(
            f"The model {params.model} is not the one that the vectors were made with: its "
            f"revision is {found}, wanted is {revision}.",
            where=str(place),
            fix="Put that model back, or run the step that embeds again.",
        )
    from prefdata.backends._sentence.load import load
    from prefdata.backends._sentence.run import SentenceEmbedder

    return SentenceEmbedder(load(place, params), params, revision, report)


sentence = EmbedderBackend(
    name="sentence",
    summary="Sentence models of any size through sentence-transformers, on GPU or CPU.",
    revision=_revision,
    open=_open,
    # On two cores half a minute of work, which is what a kill costs at most.
    shard_texts=2048,
)
