"""The item that is nearest to each text in meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.core.errors import InternalError
from prefdata.metrics.nearest import nearest
from prefdata.stages._decontaminate.tally import HITS
from prefdata.texts.normal import is_blank
from prefdata.texts.views import keep_of, view_of

if TYPE_CHECKING:
    from prefdata.protocols import Context
    from prefdata.stages._decontaminate.corpus import Corpus
    from prefdata.stages._decontaminate.items import Items
    from prefdata.stages._decontaminate.params import Decontaminate

__all__ = ["Meaning", "by_meaning"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a search by embeddings found."""

    hits: pl.DataFrame
    """Columns `HITS`, at most one for each text."""
    notes: tuple[str, ...]


def by_meaning(corpus: Corpus, items: Items, params: Decontaminate, context: Context) -> Meaning:
    """Return the item nearest to each text, where it is as near as is asked for."""
    if context.vectors is None:
        raise InternalError("The stage decontaminate was given no place for vectors.")
    view = view_of(corpus.subject, params.prompt_view if corpus.subject == "prompts" else None)
    texts = corpus.rows.select("content_hash", "text").collect().filter(corpus.is_first)
    texts = texts.filter(~is_blank("text"))
    if texts.is_empty() or items.table.is_empty():
        return Meaning(pl.DataFrame(schema=HITS), ())
    known = context.vectors.get(
        texts, subject=corpus.subject, view=view, model=params.model, step=context.step
    )
    embedded = known.open().embed(items.table["text"].to_list(), keep=keep_of(corpus.subject))
    units = np.flatnonzero(~embedded.is_void)
    notes = []
    for n, what in (
        (known.void.height, f"distinct {corpus.subject} have no vector"),
        (known.n_truncated, f"distinct {corpus.subject} are longer than the model reads"),
        (int(embedded.is_void.sum()), "texts of items have no vector"),
        (int(embedded.is_truncated.sum()), "texts of items are longer than the model reads"),
    ):
        if n:
            notes.append(f"semantic: {n:,} {what}")
    if not len(units) or not known.hashes.len():
        return Meaning(pl.DataFrame(schema=HITS), tuple(notes))
    best = nearest(known.matrix, embedded.vectors[units], 1)
    numbered = pl.DataFrame({"hash": corpus.hashes}).with_row_index("text")
    hits = (
        pl.DataFrame(
            {
                "hash": known.hashes,
                "unit": units[best.rows[:, 0]],
                "similarity": best.scores[:, 0].astype(np.float64).clip(-1, 1),
            }
        )
        .filter(pl.col("similarity") >= params.semantic_threshold)
        .join(numbered, on="hash")
        .with_columns(method=pl.lit("semantic"), size=None, n_matches=None)
        .select(*HITS)
        .cast(pl.Schema(HITS))
    )
    return Meaning(hits, tuple(notes))
