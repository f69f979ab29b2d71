"""Estimates of several groups, drawn to a common one by as much as they are unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prefdata.metrics.heterogeneity import cochran_q, usable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["between_variance", "shrunk"]


def between_variance(estimates: Floats, variances: Floats) -> Floats:
    """Estimate how much true values differ between groups, by the moments of DerSimonian-Laird.

    ``tau² = max(0, (Q - (k - 1)) / (sum w - sum w² / sum w))`` with ``w = 1 / variance``. It needs
    no iteration, so that many quantities are done at once; restricted maximum likelihood is a
    little less biased where groups are few, and would differ in the display only.

    Args:
        estimates: ``(n_groups, m)``; nan where a group has none.
        variances: ``(n_groups, m)``, squared standard errors.

    Returns:
        ``(m,)``; nan where fewer than two groups have an estimate.

    References:
        DerSimonian and Laird (1986), *Meta-analysis in clinical trials*, Controlled Clinical
        Trials 7, 177-188.
    """
    is_used = usable(estimates, variances)
    weights = np.divide(1.0, variances, out=np.zeros_like(variances), where=is_used)
    found = cochran_q(estimates, variances)
    total = weights.sum(axis=0)
    spread = total - (weights**2).sum(axis=0) / np.where(total > 0, total, 1.0)
    excess = found.statistic - (found.n_groups - 1)
    tau: Floats = np.divide(
        np.maximum(excess, 0.0),
        spread,
        out=np.full_like(total, np.nan),
        where=(found.n_groups > 1) & (spread > 0),
    )
    return tau


def shrunk(estimates: Floats, variances: Floats, common: Floats) -> Floats:
    """Draw the estimates of groups to a common value by empirical Bayes.

    Each becomes ``common + tau² / (tau² + variance) * (estimate - common)``: what differs no more
    than chance lets it becomes the common value, and a group of which little is known is drawn
    further than one of which much is.

    Args:
        estimates: ``(n_groups, m)``; nan where a group has none.
        variances: ``(n_groups, m)``, squared standard errors.
        common: ``(m,)``, what they are drawn to.

    Returns:
        ``(n_groups, m)``; nan where a group has no estimate or no variance, or no other group has.

    References:
        Efron and Morris (1975), *Data analysis using Stein's estimator and its generalizations*,
        JASA 70, 311-319.
    """
    tau = between_variance(estimates, variances)
    is_used = usable(estimates, variances) & np.isfinite(tau)
    trust = np.divide(tau, tau + variances, out=np.full_like(variances, np.nan), where=is_used)
    return common + trust * (estimates - common)
