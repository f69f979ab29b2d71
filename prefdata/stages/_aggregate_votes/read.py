"""Votes as arrays: which comparison, who, what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import DataError
from prefdata.metrics.dawid_skene import Ratings
from prefdata.routing.levels import CLASSES, level, vote_class
from prefdata.routing.votes import AI_KINDS, read_votes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Read", "read"]

_N_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Read:
    """Comparisons and the votes on them, in a fixed order."""

    comparisons: pl.DataFrame
    """Columns of `tables.comparisons.COMPARISON`, and ``item``, the number of the row; by id."""
    votes: pl.DataFrame
    """Columns of `routing.votes.VOTE`, and ``item``, ``who`` (the number of the annotator),
    ``class`` (of `routing.levels.CLASSES`), ``level``, ``is_ai`` and ``aspect``."""
    annotators: pl.Series
    """Ids, by number."""

    @property
    def aspects(self) -> list[str]:
        """The aspects that are judged, by name."""
        return sorted(self.comparisons["aspect"].unique())

    def of_aspects(self) -> Iterator[tuple[str, Read]]:
        """Yield the comparisons and votes of each aspect; numbers stay as they are."""
        for aspect in self.aspects:
            is_it = pl.col("aspect") == aspect
            yield (
                aspect,
                Read(self.comparisons.filter(is_it), self.votes.filter(is_it), self.annotators),
            )

    def ratings(self, votes: pl.DataFrame) -> Ratings:
        """Return some of the votes as judgments of all comparisons."""
        return Ratings(
            votes["item"].to_numpy(),
            votes["who"].to_numpy(),
            votes["class"].to_numpy(),
            n_items=self.n_items,
            n_annotators=len(self.annotators),
            n_labels=len(CLASSES),
        )

    @property
    def n_items(self) -> int:
        """One more than the last number of a comparison."""
        last = self.comparisons["item"].max()
        return 0 if last is None else int(last) + 1  # type: ignore[arg-type]


def read(
    tables: Mapping[str, pl.LazyFrame], *, votes: Sequence[str], aspects: str | list[str] | None
) -> Read:
    """Read comparisons and votes, and number what is in them.

    Raises:
        DataError: If votes are of aggregates, or of annotators that are in no table.
    """
    found = read_votes(tables, votes)
    comparisons, said = found.comparisons, found.votes
    if aspects is not None:
        wanted = [aspects] if isinstance(aspects, str) else aspects
        comparisons = comparisons.filter(pl.col("aspect").is_in(wanted))
    # Numbers follow from ids, so that nothing depends on the order of rows.
    comparisons = comparisons.sort("comparison_id").with_row_index("item")
    comparisons = comparisons.with_columns(pl.col("item").cast(pl.Int64))
    said = said.join(
        comparisons.select("comparison_id", "item", "aspect"), on="comparison_id", how="inner"
    )
    _refuse_strangers(said)
    who = said.select("annotator_id").unique().sort("annotator_id").with_row_index("who")
    said = (
        said.join(who.with_columns(pl.col("who").cast(pl.Int64)), on="annotator_id")
        .with_columns(
            vote_class().alias("class"),
            level().alias("level"),
            is_ai=pl.col("kind").is_in(AI_KINDS),
        )
        .sort("item", "who")
    )
    return Read(comparisons, said, who["annotator_id"])


def _refuse_strangers(votes: pl.DataFrame) -> None:
    """Refuse votes of which nobody knows whether a person gave them.

    Raises:
        DataError: If there are any.
    """
    strangers = votes.filter(pl.col("kind").is_null())
    if strangers.is_empty():
        return
    names = sorted(strangers["annotator_id"].unique())
    told = ", ".join(names[:_N_SHOWN]) + (", ..." if len(names) > _N_SHOWN else "")
    raise DataError(
        f"{strangers.height:,} votes are of annotators that are in no table: {told}.",
        where="table annotators",
        fix="Name the steps that added them in `judgments`, such as [judge, import-labels].",
    )
