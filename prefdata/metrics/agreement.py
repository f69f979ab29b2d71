"""How far annotators agree beyond chance, and how sure that is.

All coefficients but one are functions of one small table: which levels meet which in the judgments
of one item, added up over items. So a bootstrap over items is a weighted sum of their tables, and
items whose judgments are the same are drawn together: a resample of all items is one draw of how
often each pattern comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = [
    "Coefficient",
    "Estimate",
    "agreement",
    "agreement_between",
    "cohen_kappa",
    "fleiss_kappa",
    "krippendorff_alpha",
    "level_counts",
    "raw_agreement",
    "resampled",
]

Coefficient = Literal["krippendorff-nominal", "krippendorff-ordinal", "fleiss", "raw"]
"""What is known of annotators who may be any, and differ from item to item."""

_N_RESAMPLES = 2000
_TAILS = (0.025, 0.975)
_TWO = 2
# Draws of one block: so many numbers are in memory at a time.
_BLOCK = 4_000_000
_ALMOST_ZERO = 1e-12


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


def level_counts(
    items: NDArray[np.integer], levels: NDArray[np.integer], *, n_items: int, n_levels: int
) -> NDArray[np.int64]:
    """Count the judgments of each item at each level.

    Args:
        items: ``(v,)``: which item a judgment is of, from 0.
        levels: ``(v,)``: what it says, from 0.
        n_items: Number of items.
        n_levels: Number of levels.

    Returns:
        ``(n_items, n_levels)``; items without a judgment are rows of zeros.
    """
    cells = items.astype(np.int64) * n_levels + levels
    return np.bincount(cells, minlength=n_items * n_levels).reshape(n_items, n_levels)


def krippendorff_alpha(counts: NDArray[np.integer], *, is_ordinal: bool = False) -> float | None:
    """Return Krippendorff's alpha: 1 for full agreement, 0 for what chance gives.

    Items may have any number of judgments; those with fewer than two say nothing. Alpha is
    1 - D_o / D_e, the disagreement within items over that between any two judgments. On a nominal
    scale two levels agree or not; on an ordinal one the distance of two levels is the square of
    the number of judgments from one to the other, half of the first and the last.

    Args:
        counts: ``(n, l)``: judgments of each item at each level; on an ordinal scale the levels
            are in their order.
        is_ordinal: Whether the levels have an order.

    Returns:
        Alpha, or None where no two judgments differ, or none can be compared.

    References:
        Krippendorff (2011), *Computing Krippendorff's alpha-reliability*.
    """
    found = _patterns(counts)
    return _value(_alpha_ordinal if is_ordinal else _alpha_nominal, _coincidences(*found))


def fleiss_kappa(counts: NDArray[np.integer]) -> float | None:
    """Return Fleiss' kappa of items that all have the same number of judgments.

    Args:
        counts: ``(n, l)``: judgments of each item at each level.

    Returns:
        Kappa, or None where all judgments are at one level.

    Raises:
        ValueError: If the items have different numbers of judgments, or fewer than two.

    References:
        Fleiss (1971), *Measuring nominal scale agreement among many raters*.
    """
    sizes = np.unique(counts.sum(axis=1))
    if len(sizes) != 1 or sizes[0] < _TWO:
        told = ", ".join(str(int(size)) for size in sizes[:5]) or "none"
        message = f"Fleiss' kappa is for items with one number of judgments, not {told}"
        raise ValueError(message)
    return _value(_fleiss, _coincidences(*_patterns(counts)))


def raw_agreement(counts: NDArray[np.integer]) -> float | None:
    """Return the share of pairs of judgments of one item that say the same.

    Args:
        counts: ``(n, l)``: judgments of each item at each level.
    """
    return _value(_raw, _meetings(*_patterns(counts)))


def cohen_kappa(
    one: NDArray[np.integer], other: NDArray[np.integer], *, n_levels: int
) -> float | None:
    """Return Cohen's kappa of two annotators who judged the same items.

    Args:
        one: ``(n,)``: levels that one of them gave, from 0.
        other: ``(n,)``: levels of the other.
        n_levels: Number of levels.

    Returns:
        (p_o - p_e) / (1 - p_e), or None where both gave one level only, and the same.

    References:
        Cohen (1960), *A coefficient of agreement for nominal scales*.
    """
    table = level_counts(one, other, n_items=n_levels, n_levels=n_levels)
    return _value(_kappa, (table[None].astype(np.float64), np.ones(1, np.int64)))


def agreement(
    counts: NDArray[np.integer],
    coefficient: Coefficient,
    *,
    seed: int = 0,
    n_resamples: int = _N_RESAMPLES,
) -> Estimate:
    """Estimate a coefficient, with the percentiles of a bootstrap over items.

    Args:
        counts: ``(n, l)``: judgments of each item at each level.
        coefficient: Which; `fleiss` is undefined where items differ in their number of judgments.
        seed: Seed of the resamples.
        n_resamples: Number of resamples.

    References:
        Efron and Tibshirani (1993), *An introduction to the bootstrap*, chapter 13.
    """
    patterns, times = _patterns(counts)
    if coefficient == "fleiss" and len(np.unique(patterns.sum(axis=1))) > 1:
        return Estimate(None, None, None)
    made = _meetings if coefficient == "raw" else _coincidences
    return _estimate(_OF_TABLES[coefficient], made(patterns, times), seed, n_resamples)


def agreement_between(
    one: NDArray[np.integer],
    other: NDArray[np.integer],
    coefficient: Literal["cohen", "raw"],
    *,
    seed: int = 0,
    n_resamples: int = _N_RESAMPLES,
) -> Estimate:
    """Estimate how far two groups agree that judged the same items.

    Every judgment of one group meets every judgment of the other on the same item, and the
    coefficient is that of all meetings.

    Args:
        one: ``(n, l)``: judgments of one group.
        other: ``(n, l)``: judgments of the other.
        coefficient: `cohen`, or the share of meetings that say the same.
        seed: Seed of the resamples.
        n_resamples: Number of resamples.
    """
    is_met = (one.sum(axis=1) > 0) & (other.sum(axis=1) > 0)
    n_levels = one.shape[1]
    both = np.concatenate([one[is_met], other[is_met]], axis=1)
    patterns, times = np.unique(both, axis=0, return_counts=True)
    tables = patterns[:, :n_levels, None] * patterns[:, None, n_levels:]
    function = _kappa if coefficient == "cohen" else _raw
    return _estimate(function, (tables.astype(np.float64), times), seed, n_resamples)


def resampled(
    values: NDArray[np.floating], times: NDArray[np.integer], *, seed: int, n_resamples: int
) -> NDArray[np.float64]:
    """Draw as many items as there are, with replacement, and add up what they hold.

    Args:
        values: ``(u, c)``: what an item of each pattern holds.
        times: ``(u,)``: how many items there are of each pattern.
        seed: Seed.
        n_resamples: Number of resamples.

    Returns:
        ``(n_resamples, c)`` sums.
    """
    generator = np.random.default_rng(seed)
    n = int(times.sum())
    shares = times / n
    step = max(1, _BLOCK // len(times))
    blocks = [
        generator.multinomial(n, shares, size=min(step, n_resamples - start)) @ values
        for start in range(0, n_resamples, step)
    ]
    return np.concatenate(blocks)


Tables = tuple["NDArray[np.float64]", "NDArray[np.int64]"]


def _patterns(counts: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the different rows with two judgments or more, and how many items have each."""
    shared = counts[counts.sum(axis=1) >= _TWO].astype(np.int64)
    return np.unique(shared, axis=0, return_counts=True)


