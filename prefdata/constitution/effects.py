"""How well each principle explains the labels, with intervals, tests and log-odds.

All principles are measured at once, some millions of labels times principles at a time, so that
memory does not grow with the number of principles.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from prefdata.constitution.clusters import Clusters, clusters_of
from prefdata.metrics.cluster_bootstrap import ratio_intervals
from prefdata.metrics.cluster_sums import (
    Partition,
    cluster_sums,
    crossed,
    folded,
    squared_error,
)
from prefdata.metrics.multiplicity import adjusted
from prefdata.metrics.principles import FAILED, Tally, signed_votes, tally
from prefdata.metrics.sign_flip import sign_flip
from prefdata.metrics.vote_log_odds import log_odds, log_odds_beside
from prefdata.schema import polars_schema, table_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from prefdata.constitution.ballots import Ballots
    from prefdata.constitution.clusters import ClusterBy

    Floats = NDArray[np.float64]

__all__ = ["measure_effects"]

# Labels times principles that are in memory at a time.
_BLOCK = 4_000_000
# But no fewer principles: rows that are too short cost more.
_FEWEST = 8
_COUNTS = ("agree", "disagree", "tie", "inconsistent", "not_applicable", "failed")
_SHARES = ("relevance", "accuracy", "strength", "kappa")
# Columns of the table that say whose labels are measured.
_WHOSE = frozenset({"source", "group_by", "group_value", "part", "stage"})
# What `prefdata.constitution.redundancy` says.
_ALIKE = frozenset({"alike_id", "alike_cosine"})


@dataclass(frozen=True, slots=True)
class _Rows:
    """Labels that are not ties, in an order that only depends on what they say."""

    votes: NDArray[np.int8]
    at: NDArray[np.intp]
    y: Floats
    length: Floats
    ways: tuple[Partition, ...]
    """One partition; or two, and both crossed."""
    n_annotators: int | None

    @property
    def n_ways(self) -> int:
        """Ways in which labels are clustered, 1 or 2."""
        return min(len(self.ways), 2)

    def blocks(
        self, places: NDArray[np.intp]
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.int8]]]:
        """Yield a few principles at a time, and their votes on all labels."""
        size = max(_FEWEST, _BLOCK // max(1, len(self.at)))
        for start in range(0, len(places), size):
            some = places[start : start + size]
            yield some, self.votes[:, some][self.at]


@dataclass(frozen=True, slots=True)
class _Sums:
    """What intervals and tests need of some principles; arrays end in their number."""

    ways: list[tuple[Floats, Floats]]
    """Of each way, sums of label times vote per cluster, and labels that count."""
    null_error: Floats
    """Standard error of the total of label times vote if nothing holds."""
    error: Floats
    """Standard error of the strength."""


def measure_effects(
    ballots: Ballots,
    *,
    clusters: Clusters | ClusterBy = "auto",
    n_bootstraps: int = 2000,
    n_flips: int = 10_000,
    seed: int = 0,
    min_decisive: int = 30,
    with_log_odds: bool = True,
) -> pl.DataFrame:
    """Measure each principle against the labels; nothing here says that it is their cause.

    Strength is the mean of label times vote, over labels that are not ties and on which the vote
    did not fail. Its interval is a bootstrap over clusters. The test flips the labels of whole
    clusters, two-sided. Where labels are clustered by annotator and by prompt, standard errors
    are those of both ways, and p is the greater of both ways.

    Rows in another order, or twice as many of each, give the same measures; all labels the other
    way round give the opposite ones.

    Args:
        ballots: Votes and labels; labels that are ties are left out.
        clusters: What `clusters_of` found for these ballots, or what it should take.
        n_bootstraps: Resamples of clusters.
        n_flips: Flips of clusters.
        seed: Of resamples and flips.
        min_decisive: A principle with fewer decisive labels is not measurable: it has counts and
            shares, but no interval, test or log-odds, and is no part of the family of tests.
        with_log_odds: Whether to fit log-odds, alone and beside the difference of lengths.

    Returns:
        A row for each principle, in order: columns of ``principle_effects`` but those that say
        whose labels these are. ``q`` is over these principles alone; ``shrunk`` is null.
    """
    found = clusters_of(ballots, clusters) if isinstance(clusters, str) else clusters
    rows = _rows(ballots, found)
    tested: dict[str, Floats] = {}
    # More threads may add up in another order.
    with threadpool_limits(1):
        counts = _tally(rows, ballots.votes.shape[1])
        places = np.flatnonzero(counts.decisive >= max(min_decisive, 1))
        if len(places):
            tested = _tested(rows, counts.strength, places, n_bootstraps, n_flips, seed)
        if len(places) and with_log_odds:
            tested |= _log_odds(rows, counts, places)
    columns = {
        **{f"n_{name}": getattr(counts, name) for name in _COUNTS},
        **{name: getattr(counts, name) for name in _SHARES},
    }
    for name, values in tested.items():
        columns[name] = np.full(len(counts.lean), np.nan)
        columns[name][places] = values
    is_measured = np.isin(np.arange(len(counts.lean)), places)
    frame = pl.DataFrame(columns).with_columns(
        principle_id=ballots.principles["principle_id"],
        status=np.where(is_measured, "measured", "not-measurable"),
        n_labels=pl.lit(counts.n_labels),
        n_clusters=pl.lit(min(way.n_clusters for way in rows.ways)),
        n_annotators=pl.lit(rows.n_annotators),
    )
    dtypes = polars_schema(table_schema("principle_effects"))
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in dtypes.items()
        if name not in _WHOSE | _ALIKE
    ).with_columns(pl.col(pl.Float64).fill_nan(None))


def _rows(ballots: Ballots, clusters: Clusters) -> _Rows:
    """Return labels that are not ties, sorted by what they say."""
    labels = ballots.labels
    at, y = labels["at"].to_numpy().astype(np.intp), labels["y"].to_numpy()
    comparison = ballots.comparisons["comparison_id"].rank("dense").to_numpy()[at]
    annotator = labels["annotator_id"].rank("dense").fill_null(0).to_numpy()
    order = np.lexsort((y, annotator, comparison))
    order = order[y[order] != 0]
    ways = tuple(_without_empty(each.codes[order]) for each in clusters.partitions)
    if len(ways) > 1:
        ways = (*ways, crossed(*ways))
    kept = labels["annotator_id"].gather(order) if len(order) else labels["annotator_id"].head(0)
    named = kept.drop_nulls()
    return _Rows(
        votes=ballots.votes,
        at=at[order],
        y=y[order],
        length=ballots.comparisons["length"].fill_null(0.0).to_numpy()[at[order]],
        ways=ways,
        n_annotators=named.n_unique() if named.len() else None,
    )


def _without_empty(codes: NDArray[np.intp]) -> Partition:
    """Number clusters again, without those that have ties alone."""
    present, again = np.unique(codes, return_inverse=True)
    return Partition(again.astype(np.intp), len(present))


def _tally(rows: _Rows, n_principles: int) -> Tally:
    """Count labels and votes of all principles."""
    parts = [tally(votes, rows.y) for _, votes in rows.blocks(np.arange(n_principles))]
    if not parts:
        parts = [tally(np.empty((len(rows.y), 0), np.int8), rows.y)]
    arrays: dict[str, Any] = {
        each.name: np.concatenate([getattr(part, each.name) for part in parts])
        for each in fields(Tally)
        if each.name != "n_labels"
    }
    return Tally(n_labels=len(rows.y), **arrays)


def _tested(
    rows: _Rows,
    strength: Floats,
    places: NDArray[np.intp],
    n_bootstraps: int,
    n_flips: int,
    seed: int,
) -> dict[str, Floats]:
    """Return intervals and tests of the principles at some places."""
    groups = [
        folded(Partition(np.arange(way.n_clusters), way.n_clusters), seed=seed)
        for way in rows.ways[: rows.n_ways]
    ]
    sums = _joined(
        [_sums(rows, groups, votes, strength[some]) for some, votes in rows.blocks(places)]
    )
    low, high = ratio_intervals(sums.ways, errors=sums.error, n_bootstraps=n_bootstraps, seed=seed)
    tests = [
        sign_flip(above, errors=sums.null_error, n_flips=n_flips, seed=seed + way)
        for way, (above, _) in enumerate(sums.ways)
    ]
    p = np.max([test.p for test in tests], axis=0)
    return {
        "strength_low": np.maximum(low, -1),
        "strength_high": np.minimum(high, 1),
        "p": p,
        "q": adjusted(p),
        "p_family": np.max([test.p_family for test in tests], axis=0),
    }


def _sums(rows: _Rows, groups: list[Partition], votes: NDArray[np.int8], strength: Floats) -> _Sums:
    """Add up what some principles come to in each cluster."""
    leans = signed_votes(votes) * rows.y[:, None]
    is_failed = votes == FAILED
    above, below = [], []
    for way in rows.ways:
        above.append(cluster_sums(leans, way))
        sizes = np.bincount(way.codes, minlength=way.n_clusters)[:, None]
        # The votes of a catalogue never fail.
        lost = cluster_sums(is_failed, way) if is_failed.any() else np.zeros(leans.shape[1])
        below.append(sizes - lost)
    rest = [over - strength * under for over, under in zip(above, below, strict=True)]
    return _Sums(
        ways=[
            (cluster_sums(above[at], group), cluster_sums(below[at], group))
            for at, group in enumerate(groups)
        ],
        null_error=np.sqrt(squared_error(above)),
        error=np.sqrt(squared_error(rest)) / below[0].sum(axis=0),
    )


def _joined(parts: list[_Sums]) -> _Sums:
    """Put principles that were added up apart side by side."""
    ways = zip(*(part.ways for part in parts), strict=True)
    return _Sums(
        ways=[
            (np.hstack([above for above, _ in way]), np.hstack([below for _, below in way]))
            for way in ways
        ],
        null_error=np.concatenate([part.null_error for part in parts]),
        error=np.concatenate([part.error for part in parts]),
    )


def _log_odds(rows: _Rows, counts: Tally, places: NDArray[np.intp]) -> dict[str, Floats]:
    """Return log-odds of the principles at some places, alone and beside the length."""
    beside = [
        log_odds_beside(
            signed_votes(votes),
            rows.y,
            rows.length,
            ways=rows.ways,
            is_counted=votes != FAILED if counts.failed[some].any() else None,
        )
        for some, votes in rows.blocks(places)
    ]
    return {
        "log_odds": log_odds(counts.lean[places], counts.decisive[places]),
        "log_odds_given_length": np.concatenate([each.votes for each in beside]),
        "log_odds_given_length_se": np.concatenate([each.error for each in beside]),
    }
