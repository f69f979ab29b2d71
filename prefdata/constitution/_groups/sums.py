"""Agreement of labels with principles, summed once over the labels of a cluster in a group.

Everything that is said of groups follows from these sums: strengths, their variances, those of
differences, and bootstraps. So many groups cost little more than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.ballots import FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.constitution.ballots import Ballots

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Sums", "codes", "group_codes", "over_groups", "sums_of"]


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over the labels that one cluster has in one group, for n such cells and p principles.

    Cells are sorted by group, then cluster.
    """

    group: Ints
    """``(n,)``."""
    cluster: Ints
    """``(n,)``."""
    agreement: Floats
    """``(n, p)``: sum of label times decisive vote: labels that agree, less those that do
    not."""
    counted: Floats
    """``(n, p)``, or ``(n, 1)`` where it is the same for all: labels whose vote did not fail."""
    n_labels: Floats
    """``(n,)``."""
    decisive: Floats
    """``(n_groups, p)``: labels with a decisive vote."""

    @property
    def n_groups(self) -> int:
        """Groups, those without a cell among them."""
        return len(self.decisive)


def codes(values: pl.Series) -> Ints:
    """Number values by their order, so that the order of rows has no say; null is -1."""
    ranks = values.rank("dense").cast(float) - 1
    found: Ints = ranks.fill_null(-1).to_numpy().astype(np.int64)
    return found


def group_codes(values: pl.Series, names: Sequence[str]) -> Ints:
    """Number the groups of labels as they stand in ``names``; -1 for none of them.

    Args:
        values: The group of each label.
        names: Groups, each once.
    """
    numbers = values.replace_strict(
        list(names), range(len(names)), default=-1, return_dtype=pl.Int64
    )
    found: Ints = numbers.fill_null(-1).to_numpy()
    return found


def sums_of(ballots: Ballots, group: Ints, cluster: Ints, *, n_groups: int) -> Sums:
    """Sum what labels say of principles, by group and cluster.

    Ties count for nothing, and nor do labels without a group or cluster.

    Args:
        ballots: Votes and labels.
        group: ``(n_labels,)``, -1 where a label is of none.
        cluster: ``(n_labels,)``, -1 where a label is of none.
        n_groups: One more than the greatest number of a group, or more.
    """
    from scipy.sparse import csr_array

    y = ballots.labels["y"].to_numpy()
    at = ballots.labels["at"].to_numpy().astype(np.int64)
    kept = np.flatnonzero((group >= 0) & (cluster >= 0) & (y != 0))
    width = int(cluster.max(initial=0)) + 1
    keys, cell = np.unique(group[kept] * width + cluster[kept], return_inverse=True)
    shape = (len(keys), len(ballots.votes))
    places = (cell, at[kept])
    # A label is one entry of a sparse matrix, so that a sum over labels is one product.
    leaning = csr_array((y[kept], places), shape=shape)
    present = csr_array((np.ones(len(kept)), places), shape=shape)
    n_labels = np.bincount(cell, minlength=len(keys)).astype(np.float64)
    is_failed = ballots.votes == FAILED
    counted = n_labels[:, None] - (present @ is_failed if is_failed.any() else 0.0)
    signed = ballots.signed
    by_group = csr_array(
        (np.ones(len(kept)), (group[kept], at[kept])), shape=(n_groups, len(ballots.votes))
    )
    return Sums(
        group=keys // width,
        cluster=keys % width,
        agreement=np.asarray(leaning @ signed, np.float64),
        counted=np.asarray(counted, np.float64),
        n_labels=n_labels,
        decisive=np.asarray(by_group @ np.abs(signed), np.float64),
    )


def over_groups(sums: Sums, values: Floats) -> Floats:
    """Add up what each cell has, over the cells of each group.

    Args:
        sums: Of n cells.
        values: ``(n, …)``.

    Returns:
        ``(n_groups, …)``.
    """
    total = np.zeros((sums.n_groups, *values.shape[1:]))
    if len(values):
        starts = np.flatnonzero(np.diff(sums.group, prepend=-1))
        total[sums.group[starts]] = np.add.reduceat(values, starts, axis=0)
    return total
