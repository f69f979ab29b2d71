"""Intervals of differences between groups, by drawing whole clusters again."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.constitution._groups.sums import Sums

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["MAX_UNITS", "difference_intervals", "is_nested"]

MAX_UNITS = 1_000
"""Most units that are drawn from a group. More clusters are dealt to so many at random first: the
variance between units of several clusters is that between clusters, and an interval from a
thousand is as good as one from all."""

_COVERED = (0.025, 0.975)
_CHUNK = 8_000_000
"""Most floats in one table of bootstrapped sums: 64 MB."""


def is_nested(sums: Sums) -> bool:
    """Tell whether each cluster is in one group only, as an annotator is of one country."""
    return len(np.unique(sums.cluster)) == len(sums.cluster)


def difference_intervals(
    sums: Sums, *, n_bootstraps: int, seed: int, max_units: int = MAX_UNITS
) -> tuple[Floats, Floats]:
    """Return 95 % intervals of the difference between each group and all others.

    Percentiles of a bootstrap over clusters. Where each cluster is in one group, those of a group
    are drawn from that group; where clusters have labels in several, as prompts that both people
    and models judged, they are drawn jointly, with all that they have.

    Args:
        sums: By group and cluster.
        n_bootstraps: How often clusters are drawn.
        seed: Of the draws.
        max_units: As in `MAX_UNITS`.

    Returns:
        Two arrays ``(n_groups, p)``: lower and upper ends.
    """
    rng = np.random.default_rng(seed)
    unit = _units(sums, rng, max_units)
    p = sums.agreement.shape[1]
    # All draws of some principles at a time, so that memory is bounded and draws are the same.
    step = max(1, min(p, _CHUNK // max(1, n_bootstraps * sums.n_groups)))
    state = rng.bit_generator.state
    low, high = np.full((2, sums.n_groups, p), np.nan)
    for first in range(0, p, step):
        rng.bit_generator.state = state
        some = slice(first, first + step)
        agreement, counted = _drawn(sums, unit, rng, n_bootstraps, some)
        rest = counted.sum(axis=1, keepdims=True) - counted
        other = agreement.sum(axis=1, keepdims=True) - agreement
        gap = _ratio(agreement, counted) - _ratio(other, rest)
        ends = np.nanquantile if np.isnan(gap).any() else np.quantile
        # A group without any label has nan in all draws, of which no quantile can be had.
        is_known = ~np.isnan(gap).all(axis=0)
        if is_known.any():
            found = ends(gap[:, is_known], _COVERED, axis=0)
            low[:, some][is_known], high[:, some][is_known] = found
    return low, high


def _ratio(agreement: Floats, counted: Floats) -> Floats:
    return agreement / np.where(counted > 0, counted, np.nan)


def _units(sums: Sums, rng: np.random.Generator, max_units: int) -> list[Ints]:
    """Return for the cells of each group which unit is drawn for them.

    Units of groups that are drawn apart are numbered apart.
    """
    starts = np.searchsorted(sums.group, np.arange(sums.n_groups + 1))
    parts = [slice(*ends) for ends in pairwise(starts)]
    if is_nested(sums):
        return [_dealt(rng, part.stop - part.start, max_units) for part in parts]
    clusters, inverse = np.unique(sums.cluster, return_inverse=True)
    unit = _dealt(rng, len(clusters), max_units)[inverse]
    return [unit[part] for part in parts]


def _dealt(rng: np.random.Generator, n: int, max_units: int) -> Ints:
    """Deal n clusters to units, as evenly as can be."""
    units: Ints = rng.permutation(n) % max_units if n > max_units else np.arange(n)
    return units


def _drawn(
    sums: Sums, units: list[Ints], rng: np.random.Generator, n_bootstraps: int, some: slice
) -> tuple[Floats, Floats]:
    """Return what labels agree and count in each draw, ``(n_bootstraps, n_groups, p)`` each."""
    n_some = sums.agreement[:1, some].shape[1]
    agreement = np.zeros((n_bootstraps, sums.n_groups, n_some))
    is_each = sums.counted.shape[1] > 1
    counted = np.zeros((n_bootstraps, sums.n_groups, n_some if is_each else 1))
    starts = np.searchsorted(sums.group, np.arange(sums.n_groups + 1))
    joint = None
    if not is_nested(sums):
        joint = _weights(rng, max(int(unit.max(initial=-1)) + 1 for unit in units), n_bootstraps)
    for group, unit in enumerate(units):
        cells = slice(starts[group], starts[group + 1])
        n_units = int(unit.max(initial=-1)) + 1
        if not n_units:
            continue
        weights = _weights(rng, n_units, n_bootstraps) if joint is None else joint[:, :n_units]
        agreement[:, group] = weights @ _by_unit(sums.agreement[cells, some], unit, n_units)
        mine = sums.counted[cells, some] if is_each else sums.counted[cells]
        counted[:, group] = weights @ _by_unit(mine, unit, n_units)
    return agreement, counted


def _weights(rng: np.random.Generator, n_units: int, n_bootstraps: int) -> Floats:
    """Return how often each unit is drawn, ``(n_bootstraps, n_units)``."""
    drawn = rng.integers(0, n_units, (n_bootstraps, n_units))
    drawn += n_units * np.arange(n_bootstraps)[:, None]
    flat = np.bincount(drawn.ravel(), minlength=n_bootstraps * n_units)
    return flat.reshape(n_bootstraps, n_units).astype(np.float64)


def _by_unit(values: Floats, unit: Ints, n_units: int) -> Floats:
    from scipy.sparse import csr_array

    places = (unit, np.arange(len(unit)))
    summed = csr_array((np.ones(len(unit)), places), shape=(n_units, len(unit))) @ values
    return np.asarray(summed, np.float64)
