"""What a pilot says of requests that follow from answers, which nobody can foresee.

A stand-in agrees with the data or passes a check as its maker guessed. How many requests follow
from real answers, such as those for texts that are to be written anew, is seen in what a pilot
asked: it grows as the rows do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CONTROL", "following"]

CONTROL = "control-"
"""Beginning of purposes that have a fixed number of requests, however many rows there are."""
_FEWEST = 20
"""Known answers from which on a pilot says more than a guess."""


def following(purposes: Sequence[str], known: Sequence[int], missing: Sequence[int]) -> list[int]:
    """Return how many requests of each purpose of one step are to be expected.

    The first purpose is asked for rows, and counted. Of those behind it, which are asked for what
    became of rows, the pilot had so many; the rest will have as many for each row.

    Args:
        purposes: In the order in which they are asked.
        known: Requests of each whose answers are known.
        missing: Requests of each that stand-ins led to.
    """
    expected = list(missing)
    if not known or known[0] < _FEWEST or not missing[0]:
        return expected
    grows = missing[0] / known[0]
    for i, purpose in enumerate(purposes):
        if i and known[i] and not purpose.startswith(CONTROL):
            expected[i] = round(known[i] * grows)
    return expected
