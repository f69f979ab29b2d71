"""What the scores say in numbers, as frames; figures and tables are made of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "ALL",
    "SCORES",
    "Axis",
    "Cut",
    "axis",
    "by_fifth",
    "by_source",
    "by_status",
    "correlations",
    "cuts",
    "density",
    "histogram",
]

ALL = "all sources"
SCORES = ("ln_ches", "ches", "relative_ches")
_QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
_TAIL = 0.002
"""Share of the pairs that may lie beyond each end of an axis: a few far ones hide the rest."""
_DIGITS = 6
_LEAST = 3


def by_status(rows: pl.DataFrame) -> pl.DataFrame:
    """Return status, pairs, share and kept (not flagged), the most frequent first."""
    return (
        rows.group_by("status")
        .agg(pairs=pl.len(), kept=pl.col("flag").null_count())
        .with_columns(share=pl.col("pairs") / max(rows.height, 1))
        .sort("pairs", "status", descending=[True, False])
    )


def by_source(rows: pl.DataFrame) -> pl.DataFrame:
    """Return for each source, and for all: pairs, ranked, quantiles of LN-CHES, kept and its share.

    Quantiles and the median difference of length are those of the ranked pairs.
    """
    ranked = pl.col("is_ranked")
    of_ranked = pl.col("ln_ches").filter(ranked)
    numbers = [
        pl.len().alias("pairs"),
        ranked.sum().alias("ranked"),
        *(of_ranked.quantile(q, "linear").alias(name) for name, q in _QUANTILES.items()),
        pl.col("length_difference").filter(ranked).median().alias("length_difference"),
        pl.col("flag").null_count().alias("kept"),
    ]
    each = rows.group_by("source").agg(numbers).sort("source")
    parts = [each]
    if each.height != 1:
        parts.append(rows.select(pl.lit(ALL).alias("source"), *numbers).head(1))
    return pl.concat(parts, how="vertical_relaxed").with_columns(
        share_kept=pl.when(pl.col("pairs") > 0).then(pl.col("kept") / pl.col("pairs"))
    )


def by_fifth(ranked: pl.DataFrame) -> pl.DataFrame:
    """Return for each fifth of LN-CHES: range, lengths, edit distance, share kept."""
    return (
        ranked.group_by("fifth")
        .agg(
            pairs=pl.len(),
            lowest=pl.col("ln_ches").min(),
            highest=pl.col("ln_ches").max(),
            n_pos=pl.col("n_pos").median(),
            n_neg=pl.col("n_neg").median(),
            length_difference=pl.col("length_difference").median(),
            edit_distance=pl.col("edit_distance").median(),
            share_kept=pl.col("flag").null_count() / pl.len(),
        )
        .sort("fifth")
    )


def correlations(ranked: pl.DataFrame) -> pl.DataFrame:
    """Return Spearman's rank correlation of each score with length and with the baselines.

    Returns:
        score, with, rho (null where one of the two does not vary), n (pairs that have both).
    """
    others = ("length_difference", "last_dot", "edit_distance")
    asked = [(score, other) for score in SCORES for other in others]
    asked += [("ln_ches", "ches"), ("ln_ches", "relative_ches")]
    rows = [(score, other, *_spearman(ranked, score, other)) for score, other in asked]
    schema = {"score": pl.String, "with": pl.String, "rho": pl.Float64, "n": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _spearman(rows: pl.DataFrame, one: str, other: str) -> tuple[float | None, int]:
    from scipy.stats import spearmanr

    is_number = [pl.col(name).cast(pl.Float64).is_finite() for name in (one, other)]
    both = rows.filter(*is_number)
    varies = all(both[name].n_unique() > 1 for name in (one, other))
    if both.height < _LEAST or not varies:
        return None, both.height
    rho = float(spearmanr(both[one].to_numpy(), both[other].to_numpy()).statistic)
    # Sums in another order, on another machine, differ in the last digits.
    return round(rho, _DIGITS), both.height


@dataclass(frozen=True, slots=True)
class Cut:
    """Between which scores a filter cut."""

    score: str
    source: str
    """One source, or `ALL`."""
    kept: float
    """The highest score that is kept."""
    left_out: float
    """The lowest that is not."""


def cuts(ranked: pl.DataFrame) -> list[Cut]:
    """Return where a filter cut: over all sources, else for each source, else nowhere.

    The score that it cut by is found from what it flagged: every kept pair stands below every
    other one. Without a filter, and where all or none are kept, there is no cut.
    """
    over_all = ranked.with_columns(source=pl.lit(ALL))
    for score in SCORES:
        if found := _cuts(over_all, score) or _cuts(ranked, score):
            return found
    return []


def _cuts(ranked: pl.DataFrame, score: str) -> list[Cut]:
    is_kept = pl.col("flag").is_null()
    ends = (
        ranked.filter(pl.col(score).is_finite())
        .group_by("source")
        .agg(
            kept=pl.col(score).filter(is_kept).max(),
            left_out=pl.col(score).filter(~is_kept).min(),
        )
        .drop_nulls()
        .sort("source")
    )
    if ends.filter(pl.col("kept") > pl.col("left_out")).height:
        return []
    return [Cut(score, *row) for row in ends.select("source", "kept", "left_out").iter_rows()]


@dataclass(frozen=True, slots=True)
class Axis:
    """Equal bins over the values of a column, but for a few at the ends."""

    column: str
    low: float
    high: float
    bins: int

    @property
    def edges(self) -> NDArray[np.float64]:
        """The ``bins + 1`` borders."""
        return np.linspace(self.low, self.high, self.bins + 1)

    def place(self) -> pl.Expr:
        """Return the number of each value's bin; null beyond the ends."""
        value = pl.col(self.column).cast(pl.Float64)
        spot = ((value - self.low) / (self.high - self.low) * self.bins).floor()
        inside = value.is_between(self.low, self.high)
        # The highest value belongs to the last bin.
        return pl.when(inside).then(spot.clip(0, self.bins - 1)).cast(pl.Int32)