def _meetings(patterns: NDArray[np.int64], times: NDArray[np.int64]) -> Tables:
    """Return how often each level meets each other one in the pairs of judgments of an item."""
    tables = (patterns[:, :, None] * patterns[:, None, :]).astype(np.float64)
    places = np.arange(patterns.shape[1])
    tables[:, places, places] -= patterns
    return tables, times


def _coincidences(patterns: NDArray[np.int64], times: NDArray[np.int64]) -> Tables:
    """Return the same where each judgment counts once, however many others its item has."""
    tables, _ = _meetings(patterns, times)
    return tables / (patterns.sum(axis=1) - 1)[:, None, None], times


def _value(function: Callable[..., NDArray[np.float64]], tables: Tables) -> float | None:
    total = np.tensordot(tables[1], tables[0], axes=1)
    value = float(function(total[None])[0])
    return None if np.isnan(value) else value


def _estimate(
    function: Callable[..., NDArray[np.float64]], tables: Tables, seed: int, n_resamples: int
) -> Estimate:
    value = _value(function, tables)
    if value is None:
        return Estimate(None, None, None)
    cells, times = tables
    flat = cells.reshape(len(cells), -1)
    sums = resampled(flat, times, seed=seed, n_resamples=n_resamples)
    # A resample in which all agree on one level has no value: it says neither more nor less.
    low, high = np.nanquantile(function(sums.reshape(-1, *cells.shape[1:])), _TAILS)
    return Estimate(value, float(low), float(high))


def _over(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; NaN where there is nothing to divide by."""
    # Rounding leaves crumbs of what is nothing.
    is_some = np.abs(whole) > _ALMOST_ZERO
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=is_some)


def _trace(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.trace(tables, axis1=1, axis2=2))


def _raw(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    return _over(_trace(tables), tables.sum(axis=(1, 2)))


def _kappa(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    total = tables.sum(axis=(1, 2))
    by_chance = _over((tables.sum(axis=2) * tables.sum(axis=1)).sum(axis=1), total**2)
    return _over(_over(_trace(tables), total) - by_chance, 1 - by_chance)


def _fleiss(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    total = tables.sum(axis=(1, 2))
    by_chance = _over((tables.sum(axis=2) ** 2).sum(axis=1), total**2)
    return _over(_over(_trace(tables), total) - by_chance, 1 - by_chance)


def _alpha(tables: NDArray[np.float64], distances: NDArray[np.float64]) -> NDArray[np.float64]:
    n_at = tables.sum(axis=2)
    n = n_at.sum(axis=1)
    observed = (tables * distances).sum(axis=(1, 2))
    expected = (n_at[:, :, None] * n_at[:, None, :] * distances).sum(axis=(1, 2))
    return 1 - _over((n - 1) * observed, expected)


def _alpha_nominal(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    return _alpha(tables, 1 - np.eye(tables.shape[1])[None])


def _alpha_ordinal(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    n_at = tables.sum(axis=2)
    # Judgments from one level to another, half of both ends, are the difference of mid-ranks.
    middles = np.cumsum(n_at, axis=1) - n_at / 2
    return _alpha(tables, (middles[:, :, None] - middles[:, None, :]) ** 2)


_OF_TABLES: dict[str, Callable[..., NDArray[np.float64]]] = {
    "krippendorff-nominal": _alpha_nominal,
    "krippendorff-ordinal": _alpha_ordinal,
    "fleiss": _fleiss,
    "raw": _raw,
}
