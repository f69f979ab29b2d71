"""Which principles may be chosen at all: those that labels of the training part tell of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from prefdata.constitution._selection.marking import errors_of
from prefdata.metrics.multiplicity import adjusted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.constitution._selection.paired import Paired

__all__ = ["Screened", "screen"]


@dataclass(frozen=True, slots=True)
class Screened:
    """What each principle is worth alone."""

    signs: NDArray[np.float64]
    """``(p,)``: 1 where its votes agree with the labels more than not, else -1."""
    strengths: NDArray[np.float64]
    """``(p,)``: mean of label times vote."""
    p: NDArray[np.float64]
    """``(p,)``: two-sided; 1 where it is not measurable."""
    q: NDArray[np.float64]
    """``(p,)``: Benjamini-Hochberg over those that are measurable; 1 for the others."""
    is_measurable: NDArray[np.bool_]
    """``(p,)``: enough votes are decisive."""


def screen(paired: Paired, *, min_decisive: int = 30) -> Screened:
    """Test each principle alone, with labels of one cluster taken together.

    The statistic is the sum over clusters over the root of the sum of their squares. Under flips of
    the signs of whole clusters it has variance 1 exactly, and tails that are no heavier than
    exp(-t^2 / 2), so the normal law does without drawing any.

    Args:
        paired: Labels that principles are chosen on.
        min_decisive: Principles with fewer decisive votes are not measurable.
    """
    n, p = paired.votes.shape
    agree = paired.votes * paired.sides.astype(np.float32)[:, None]
    totals = agree.sum(axis=0, dtype=np.float64)
    is_measurable = np.abs(agree).sum(axis=0, dtype=np.float64) >= min_decisive
    found = np.full(p, np.nan)
    if n:
        sizes = np.abs(totals) / np.maximum(
            errors_of(agree.astype(np.float64), paired.clusters), 1e-9
        )
        found[is_measurable] = 2 * ndtr(-sizes[is_measurable])
    return Screened(
        signs=np.where(totals < 0, -1.0, 1.0),
        strengths=totals / max(n, 1),
        p=np.nan_to_num(found, nan=1.0),
        q=np.nan_to_num(adjusted(found), nan=1.0),
        is_measurable=is_measurable,
    )
