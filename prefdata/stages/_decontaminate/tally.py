"""Which texts hold which runs of the items, and how many hold each; batch by batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.metrics.overlap import common_counts, find_runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.metrics.overlap import RunIndex
    from prefdata.texts.ngrams import Grams

__all__ = ["HITS", "Tally"]

HITS: dict[str, pl.DataType] = {
    "text": pl.Int64(),
    "unit": pl.Int64(),
    "method": pl.String(),
    "size": pl.Int32(),
    "n_matches": pl.Int64(),
    "similarity": pl.Float64(),
}
"""Columns of what is found: numbers of a text and of the text of an item, and how alike."""


@dataclass
class Tally:
    """The runs of one index that were found."""

    index: RunIndex
    is_telling: NDArray[np.bool_]
    """``(runs,)``: whether a run could be evidence."""
    limit: float
    """A run that more texts hold is boilerplate."""
    n_texts: NDArray[np.int64] = field(init=False)
    """``(runs,)``: texts that hold each run, so far."""
    _found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with no text."""
        self.n_texts = np.zeros(len(self.index.hashes), np.int64)

    @property
    def is_evidence(self) -> NDArray[np.bool_]:
        """For each run, whether it tells something, and is no boilerplate as far as is known."""
        return self.is_telling & (self.n_texts <= self.limit)

    @property
    def n_boilerplate(self) -> int:
        """Number of runs that tell something but are boilerplate."""
        return int((self.is_telling & (self.n_texts > self.limit)).sum())

    def add(self, first: int, words: Grams) -> None:
        """Take in a batch of texts, whose numbers begin at ``first``."""
        texts, runs = find_runs(words, self.index)
        self.n_texts += np.bincount(runs, minlength=len(self.n_texts))
        # What is known to be boilerplate by now is not kept, so that memory stays bounded.
        is_open = self.is_evidence[runs]
        self._found.append((texts[is_open] + first, runs[is_open]))

    def hits(
        self, *, min_matches: int, min_share: float, evidence: NDArray[np.bool_] | None = None
    ) -> pl.DataFrame:
        """Return the texts of items that share enough runs with each text.

        Args:
            min_matches: Distinct runs to share; of an item with fewer runs, all.
            min_share: Share of the item's distinct runs to hold.
            evidence: ``(runs,)``: the runs that count; `is_evidence` when None.
        """
        counting = self.is_evidence if evidence is None else evidence
        parts = []
        for texts, runs in self._found:
            kept = counting[runs]
            text, unit, n_matches = common_counts(texts[kept], runs[kept], self.index)
            sizes = self.index.sizes[unit]
            shares = n_matches / sizes
            enough = (n_matches >= np.minimum(min_matches, sizes)) & (shares >= min_share)
            columns = {"text": text, "unit": unit, "n_matches": n_matches, "similarity": shares}
            parts.append(pl.DataFrame({name: part[enough] for name, part in columns.items()}))
        hits = pl.concat(parts) if parts else pl.DataFrame(schema=HITS)
        return (
            hits.with_columns(method=pl.lit("ngram"), size=pl.lit(self.index.n))
            .select(*HITS)
            .cast(pl.Schema(HITS))
        )
