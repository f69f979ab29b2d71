"""Whether the same quantity differs between groups, from estimates and their variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Heterogeneity", "cochran_q", "difference_p", "expansion", "usable"]

_TWO = 2


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Cochran's Q of several quantities, each estimated in several groups.

    All are ``(m,)``, for m quantities, and nan where fewer than two groups have an estimate.
    """

    statistic: Floats
    """Cochran's Q: squared distances from the common estimate, in units of their variances."""
    p: Floats
    """Probability of so great a statistic if all groups had one value."""
    pooled: Floats
    """The common estimate, weighted by inverse variances."""
    n_groups: NDArray[np.int64]
    """Groups with an estimate."""


def usable(estimates: Floats, variances: Floats) -> NDArray[np.bool_]:
    """Tell which estimates can be weighted: those that are known and have a variance above 0.

    A variance of 0 is that of a group whose clusters all say the same: it would outweigh all
    others, although it only means that there were too few to see any differ.
    """
    return np.isfinite(estimates) & np.isfinite(variances) & (variances > 0)


def cochran_q(
    estimates: Floats, variances: Floats, *, degrees: Floats | None = None
) -> Heterogeneity:
    """Test whether estimates of independent groups differ by more than their variances tell.

    Q is compared with chi-squared on one degree of freedom less than groups, as if the variances
    were known. Those of a few clusters are not, and then Q is too great too often; with
    ``degrees`` it is divided by Welch's correction and compared with F instead, which for many
    degrees of freedom is the same.

    Args:
        estimates: ``(n_groups, m)``; nan where a group has none.
        variances: ``(n_groups, m)``, squared standard errors; an estimate with a variance of 0 or
            nan is left out.
        degrees: ``(n_groups, m)`` or ``(n_groups, 1)``, degrees of freedom of each variance.

    References:
        Cochran (1954), *The combination of estimates from different experiments*, Biometrics 10,
        101-129. Welch (1951), *On the comparison of several mean values: an alternative
        approach*, Biometrika 38, 330-336.
    """
    from scipy.special import chdtrc

    is_used = usable(estimates, variances)
    weights = np.divide(1.0, variances, out=np.zeros_like(variances), where=is_used)
    values = np.where(is_used, estimates, 0.0)
    n_groups = is_used.sum(axis=0)
    total = weights.sum(axis=0)
    safe = np.where(total > 0, total, 1.0)
    pooled = (weights * values).sum(axis=0) / safe
    q = (weights * (values - pooled) ** 2).sum(axis=0)
    is_known = n_groups >= _TWO
    spare = np.maximum(n_groups - 1, 1)
    p = (
        chdtrc(spare, q)
        if degrees is None
        else _welch(q, weights / safe, np.where(is_used, degrees, np.inf), n_groups)
    )
    return Heterogeneity(
        statistic=np.where(is_known, q, np.nan),
        p=np.where(is_known, p, np.nan),
        pooled=np.where(is_known, pooled, np.nan),
        n_groups=n_groups,
    )


def _welch(q: Floats, shares: Floats, degrees: Floats, n_groups: NDArray[np.int64]) -> Floats:
    """Return the probability of Q where variances are estimated.

    Args:
        q: ``(m,)``.
        shares: ``(n_groups, m)``, each group's share of all weights.
        degrees: ``(n_groups, m)``.
        n_groups: ``(m,)``.
    """
    from scipy.special import chdtrc, fdtrc

    k = np.maximum(n_groups, _TWO)
    unsure = ((1 - shares) ** 2 / np.maximum(degrees, 1.0) * (shares > 0)).sum(axis=0)
    statistic = q / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * unsure)
    below = np.divide(k**2 - 1, 3 * unsure, out=np.full_like(q, np.inf), where=unsure > 0)
    is_finite = np.isfinite(below)
    p: Floats = np.where(
        is_finite, fdtrc(k - 1, np.where(is_finite, below, 1.0), statistic), chdtrc(k - 1, q)
    )
    return p


def difference_p(differences: Floats, variances: Floats, degrees: Floats) -> Floats:
    """Return the two-sided p of differences by Student's t, nan where the variance is 0 or nan.

    Args:
        differences: Any shape.
        variances: The same shape: squared standard errors.
        degrees: The same shape: degrees of freedom of these.
    """
    from scipy.special import stdtr

    is_used = usable(differences, variances)
    t = np.divide(
        np.abs(differences),
        np.sqrt(np.where(is_used, variances, 1.0)),
        out=np.zeros_like(differences),
        where=is_used,
    )
    p: Floats = np.where(is_used, 2 * stdtr(np.maximum(degrees, 1.0), -t), np.nan)
    return p


def expansion(degrees: Floats, *, coverage: float = 0.95) -> Floats:
    """Return by how much an interval of percentiles is too short, for Student's t.

    Percentiles of a bootstrap are as far from the middle as those of a normal. With few clusters
    the standard error is unsure as well, which t knows of.

    Args:
        degrees: Any shape: degrees of freedom of the standard error.
        coverage: Of the interval.

    References:
        Hesterberg (2015), *What teachers should know about the bootstrap*, The American
        Statistician 69, 371-386, section 5.3, on the expanded percentile interval.
    """
    from scipy.special import ndtri, stdtrit

    tail = (1 + coverage) / 2
    wider: Floats = stdtrit(np.maximum(degrees, 1.0), tail) / ndtri(tail)
    return wider
