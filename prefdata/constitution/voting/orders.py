"""Votes in one order and in the other, and what both come to together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prefdata.constitution.ballots import FAILED, INCONSISTENT, NOT_APPLICABLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["UNASKED", "Positions", "both_orders", "positions"]

UNASKED = -9
"""In arrays of votes in one order: nothing was asked."""


@dataclass(frozen=True, slots=True)
class Positions:
    """How far votes go by the place in which a response was shown."""

    n_decisive: int
    """Single votes, one for each order, that are for one of the two responses."""
    first_share: float | None
    """Of these, the share for the response that was shown first."""
    consistency: NDArray[np.float64]
    """``(p,)``: of comparisons where a principle is decisive in either order and failed in none,
    the share with the same vote in both; NaN where there are none."""
    n_compared: NDArray[np.int64]
    """``(p,)``: those comparisons."""

    @property
    def overall(self) -> float | None:
        """Share of the same vote in both orders, over all principles."""
        n = int(self.n_compared.sum())
        same = np.nan_to_num(self.consistency) * self.n_compared
        return float(same.sum()) / n if n else None


def both_orders(shown: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return one vote of the votes in both orders.

    The same vote twice is that vote. A vote for a response is inconsistent with any other vote,
    also with one for neither: what decides only in one order decides by the order. Two votes for
    neither response that differ in why (`both`, `neither`) are a tie. Where one of them failed, the
    vote failed: the other alone would be that of one position. What was asked in one order only
    counts as it is.

    Args:
        shown: ``(2, n, p)``: votes with a shown first, and with b shown first; 1 is for a and -1
            for b in either, `UNASKED` where nothing was asked.

    Returns:
        ``(n, p)`` codes as in `prefdata.constitution.ballots.Ballots`, `UNASKED` where nothing was
        asked at all.
    """
    one, other = shown
    is_even = np.isin(one, (0, NOT_APPLICABLE)) & np.isin(other, (0, NOT_APPLICABLE))
    votes: NDArray[np.int8] = np.select(
        [
            one == UNASKED,
            other == UNASKED,
            (one == FAILED) | (other == FAILED),
            one == other,
            is_even,
        ],
        [other, one, np.int8(FAILED), one, np.int8(0)],
        np.int8(INCONSISTENT),
    )
    return votes


def positions(shown: NDArray[np.int8]) -> Positions:
    """Tell how far votes go by the place of a response.

    Args:
        shown: As for `both_orders`.
    """
    one, other = shown
    is_one, is_other = np.abs(one) == 1, np.abs(other) == 1
    n_decisive = int(is_one.sum()) + int(is_other.sum())
    # Shown first is a in the one order, and b in the other.
    n_first = int((one == 1).sum()) + int((other == -1).sum())
    is_compared = (is_one | is_other) & ~np.isin(one, (FAILED, UNASKED))
    is_compared &= ~np.isin(other, (FAILED, UNASKED))
    n_compared = is_compared.sum(axis=0).astype(np.int64)
    n_same = ((one == other) & is_compared).sum(axis=0)
    consistency = np.divide(
        n_same, n_compared, out=np.full(len(n_compared), np.nan), where=n_compared > 0
    )
    share = n_first / n_decisive if n_decisive else None
    return Positions(n_decisive, share, consistency, n_compared)
