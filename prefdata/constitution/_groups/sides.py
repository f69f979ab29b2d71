"""Groups, and each of them against all others, with errors that are robust to clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prefdata.constitution._groups.sums import Sums, over_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Against", "Estimates", "against_rest", "reweighted_differences", "strengths"]

_LEAST_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Estimates:
    """Strengths of p principles in groups, all ``(n_groups, p)``; nan where there are no labels."""

    strengths: Floats
    variances: Floats
    """Squared standard errors; nan for a group of one cluster."""
    degrees: Floats
    """``(n_groups, 1)``: degrees of freedom of the variances."""


@dataclass(frozen=True, slots=True)
class Against:
    """Each group against the labels of all others."""

    group: Estimates
    rest: Estimates
    variances: Floats
    """``(n_groups, p)``: squared standard errors of the differences."""
    uncorrected: Floats
    """``(n_groups, p)``: the same without the correction for few clusters: what draws of clusters
    have."""
    degrees: Floats
    """``(n_groups, p)``: degrees of freedom of the variances."""
    n_labels: Floats
    """``(n_groups,)``."""
    n_rest: Floats
    """``(n_groups,)``."""

    @property
    def differences(self) -> Floats:
        """Return ``(n_groups, p)``: strength in the group less strength in the rest."""
        return self.group.strengths - self.rest.strengths


@dataclass(frozen=True, slots=True)
class _Moments:
    """Sums over the clusters of one side: what a variance of ratios is made from."""

    agreement: Floats
    counted: Floats
    squares: Floats
    products: Floats
    counted_squares: Floats
    n_clusters: Floats
    n_labels: Floats
    n_labels_squares: Floats

    def estimates(self, alone: float) -> Estimates:
        """Return the ratio of the sums, with its variance by linearisation.

        The variance is ``K / (K - 1) * sum((z - s w)²) / (sum w)²`` over K clusters. Its degrees of
        freedom are those of as many clusters of equal size as are worth as much: a group in which
        one annotator gave half of all labels tells less than its count of annotators.
        """
        counted = np.where(self.counted > 0, self.counted, np.nan)
        strength = self.agreement / counted
        squares = (
            self.squares - 2 * strength * self.products + strength**2 * self.counted_squares
        ) / counted**2
        sizes = np.where(self.n_labels_squares > 0, self.n_labels_squares, 1.0)
        alike = (self.n_labels**2 / sizes)[:, None]
        return Estimates(
            strengths=strength,
            # What rounding leaves of a sum of squares may be below 0.
            variances=np.maximum(squares, 0.0) * _correction(self.n_clusters, alone)[:, None],
            degrees=np.maximum(alike - 1, 1.0),
        )


def strengths(sums: Sums, *, alone: float = np.nan) -> Estimates:
    """Estimate the strength of each principle in each group.

    Args:
        sums: By group and cluster.
        alone: What variances are multiplied by, in place of ``K / (K - 1)``, where there is one
            cluster: with 1 they are 0.
    """
    return _own(sums).estimates(alone)


def against_rest(sums: Sums, *, alone: float = np.nan) -> Against:
    """Hold each group against the labels of all others.

    Clusters may have labels on both sides, as a prompt has that both people and models judged:
    what moves both alike cancels out of the variance of the difference.

    Degrees of freedom are Satterthwaite's.

    Args:
        sums: By group and cluster.
        alone: As in `strengths`.

    References:
        Satterthwaite (1946), *An approximate distribution of estimates of variance components*,
        Biometrics Bulletin 2, 110-114; for clusters of unequal size, Carter, Schnepel and
        Steigerwald (2017), *Asymptotic behavior of a t-test robust to cluster heterogeneity*.
    """
    whole = _by_cluster(sums)
    others = _Cells(
        whole.agreement - sums.agreement,
        whole.counted - sums.counted,
        whole.n_labels - sums.n_labels,
    )
    here = _Cells(sums.agreement, sums.counted, sums.n_labels)
    own = _own(sums)
    rest = _less(_all(sums), over=sums, whole=whole, others=others)
    group_side, rest_side = own.estimates(alone), rest.estimates(alone)
    s, r = group_side.strengths, rest_side.strengths
    shared = (
        over_groups(sums, here.agreement * others.agreement)
        - r * over_groups(sums, here.agreement * others.counted)
        - s * over_groups(sums, here.counted * others.agreement)
        + s * r * over_groups(sums, here.counted * others.counted)
    ) / (own.counted * np.where(rest.counted > 0, rest.counted, np.nan))
    a, b = group_side.variances, rest_side.variances
    for_a, for_b = (_correction(side.n_clusters, alone)[:, None] for side in (own, rest))
    parts = a**2 / group_side.degrees + b**2 / rest_side.degrees
    return Against(
        group=group_side,
        rest=rest_side,
        variances=np.maximum(a + b - 2 * np.sqrt(for_a * for_b) * shared, 0.0),
        uncorrected=np.maximum(a / for_a + b / for_b - 2 * shared, 0.0),
        degrees=np.divide((a + b) ** 2, parts, out=np.ones_like(parts), where=parts > 0),
        n_labels=own.n_labels,
        n_rest=rest.n_labels,
    )


def reweighted_differences(sums: Sums) -> Floats:
    """Hold each group against the others at one mix of prompts.

    Within a stratum both are asked alike. Strata are weighted by ``n m / (n + m)`` for n labels of
    the group and m of the others, as Mantel and Haenszel do: for a small group that is nearly its
    own mix, and a stratum that only one of them has weighs nothing. Null where less than half of
    the labels of the group are in strata that the others have too, since the rest of the group
    would be told nothing of.

    Args:
        sums: By group and stratum, which takes the place of the cluster.

    Returns:
        ``(n_groups, p)``.

    References:
        Greenland and Robins (1985), *Estimation of a common effect parameter from sparse follow-up
        data*, Biometrics 41, 55-68, equation 2, for these weights of differences.
    """
    whole = _by_cluster(sums)
    n, m = sums.counted, whole.counted - sums.counted
    is_shared = (n > 0) & (m > 0)
    weights = np.where(is_shared, n * m / np.where(whole.counted > 0, whole.counted, 1.0), 0.0)
    rest = (whole.agreement - sums.agreement) / np.where(m > 0, m, 1.0)
    gap = sums.agreement / np.where(n > 0, n, 1.0) - rest
    total = over_groups(sums, weights)
    covered = over_groups(sums, np.where(is_shared, n, 0.0))
    is_known = (total > 0) & (covered >= _LEAST_OVERLAP * over_groups(sums, n))
    found: Floats = over_groups(sums, weights * gap) / np.where(is_known, total, np.nan)
    return found


@dataclass(frozen=True, slots=True)
class _Cells:
    agreement: Floats
    counted: Floats
    n_labels: Floats


def _by_cluster(sums: Sums) -> _Cells:
    """Return what the cluster of each cell has in all groups together, for each cell."""
    clusters, first, inverse = np.unique(sums.cluster, return_index=True, return_inverse=True)
    if len(first) == len(inverse):
        return _Cells(sums.agreement, sums.counted, sums.n_labels)
    order = np.argsort(inverse, kind="stable")
    starts = np.searchsorted(inverse[order], np.arange(len(clusters)))

    def whole(values: Floats) -> Floats:
        total: Floats = np.add.reduceat(values[order], starts, axis=0)[inverse]
        return total

    return _Cells(whole(sums.agreement), whole(sums.counted), whole(sums.n_labels))


def _moments(sums: Sums, cells: _Cells) -> _Moments:
    """Add up what cells have, over the cells of each group."""
    z, w, n = cells.agreement, cells.counted, cells.n_labels
    return _Moments(
        agreement=over_groups(sums, z),
        counted=over_groups(sums, w),
        squares=over_groups(sums, z**2),
        products=over_groups(sums, z * w),
        counted_squares=over_groups(sums, w**2),
        n_clusters=over_groups(sums, (n > 0).astype(np.float64)),
        n_labels=over_groups(sums, n),
        n_labels_squares=over_groups(sums, n**2),
    )


def _own(sums: Sums) -> _Moments:
    return _moments(sums, _Cells(sums.agreement, sums.counted, sums.n_labels))


def _all(sums: Sums) -> _Moments:
    """Return the moments of all labels, each cluster once, with a first axis of 1."""
    _, first = np.unique(sums.cluster, return_index=True)
    whole = _by_cluster(sums)
    z, w, n = whole.agreement[first], whole.counted[first], whole.n_labels[first]
    return _Moments(
        agreement=z.sum(axis=0, keepdims=True),
        counted=w.sum(axis=0, keepdims=True),
        squares=(z**2).sum(axis=0, keepdims=True),
        products=(z * w).sum(axis=0, keepdims=True),
        counted_squares=(w**2).sum(axis=0, keepdims=True),
        n_clusters=np.array([float(len(first))]),
        n_labels=n.sum(keepdims=True),
        n_labels_squares=(n**2).sum(keepdims=True),
    )


def _less(total: _Moments, *, over: Sums, whole: _Cells, others: _Cells) -> _Moments:
    """Return the moments of what is not in each group.

    Clusters without a label in the group keep their part of the total; of the others it is
    replaced by what they have elsewhere. So the cost is that of the cells, not of all clusters for
    each group.
    """
    old, new = _moments(over, whole), _moments(over, others)
    names = _Moments.__slots__
    return _Moments(
        **{name: getattr(total, name) - getattr(old, name) + getattr(new, name) for name in names}
    )


def _correction(n_clusters: Floats, alone: float) -> Floats:
    return np.where(n_clusters > 1, n_clusters / np.maximum(n_clusters - 1, 1.0), alone)