def axis(rows: pl.DataFrame, column: str, bins: int) -> Axis:
    """Return an axis that shows nearly all values of a column."""
    values = rows[column].cast(pl.Float64)
    ends = [values.quantile(q, "nearest") for q in (_TAIL, 1 - _TAIL)]
    low, high = (float(end) if end is not None else 0.0 for end in ends)
    if low == high:
        width = abs(low) / 2 or 0.5
        low, high = low - width, high + width
    return Axis(column, low, high, bins)


def histogram(ranked: pl.DataFrame, along: Axis, sources: Sequence[str]) -> pl.DataFrame:
    """Count the pairs of each source in each bin of an axis.

    Args:
        ranked: Pairs that can be ranked.
        along: What is counted, and where.
        sources: Sources that are counted apart; others are counted as ``others``.

    Returns:
        source, bin (null for those beyond the ends of the axis), pairs; bins without pairs have
        no row.
    """
    named = (
        pl.when(pl.col("source").is_in(list(sources))).then("source").otherwise(pl.lit("others"))
    )
    return (
        ranked.group_by(source=named, bin=along.place())
        .agg(pairs=pl.len())
        .sort("source", "bin", nulls_last=True)
    )


def density(ranked: pl.DataFrame, x: Axis, y: Axis) -> NDArray[np.int64]:
    """Count the pairs in each cell of two axes, as ``(y.bins, x.bins)`` counts."""
    cells = (
        ranked.group_by(x=x.place(), y=y.place()).agg(pairs=pl.len()).drop_nulls().sort("x", "y")
    )
    counts = np.zeros((y.bins, x.bins), dtype=np.int64)
    counts[cells["y"].to_numpy(), cells["x"].to_numpy()] = cells["pairs"].to_numpy()
    return counts
