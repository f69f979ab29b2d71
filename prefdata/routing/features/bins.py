"""Three bins for each feature of the texts, set once on all comparisons.

HyPER ranks lengths within each subset that it counts, so every subset has a third of its rows in
each bin, whatever it holds; and it counts a value on an edge in two bins or in none. Here the
edges are values that are found on all comparisons of a source and stored, and a bin holds its
lower edge and not its upper one, so each value is in exactly one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.routing.features.names import BINS, RANKED, TEXT_FEATURES, Tag, tag_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BIN", "bin_tags", "binned", "feature_bins"]

BIN: dict[str, pl.DataType] = {
    "feature": pl.String(),
    "bin": pl.Int32(),
    "tag": pl.String(),
    "scale": pl.String(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "n": pl.Int64(),
}
"""Columns of bins, as in the table ``feature_bins``."""

_SHARES = (1 / 3, 2 / 3)


def feature_bins(features: pl.DataFrame) -> pl.DataFrame:
    """Set the bins of each feature of the texts.

    Similarities have edges at 0.33 and 0.67, which are the numbers in the names of their tags; the
    outer bins are open, so that a cosine below 0 is in the lowest. Lengths are cut where a third
    and two thirds of the comparisons lie below; comparisons of one length stay together, on the
    side on which most of them would be.

    Args:
        features: All comparisons of a source, with the columns `TEXT_FEATURES`; null where a
            feature is unknown.

    Returns:
        Columns of `BIN`: three rows for each feature, those without a value too; empty where
        there are no comparisons.
    """
    if features.is_empty():
        return pl.DataFrame(schema=BIN)
    rows = []
    for name in TEXT_FEATURES:
        values = features[name].drop_nulls().cast(pl.Float64).to_numpy()
        edges = _rank_edges(values) if name in RANKED else (BINS[0][1], BINS[1][1])
        lows, highs = (None, *edges), (*edges, None)
        for number, (low, high) in enumerate(zip(lows, highs, strict=True)):
            is_above = np.ones(len(values), bool) if low is None else values >= low
            is_below = np.ones(len(values), bool) if high is None else values < high
            tag = tag_name(Tag(name, low=BINS[number][0], high=BINS[number][1]))
            scale = "rank" if name in RANKED else "raw"
            rows.append((name, number, tag, scale, low, high, int((is_above & is_below).sum())))
    return pl.DataFrame(rows, schema=BIN, orient="row")


def binned(values: pl.Series, edges: pl.DataFrame) -> pl.Series:
    """Return the bin of each value; null where it is null.

    Args:
        values: A feature of the texts.
        edges: The rows of `BIN` of that feature.
    """
    inner = edges.sort("bin")["low"].drop_nulls().to_numpy()
    numbers = np.searchsorted(inner, values.cast(pl.Float64).fill_null(0).to_numpy(), side="right")
    found = pl.Series("bin", numbers, dtype=pl.Int32)
    return pl.select(pl.when(values.is_not_null()).then(found)).to_series().alias("bin")


def bin_tags(features: pl.DataFrame, bins: pl.DataFrame) -> pl.DataFrame:
    """Return the tag that each feature of the texts has for its bin.

    Args:
        features: Some comparisons, with the columns `TEXT_FEATURES`; a part of those that the
            bins were set on, or all.
        bins: Bins of `feature_bins`.

    Returns:
        A column for each feature, of tags or nulls, in the order of the rows.
    """
    columns = []
    for name in TEXT_FEATURES:
        edges = bins.filter(pl.col("feature") == name).sort("bin")
        tags = dict(edges.select("bin", "tag").iter_rows())
        numbers = binned(features[name], edges)
        columns.append(numbers.replace_strict(tags, default=None, return_dtype=pl.String))
    frame = pl.DataFrame(
        [column.alias(name) for name, column in zip(TEXT_FEATURES, columns, strict=True)]
    )
    return frame.select(TEXT_FEATURES)


def _rank_edges(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Return the least value of the middle bin and of the highest one."""
    if not len(values):
        return None, None
    distinct, counts = np.unique(values, return_counts=True)
    # The middle of the ranks of equal values: they go where most of them would be.
    share = (np.cumsum(counts) - counts / 2) / len(values)
    places = [int(np.searchsorted(share, third, side="left")) for third in _SHARES]
    # Where one value is most of the upper end, nothing is above it.
    last = distinct[-1]
    beyond = float(max(last + 1, np.nextafter(last, np.inf)))
    low, high = (float(distinct[at]) if at < len(distinct) else beyond for at in places)
    return low, high
