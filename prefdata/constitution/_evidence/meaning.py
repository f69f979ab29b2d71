"""Comparisons whose responses differ in the direction in which a principle points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution._evidence.pools import SIDES, Pool
from prefdata.constitution.merging.wording import bare
from prefdata.metrics.nearest import nearest
from prefdata.texts.normal import is_blank
from prefdata.texts.views import texts_of, view_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from prefdata.protocols import Embedder, EmbedderParams, Vectors

__all__ = ["Placed", "directions", "meaning_pools", "vectors_of"]

_LEAST = 1e-3


def meaning_pools(
    cases: pl.DataFrame,
    principles: pl.DataFrame,
    tables: Mapping[str, pl.LazyFrame],
    vectors: Vectors,
    embedder: EmbedderParams,
    columns: Sequence[int],
    size: int,
    step: str,
) -> Iterator[Pool]:
    """Yield the comparisons whose chosen response lies most, or least, where a sentence points.

    Args:
        cases: As `prefdata.constitution._evidence.cases.decided_cases` returns them, so many that
            their responses can be embedded.
        principles: A row for each column of the votes.
        tables: ``responses``.
        vectors: Where vectors come from.
        embedder: The embedder.
        columns: The principles that are asked for.
        size: Most comparisons of a pool.
        step: The step that asks for vectors.
    """
    sides = ("response_a_id", "response_b_id")
    wanted = pl.concat(cases.select(response_id=name) for name in sides).unique()
    responses = tables["responses"].join(wanted.lazy(), on="response_id", how="semi")
    placed = vectors_of(responses, "responses", vectors, embedder, step)
    if placed is None:
        return
    one, other = (placed.of(cases[name]) for name in sides)
    differences = one - other
    norms = np.linalg.norm(differences, axis=1, keepdims=True)
    # Where the embedder finds nothing in a response, nothing tells how the two differ.
    is_told = one.any(axis=1, keepdims=True) & other.any(axis=1, keepdims=True) & (norms > _LEAST)
    lean = cases["lean"].to_numpy()[:, None]
    chosen_less_rejected = np.where(is_told, differences * lean / np.where(is_told, norms, 1), 0)
    queries = directions(principles[list(columns)], placed.embedder)
    for side, sign in SIDES.items():
        found = nearest(
            (queries * sign).astype(np.float32), chosen_less_rejected.astype(np.float32), size
        )
        # A loop over principles.
        for column, scores, rows in zip(columns, found.scores, found.rows, strict=True):
            is_hit = (rows >= 0) & (scores > 0)
            margins = scores[is_hit].astype(np.float64) * sign
            yield Pool(column, "meaning", side, rows[is_hit], margins)


def directions(principles: pl.DataFrame, embedder: Embedder) -> NDArray[np.float64]:
    """Return where each sentence points: away from its opposite.

    Args:
        principles: Columns ``sentence`` and ``opposite``; where there is no opposite, the mean of
            all the sentences takes its place.
        embedder: Places the sentences among the responses.

    Returns:
        ``(p, d)`` unit rows; zero where the embedder finds nothing in a sentence, or no difference.
    """
    n = principles.height
    # Together, so that what all begin with is told by all.
    both = bare(pl.concat([principles["sentence"], principles["opposite"]])).fill_null("")
    placed = np.zeros((2 * n, embedder.dimension))
    full = np.flatnonzero((~both.to_frame("text").select(is_blank("text")).to_series()).to_numpy())
    if len(full):
        placed[full] = embedder.embed(both.gather(full).to_list(), is_query=True).vectors
    sentences, opposites = placed[:n], placed[n:]
    middle = sentences.mean(axis=0) if n > 1 else np.zeros(embedder.dimension)
    is_turned = opposites.any(axis=1, keepdims=True)
    found = sentences - np.where(is_turned, opposites, middle)
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    is_told = sentences.any(axis=1, keepdims=True) & (norms > _LEAST)
    return np.where(is_told, found / np.where(is_told, norms, 1), 0)


class Placed:
    """Vectors by the ids of rows."""

    def __init__(
        self, places: pl.DataFrame, matrix: NDArray[np.float32], embedder: Embedder
    ) -> None:
        self._places = places
        self._matrix = np.vstack([matrix, np.zeros((1, matrix.shape[1]), np.float32)])
        self.embedder = embedder

    def of(self, ids: pl.Series) -> NDArray[np.float32]:
        """Return the vector of each row; zeros where it has none."""
        named = ids.alias("id").to_frame()
        found = named.join(self._places, on="id", how="left", maintain_order="left")["place"]
        rows: NDArray[np.float32] = self._matrix[
            found.fill_null(len(self._matrix) - 1).to_numpy().astype(np.int64)
        ]
        return rows


def vectors_of(
    rows: pl.LazyFrame, subject: str, vectors: Vectors, embedder: EmbedderParams, step: str
) -> Placed | None:
    """Return the vectors of rows of a table by their ids; None where no row has a text."""
    texts = texts_of(rows, subject).filter(~is_blank("text")).collect()
    if texts.is_empty():
        return None
    found = vectors.get(
        texts, subject=subject, view=view_of(subject, None), model=embedder, step=step
    )
    known = pl.DataFrame({"content_hash": found.hashes}).with_row_index("place")
    return Placed(
        texts.join(known, on="content_hash").select("id", "place"), found.matrix, found.open()
    )
