"""The texts that the lexical embedder is fitted on, chosen by content alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.fingerprint import digest
from prefdata.tables.identity import hash_texts

if TYPE_CHECKING:
    from prefdata.protocols import Corpus, EmbedderParams

__all__ = ["Sample", "dimension_of"]

_VERSION = 1
"""Raised when the same sample gives another model."""
_MAX_TEXTS = 20_000
_MAX_CHARS = 2_000
"""Characters of a text that the model is fitted on; the start says enough of its words."""
_SALT = "lexical"
_DEFAULT_DIMENSION = 256


def dimension_of(params: EmbedderParams) -> int:
    """Return the length of vectors that is wanted; small corpora have shorter ones."""
    return params.dimension or _DEFAULT_DIMENSION


@dataclass(frozen=True, slots=True)
class Sample:
    """Distinct texts of a corpus, in the order of their salted digests."""

    texts: pl.Series
    hashes: pl.Series

    @classmethod
    def of(cls, corpus: Corpus) -> Sample:
        """Take the texts with the smallest salted digests.

        Neither the order of rows nor their ids count, and a corpus that grows keeps most of its
        sample. The salt keeps the choice apart from others that are made by digest.
        """
        texts = corpus()["text"].drop_nulls().unique()
        starts = texts.str.slice(0, _MAX_CHARS).alias("text").unique().to_frame()
        salted = starts.select(pl.concat_str(pl.lit(_SALT), "text").alias("hash")).to_series()
        chosen = starts.with_columns(hash_texts(salted)).sort("hash").head(_MAX_TEXTS)
        return cls(chosen["text"], chosen["hash"])

    def revision(self, params: EmbedderParams) -> str:
        """Return the digest of the sample and of the parameters that shape the model."""
        return digest([_VERSION, dimension_of(params), self.hashes.to_list()])
