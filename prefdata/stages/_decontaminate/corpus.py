"""The distinct texts of a table, a stretch of rows at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import polars as pl

from prefdata.core.events import Progress, StepStarted
from prefdata.texts.stretches import batches
from prefdata.texts.views import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prefdata.protocols import Context
    from prefdata.stages._decontaminate.params import Decontaminate, Subject

__all__ = ["Corpus"]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Rows whose texts are compared; each distinct text has a number, by first appearance."""

    subject: Subject
    rows: pl.LazyFrame
    """Columns ``id``, ``source``, ``content_hash`` and ``text``."""
    is_first: pl.Series
    """For each row, whether its text has not come before."""
    hashes: pl.Series
    """``content_hash`` of the distinct texts, by number."""

    @classmethod
    def of(
        cls, tables: Mapping[str, pl.LazyFrame], subject: Subject, params: Decontaminate
    ) -> Self:
        """Take the rows of a table, without those of sources that are evaluation sets."""
        held_out = [one.source for one in params.evaluations if one.source is not None]
        view = params.prompt_view if subject == "prompts" else None
        rows = texts_of(tables[subject].filter(~pl.col("source").is_in(held_out)), subject, view)
        hashes = rows.select("content_hash").collect()["content_hash"]
        is_first = hashes.is_first_distinct()
        return cls(subject, rows, is_first, hashes.filter(is_first))

    @property
    def n_rows(self) -> int:
        """Number of rows, repeats and all."""
        return self.is_first.len()

    @property
    def n_texts(self) -> int:
        """Number of distinct texts."""
        return self.hashes.len()

    def batches(self, context: Context, what: str) -> Iterator[tuple[int, pl.DataFrame]]:
        """Yield the number of the first text, and ``content_hash`` and ``text``, by stretches."""
        label = f"{context.step}: {what} {self.subject}"
        context.report(StepStarted(label, "decontaminate", self.n_rows))
        n_rows = n_texts = 0
        for batch in batches(self.rows.select("content_hash", "text")):
            texts = batch.filter(self.is_first.slice(n_rows, batch.height))
            yield n_texts, texts
            n_rows += batch.height
            n_texts += texts.height
            context.report(Progress(label, n_rows))
