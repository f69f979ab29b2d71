"""Votes and labels as arrays, a row for each label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.parts import folds_of, openings_of
from prefdata.metrics.cluster_sums import Partition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.constitution.ballots import Ballots

__all__ = ["Paired", "paired_of", "partition"]


@dataclass(frozen=True, slots=True)
class Paired:
    """Labels that are no ties, and what each principle votes on them."""

    votes: NDArray[np.float32]
    """``(n, p)``: 1 and -1 where decisive, else 0; in the order of columns."""
    lean: NDArray[np.float64]
    """``(n,)``: above 0 where a is preferred, below where b is, up to 1."""
    openings: NDArray[np.int64]
    """``(n,)``: labels on prompts that open with the same words have the same number."""
    clusters: tuple[Partition, ...]
    """One or two: what may lean together, such as labels of a prompt or of an annotator."""
    folds: NDArray[np.int64]
    """``(n,)``: equal for labels of one opening."""
    length: NDArray[np.float64]
    """``(n,)``: logarithm of the ratio of the lengths of a and b."""

    @property
    def sides(self) -> NDArray[np.float64]:
        """Return ``(n,)``: 1 where a is preferred, -1 where b is."""
        return np.sign(self.lean)

    @property
    def gram(self) -> NDArray[np.float64]:
        """Return ``(p, p)``: the products of the columns of votes."""
        return np.asarray(self.votes.T @ self.votes, np.float64)

    def rows(self, is_kept: NDArray[np.bool_]) -> Paired:
        """Return some of the labels."""
        return Paired(
            np.asfortranarray(self.votes[is_kept]),
            self.lean[is_kept],
            self.openings[is_kept],
            tuple(partition(each.codes[is_kept]) for each in self.clusters),
            self.folds[is_kept],
            self.length[is_kept],
        )


def paired_of(
    ballots: Ballots,
    *,
    clusters: Sequence[Partition] = (),
    n_folds: int = 5,
    seed: int = 0,
) -> Paired:
    """Return the labels of some ballots as arrays.

    Args:
        ballots: No label is a tie.
        clusters: Which labels may lean together; those of one opening by default.
        n_folds: Parts of a cross-validation.
        seed: Of the folds.
    """
    at = ballots.labels["at"].to_numpy()
    named = openings_of(ballots)
    openings = named.rank("dense").cast(pl.Int64).to_numpy() - 1
    return Paired(
        votes=np.asfortranarray(ballots.signed[at].astype(np.float32)),
        lean=ballots.labels["y"].to_numpy().astype(np.float64),
        openings=openings,
        clusters=tuple(clusters) or (partition(openings),),
        folds=folds_of(named, n_folds, seed=seed),
        length=ballots.comparisons["length"].to_numpy().astype(np.float64)[at],
    )


def partition(codes: NDArray[np.int64]) -> Partition:
    """Make clusters of numbers, each of which stands for one."""
    names, at = np.unique(codes, return_inverse=True)
    return Partition(at, len(names))
