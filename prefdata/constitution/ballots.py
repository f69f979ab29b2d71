"""Principles, their votes on comparisons, and the labels that they are held against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.labels import Labelled, read_labelled
from prefdata.core.errors import DataError
from prefdata.metrics.principles import FAILED, INCONSISTENT, NOT_APPLICABLE, signed_votes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = [
    "FAILED",
    "INCONSISTENT",
    "NOT_APPLICABLE",
    "Ballots",
    "read_ballots",
    "read_principles",
    "vote_matrix",
]


@dataclass(frozen=True, slots=True)
class Ballots:
    """Votes of principles on comparisons, and labels of annotators on the same comparisons."""

    principles: pl.DataFrame
    """Columns of ``principles``, a row for each column of ``votes``, in order; ``stage`` is the
    step that wrote it."""
    comparisons: pl.DataFrame
    """Columns of `prefdata.constitution.labels.COMPARED`, a row for each row of ``votes``."""
    votes: NDArray[np.int8]
    """``(n_comparisons, n_principles)``: 1, -1, 0, `INCONSISTENT`, `FAILED`, `NOT_APPLICABLE`."""
    labels: pl.DataFrame
    """Columns of `prefdata.constitution.labels.LABEL`; ``at`` is a row of ``votes``."""
    n_left_out: int = 0
    """Comparisons with labels that some step of votes did not vote on."""

    @property
    def signed(self) -> NDArray[np.int8]:
        """Return ``(n_comparisons, n_principles)``: 1 and -1 where a vote is decisive, else 0."""
        return signed_votes(self.votes).astype(np.int8)

    def of_labels(self, rows: pl.Series) -> Ballots:
        """Return the same with some of the labels only.

        Args:
            rows: Booleans, one for each label.
        """
        return replace(self, labels=self.labels.filter(rows))

    def decided(self) -> Ballots:
        """Return the same without labels that are ties."""
        return self.of_labels(self.labels["y"] != 0)


def read_ballots(
    tables: Mapping[str, pl.LazyFrame],
    *,
    pairs: Sequence[str],
    votes: Sequence[str],
    is_graded: bool = False,
) -> Ballots:
    """Read the votes of some steps and the labels of others, of one source.

    A principle that several steps vote on has its votes of the first. Comparisons that not all of
    the steps voted on are left out, and counted; a step that wrote no principles has no say.

    Args:
        tables: pairs, annotators, prompts, responses, principles and votes, of one source.
        pairs: The steps whose pairs are labels.
        votes: The steps whose votes are read.
        is_graded: As in `read_labelled`.

    Raises:
        DataError: If a row of votes has more or fewer votes than its step has principles.
    """
    labelled = read_labelled(tables, pairs, is_graded=is_graded)
    principles = read_principles(tables, votes)
    cast = tables["votes"].filter(pl.col("stage").is_in(list(votes)))
    wide = labelled.comparisons.select("comparison_id").with_row_index("at")
    frames = {
        step: cast.filter(pl.col("stage") == step)
        .select("comparison_id", pl.col("votes").alias(step))
        .collect()
        for step in principles["stage"].unique(maintain_order=True)
    }
    for frame in frames.values():
        wide = wide.join(frame, on="comparison_id", how="inner")
    wide = wide.sort("at")
    blocks = [
        vote_matrix(wide[step], principles.filter(stage=step).height, step) for step in frames
    ]
    every = np.hstack(blocks) if blocks else np.empty((wide.height, 0), np.int8)
    is_first = principles["principle_id"].is_first_distinct()
    return Ballots(
        principles=principles.filter(is_first),
        comparisons=labelled.comparisons[wide["at"]],
        votes=every[:, is_first.to_numpy()],
        labels=_kept(labelled, wide),
        n_left_out=labelled.comparisons.height - wide.height,
    )


def read_principles(tables: Mapping[str, pl.LazyFrame], steps: Sequence[str]) -> pl.DataFrame:
    """Return the principles of some steps: those of the first step first, by position.

    Args:
        tables: ``principles``, of one source.
        steps: The steps that wrote them.
    """
    order = {step: place for place, step in enumerate(dict.fromkeys(steps))}
    return (
        tables["principles"]
        .filter(pl.col("stage").is_in(list(order)))
        .collect()
        .sort(
            pl.col("stage").replace_strict(order, return_dtype=pl.Int32), "position", "principle_id"
        )
    )


def vote_matrix(votes: pl.Series, n_principles: int, step: str) -> NDArray[np.int8]:
    """Return lists of votes as ``(n, n_principles)``, null as `NOT_APPLICABLE`.

    Raises:
        DataError: If a list has another length.
    """
    if votes.is_empty():
        return np.empty((0, n_principles), np.int8)
    n_other = int((votes.list.len() != n_principles).sum())
    if n_other:
        raise DataError(
            f"{n_other:,} rows of the step {step} have more or fewer votes than it has "
            f"principles, which are {n_principles}.",
            where="table votes",
            fix=f"Run the step {step} again with `--force`.",
        )
    flat = votes.explode(empty_as_null=False).fill_null(NOT_APPLICABLE).cast(pl.Int8)
    return flat.to_numpy().reshape(-1, n_principles)


def _kept(labelled: Labelled, wide: pl.DataFrame) -> pl.DataFrame:
    """Return the labels of the comparisons that are kept, with their new rows."""
    places = wide.select("at").with_row_index("place")
    return (
        labelled.labels.join(places, on="at", how="inner", maintain_order="left")
        .with_columns(at="place")
        .drop("place")
    )
