"""Which labels lean together: those of one annotator, of one prompt, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from prefdata.core.errors import DataError
from prefdata.metrics.cluster_sums import Partition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.constitution.ballots import Ballots

__all__ = ["ClusterBy", "Clusters", "clusters_of"]

ClusterBy = Literal["auto", "prompt", "annotator", "both"]
"""What is drawn as a whole; `clusters_of` says what ``auto`` takes."""

_FEWEST_ANNOTATORS = 10


@dataclass(frozen=True, slots=True)
class Clusters:
    """The clusters of labels, in one way or in two."""

    names: tuple[str, ...]
    """``prompt``, ``annotator``, or both of them, the annotator first."""
    partitions: tuple[Partition, ...]
    """One for each name; codes are in the order of what the clusters are called, so they do not
    depend on the order of rows."""
    n_annotators: int | None
    """Annotators who are named; None where none is."""

    @property
    def codes(self) -> tuple[NDArray[np.intp], ...]:
        """Clusters of each label from 0, one array for each name."""
        return tuple(each.codes for each in self.partitions)

    @property
    def n_clusters(self) -> int:
        """Clusters; of two ways the fewer, which intervals and tests lean on most."""
        return min(each.n_clusters for each in self.partitions)

    @property
    def name(self) -> str:
        """What the clusters are, in words."""
        return " and ".join(self.names)


def clusters_of(ballots: Ballots, cluster: ClusterBy = "auto") -> Clusters:
    """Return the clusters of labels, one code for each label of `ballots`.

    A prompt is all prompts with the same first message of the user (``opening``). A label without
    an annotator stands for its prompt where annotators are clusters.

    With ``auto`` these are the annotators, if there are ten or more and any has several labels,
    and prompts as well, if any has several labels; else prompts.

    Args:
        ballots: Votes and labels.
        cluster: What is drawn as a whole.

    Raises:
        DataError: If annotators are asked for, and no label names one.
    """
    labels = ballots.labels
    openings = ballots.comparisons.select(
        opening=pl.coalesce("opening", "prompt_hash", "prompt_id", "comparison_id")
    )
    prompts = openings[labels["at"]].to_series()
    named = labels["annotator_id"].drop_nulls()
    n_annotators = named.n_unique() if named.len() else None
    chosen = cluster
    if cluster == "auto":
        chosen = _chosen(named.len(), n_annotators or 0, prompts)
    if chosen != "prompt" and n_annotators is None:
        raise DataError(
            "No label names its annotator, so annotators cannot be drawn as a whole.",
            where=f"cluster: {cluster}",
            fix="Set `cluster: prompt`, or label with pairs of single annotators.",
        )
    found = {}
    if chosen != "prompt":
        people = pl.select(
            pl.when(labels["annotator_id"].is_null())
            .then("\x00" + prompts)
            .otherwise("a" + labels["annotator_id"])
        ).to_series()
        found["annotator"] = _partition(people)
    if chosen != "annotator":
        found["prompt"] = _partition(prompts)
    return Clusters(tuple(found), tuple(found.values()), n_annotators)


def _chosen(n_named: int, n_annotators: int, prompts: pl.Series) -> ClusterBy:
    """Return what ``auto`` stands for."""
    if n_annotators < _FEWEST_ANNOTATORS or n_annotators == n_named:
        return "prompt"
    return "both" if prompts.n_unique() < prompts.len() else "annotator"


def _partition(names: pl.Series) -> Partition:
    """Number clusters in the order of their names."""
    codes = names.rank("dense").cast(pl.Int64).to_numpy() - 1
    return Partition(codes.astype(np.intp), int(codes.max()) + 1 if len(codes) else 0)
