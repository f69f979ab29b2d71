"""Sets of things that are the same or each other's opposite, without a contradiction in any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SignedSets", "signed_sets"]


@dataclass(frozen=True, slots=True)
class SignedSets:
    """Which set each thing belongs to, and which way round."""

    sets: NDArray[np.int64]
    """``(n,)``: the smallest number of a thing in the set."""
    signs: NDArray[np.int8]
    """``(n,)``: 1 for what is the same as that thing, -1 for its opposite."""
    n_kept_apart: int
    """Links that were not taken, because others contradict them."""


def signed_sets(
    agreement: NDArray[np.float64],
    links: NDArray[np.int64],
    *,
    same_at: float,
    opposite_at: float,
) -> SignedSets:
    """Join what is linked, strongest links first, and never two things that contradict it.

    A link says *same* where the agreement of both reaches ``same_at``, and *opposite* where it is
    at most ``opposite_at``. It joins two sets only if every pair across them, as far as its
    agreement is known, says what follows from the link and the signs within both sets. So in a
    circle whose signs contradict each other the weakest link is not taken, and a chain of
    things that are nearly the same does not join ends that are not.

    Args:
        agreement: ``(n, n)``, symmetric, from -1 to 1; NaN where it is not known.
        links: ``(m, 2)`` things that may be joined; order and repeats do not matter. Those whose
            agreement is not known, or between the thresholds, join nothing.
        same_at: Least agreement of what is the same; above 0.
        opposite_at: Greatest agreement of what is opposite; below 0.

    Returns:
        The sets; they depend on the numbers of things, and not on the order of the links.
    """
    sets = np.arange(len(agreement))
    signs = np.ones(len(agreement), np.int8)
    n_kept_apart = 0
    # A loop over links, which are a few for each principle.
    for first, second in _ordered(agreement, links, same_at, opposite_at):
        if sets[first] == sets[second]:
            continue
        one = np.flatnonzero(sets == sets[first])
        other = np.flatnonzero(sets == sets[second])
        turn = _sign(agreement[first, second]) * signs[first] * signs[second]
        expected = signs[one][:, None] * signs[other] * turn
        known = agreement[np.ix_(one, other)]
        says_so = np.where(expected > 0, known >= same_at, known <= opposite_at)
        if not (says_so | np.isnan(known)).all():
            n_kept_apart += 1
            continue
        signs[other] *= turn
        sets[one] = sets[other] = min(sets[first], sets[second])
    return SignedSets(sets, signs * signs[sets], n_kept_apart)


def _ordered(
    agreement: NDArray[np.float64], links: NDArray[np.int64], same_at: float, opposite_at: float
) -> list[tuple[int, int]]:
    """Return each link that says something once, the strongest first."""
    pairs = np.unique(np.sort(links.reshape(-1, 2), axis=1), axis=0)
    values = agreement[pairs[:, 0], pairs[:, 1]]
    is_told = ((values >= same_at) | (values <= opposite_at)) & (pairs[:, 0] != pairs[:, 1])
    pairs, values = pairs[is_told], values[is_told]
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -np.abs(values)))
    return [(int(first), int(second)) for first, second in pairs[order]]


def _sign(value: np.float64) -> np.int8:
    return np.int8(1 if value > 0 else -1)
