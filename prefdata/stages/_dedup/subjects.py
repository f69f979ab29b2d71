"""What is compared: the texts of prompts or responses, or pairs made of three texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl

from prefdata.core.errors import InternalError
from prefdata.stages._dedup.links import Links, compared, proposed, semantic_links
from prefdata.stages._dedup.rows import (
    Distinct,
    Rows,
    distinct_texts,
    picked,
    read_rows,
)
from prefdata.stages._dedup.signing import signed_texts
from prefdata.stages._dedup.store import shingle_store
from prefdata.texts.stretches import batches
from prefdata.texts.views import texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from prefdata.protocols import Context
    from prefdata.stages._dedup.params import Dedup

__all__ = ["Compared", "Texts", "texts_compared", "vectors_of"]

_MADE_ID = "id"


class Compared(Protocol):
    """Things that are compared: their rows, their distinct texts, and what links these."""

    rows: Rows
    distinct: Distinct

    def near(self, params: Dedup, context: Context) -> Links:
        """Return what is alike in wording."""
        ...

    def semantic(self, params: Dedup, context: Context) -> tuple[Links, int]:
        """Return what is alike in meaning, and how many texts have no vector."""
        ...

    def fetch(self, mask: NDArray[np.bool_]) -> pl.DataFrame:
        """Return ``row``, ``id``, ``source``, ``digest`` and ``n_votes`` of some rows."""
        ...


class Texts:
    """Prompts or responses."""

    def __init__(
        self,
        texts: pl.LazyFrame,
        judged: pl.LazyFrame | None,
        rows: Rows,
        *,
        subject: str,
        within: str,
    ) -> None:
        """Find the distinct texts.

        Args:
            texts: Columns ``id``, ``source``, ``content_hash`` and ``text``.
            judged: Column ``id``, once for each judgment of a row.
            rows: What was read of them.
            subject: Their table.
            within: Where texts are compared.
        """
        self._texts, self._judged = texts, judged
        self.subject = subject
        self.rows = rows
        self.distinct = distinct_texts(rows, within=within)

    @property
    def texts(self) -> pl.LazyFrame:
        """The frame that the texts were read from."""
        return self._texts

    def near(self, params: Dedup, context: Context) -> Links:
        """Return what is alike in wording."""
        signed = signed_texts(self._texts, self.distinct, params, context)
        found = proposed(signed, self.distinct, params)
        del signed
        # Most texts are like no other; only of the others the shingles themselves are needed.
        wanted = np.unique(found)
        with shingle_store(self._texts, self.distinct, params, context.scratch, wanted) as store:
            return compared([store], found, params)

    def semantic(self, params: Dedup, context: Context) -> tuple[Links, int]:
        """Return what is alike in meaning, and how many texts have no vector."""
        numbers, matrix = vectors_of(self, params, context)
        links = semantic_links(matrix, numbers, self.distinct, params, seed=context.seed)
        return links, len(self.distinct) - len(numbers)

    def fetch(self, mask: NDArray[np.bool_]) -> pl.DataFrame:
        """Return ``row``, ``id``, ``source``, ``digest`` and ``n_votes`` of some rows."""
        asked = self._texts.select("id", "source", digest="content_hash")
        found = pl.concat(
            [
                asked.clear().collect().with_columns(row=pl.lit(None, pl.Int64)),
                *picked(asked, mask),
            ]
        )
        if self._judged is None or found.is_empty():
            return found.with_columns(n_votes=pl.lit(0, pl.Int64))
        here = self._judged.join(found.lazy().select("id"), on="id", how="semi")
        counted = here.group_by("id").agg(n_votes=pl.len().cast(pl.Int64)).collect()
        return found.join(counted, on="id", how="left", maintain_order="left").with_columns(
            pl.col("n_votes").fill_null(0)
        )


def texts_compared(tables: Mapping[str, pl.LazyFrame], params: Dedup, context: Context) -> Texts:
    """Read the prompts or the responses."""
    is_prompts = params.subject == "prompts"
    view = params.prompt_view if is_prompts else None
    texts = texts_of(tables[params.subject], params.subject, view)
    judgments = tables["judgments"]
    judged = (
        judgments.select(id="prompt_id")
        if is_prompts
        else judgments.select(id=pl.col("response_ids"))
        .explode("id", empty_as_null=False, keep_nulls=False)
        .select("id")
    )
    key = "prompt_id" if is_prompts else "response_id"
    old = None
    if params.against is not None:
        old = context.at(params.against, params.subject).select(id=key)
    rows = read_rows(texts, old, params, context)
    return Texts(texts, judged, rows, subject=params.subject, within=params.within)


def vectors_of(
    texts: Texts, params: Dedup, context: Context
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the numbers of the distinct texts that have a vector, and their vectors.

    Of the rows that share a normalised text, the one with the smallest digest is embedded, so
    that the order of rows does not matter.
    """
    if context.vectors is None:
        raise InternalError("The stage dedup was given no place for vectors.")
    hashes = [batch["content_hash"] for batch in batches(texts.texts.select("content_hash"))]
    known = pl.DataFrame(
        {
            "content_hash": pl.concat(hashes) if hashes else pl.Series([], dtype=pl.String),
            "text": pl.Series(texts.distinct.text_of, dtype=pl.Int64),
        }
    ).with_row_index("row")
    chosen = (
        known.filter(pl.col("text") >= 0)
        .sort("text", "content_hash", "row")
        .unique("text", keep="first", maintain_order=True)
    )
    mask = np.zeros(known.height, bool)
    mask[chosen["row"].to_numpy()] = True
    asked: Any = texts.texts.select("content_hash", "text")
    found = context.vectors.get(
        pl.concat([asked.clear().collect(), *(part.drop("row") for part in picked(asked, mask))]),
        subject=texts.subject,
        view=params.prompt_view if texts.subject == "prompts" else "text",
        model=params.model,
        step=context.step,
    )
    places = found.hashes.alias("content_hash").to_frame().with_row_index("place")
    with_vector = chosen.join(places, on="content_hash", how="inner", maintain_order="left")
    numbers = with_vector["text"].to_numpy()
    return numbers, found.matrix[with_vector["place"].to_numpy()]
