"""Log-odds of a choice for each of many principles, alone and beside another difference.

Each principle has a model of its own, without an intercept, because which response is a is chance:
the log-odds of a are b v, or b v + g x with x the difference of lengths. All models are fitted at
once. Half a label for and half a label against are added to each coefficient, so that labels that
all agree give a number: this is the log-F(1, 1) prior, whose mode alone is Haldane's and
Anscombe's log((agree + 1/2) / (disagree + 1/2)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from prefdata.metrics.cluster_sums import cluster_sums, squared_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from prefdata.metrics.cluster_sums import Partition

    Floats = NDArray[np.float64]
    Single = NDArray[np.float32]

__all__ = ["LogOdds", "log_odds", "log_odds_beside"]

_MOST_STEPS = 40
# Longer steps of Newton's method may overshoot where labels are separated.
_LONGEST = 2.0
_ENOUGH, _SMALL = 1e-6, 1e-4
# Labels times principles at a time.
_BLOCK = 1 << 17


@dataclass(frozen=True, slots=True)
class LogOdds:
    """Coefficients of p models, ``(p,)`` each."""

    votes: Floats
    """Log-odds of being chosen for the response that the principle votes for."""
    other: Floats
    """Log-odds of one standard deviation of what the votes stand beside."""
    error: Floats
    """Standard error of ``votes``, robust to clusters; nan for fewer than two."""


def log_odds(lean: Floats, decisive: NDArray[np.integer]) -> Floats:
    """Return the log-odds of being chosen for what a principle votes for, with it alone.

    Args:
        lean: ``(p,)``: sum of labels times votes, agree - disagree.
        decisive: ``(p,)``: decisive labels, agree + disagree.

    Examples:
        >>> round(log_odds(np.array([10.0]), np.array([30])).item(), 4)  # log(20.5 / 10.5)
        0.669

    References:
        Anscombe (1956), *On estimating binomial response relations*, Biometrika 43, 461-464.
    """
    return np.log((decisive + lean + 1) / (decisive - lean + 1))


def log_odds_beside(
    signed: Single,
    y: Floats,
    other: Floats,
    *,
    ways: Sequence[Partition],
    is_counted: NDArray[np.bool_] | None = None,
) -> LogOdds:
    """Return the log-odds of p principles, each beside the same other difference.

    Newton's method for all models at once, each of two coefficients. Standard errors are those of
    the sandwich, with sums over clusters in the middle, times c / (c - 1) for c clusters.

    Args:
        signed: ``(n, p)``: votes, 1 and -1 where they are decisive and 0 elsewhere.
        y: ``(n,)``: labels from -1 to 1, of which (1 + y) / 2 is the share for a.
        other: ``(n,)``: how a differs from b; it is divided by its root mean square, and not
            centred, so that to swap a and b changes its sign.
        ways: How labels are clustered: one partition, or two and both crossed.
        is_counted: ``(n, p)``: labels that a model has, all if None.

    References:
        Greenland and Mansournia (2015), *Penalization, bias reduction, and default priors in
        logistic and related categorical and survival regressions*, Statistics in Medicine 34,
        3133-3143. The sandwich: Liang and Zeger (1986), Biometrika 73, 13-22.
    """
    scale = float(np.sqrt(np.mean(other**2))) if len(other) else 0.0
    beside = (other / scale if scale else np.zeros_like(other)).astype(np.float32)
    share = ((1 + y) / 2).astype(np.float32)[:, None]
    model = _Models(signed, beside, share, is_counted)
    found = np.zeros((2, signed.shape[1]))
    last = np.inf
    for _ in range(_MOST_STEPS):
        gradient, hessian = model.slopes(found)
        step = _solved(hessian, gradient)
        found += np.clip(step, -_LONGEST, _LONGEST)
        longest = float(np.abs(step).max(initial=0.0))
        # Single precision may end before steps do.
        if longest < _ENOUGH or (longest < _SMALL and longest > last / 2):
            break
        last = longest
    least = min(way.n_clusters for way in ways)
    if least <= 1:
        return LogOdds(found[0], found[1], np.full(signed.shape[1], np.nan))
    moved = model.moved(found, model.slopes(found)[1])
    squares = squared_error([cluster_sums(moved, way) for way in ways])
    return LogOdds(found[0], found[1], np.sqrt(squares * least / (least - 1)))


@dataclass(frozen=True, slots=True)
class _Models:
    """What p models of the same n labels are fitted to."""

    signed: Single
    beside: Single
    share: Single
    is_counted: NDArray[np.bool_] | None

    def slopes(self, found: Floats) -> tuple[Floats, Floats]:
        """Return gradients ``(2, p)``, and the three parts of Hessians, ``(3, p)``."""
        prior = expit(found)
        gradient = 0.5 - prior
        hessian = np.zeros((3, found.shape[1]))
        hessian[[0, 2]] = prior * (1 - prior)
        for rows in self._blocks():
            signed, beside = self.signed[rows], self.beside[rows]
            ones = np.ones_like(beside)
            chance = self._chance(found, rows)
            weights = chance * (1 - chance)
            rest = self.share[rows] - chance
            if self.is_counted is not None:
                rest *= self.is_counted[rows]
                weights *= self.is_counted[rows]
            gradient[1] += beside @ rest
            hessian[2] += beside**2 @ weights
            rest *= signed
            weights *= signed
            gradient[0] += ones @ rest
            hessian[1] += beside @ weights
            weights *= signed
            hessian[0] += ones @ weights
        return gradient, hessian

    def moved(self, found: Floats, hessian: Floats) -> Single:
        """Return what each label moves the coefficients of the votes by, ``(n, p)``."""
        a, b, c = hessian
        own, across = (
            each.astype(np.float32) for each in (c / (a * c - b * b), b / (a * c - b * b))
        )
        moved = np.empty_like(self.signed)
        for rows in self._blocks():
            rest = self.share[rows] - self._chance(found, rows)
            if self.is_counted is not None:
                rest *= self.is_counted[rows]
            rest *= self.signed[rows] * own - np.outer(self.beside[rows], across)
            moved[rows] = rest
        return moved

    def _chance(self, found: Floats, rows: slice) -> Single:
        votes, other = found.astype(np.float32)
        score: Single = self.signed[rows] * votes
        score += np.outer(self.beside[rows], other)
        expit(score, out=score)
        return score

    def _blocks(self) -> Iterator[slice]:
        """Yield rows that stay in the cache of a processor."""
        n, p = self.signed.shape
        size = max(1, _BLOCK // max(1, p))
        for start in range(0, n, size):
            yield slice(start, start + size)


def _solved(hessian: Floats, gradient: Floats) -> Floats:
    """Solve p systems of two equations, from the three parts of each."""
    a, b, c = hessian
    det = a * c - b * b
    above = [c * gradient[0] - b * gradient[1], a * gradient[1] - b * gradient[0]]
    return np.asarray(np.stack(above) / det)
