"""What is true of a comparison that several people judged, without the vote that is tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.protocols.routing import Comparisons

__all__ = ["LeftOut", "error_kappa", "left_out", "majority"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Each vote of a person against the majority of the others; sums for each comparison.

    A vote counts once: comparisons with more decided votes weigh more. Were comparisons weighed
    alike, those on which two of three agree, and of which only the third vote can be tested,
    would count as all wrong, and people as worse than they are.
    """

    n: NDArray[np.float64]
    """``(n,)``: votes whose others have a majority."""
    human: NDArray[np.float64]
    """``(n,)``: how many of these agree with it, a tie being half of each."""
    ai: NDArray[np.float64]
    """``(n,)``: how often the AI does, on the same votes."""
    both: NDArray[np.float64]
    """``(n,)``: how often both do."""
    n_tied: int
    """Votes that were left out, because the others have no majority."""


def left_out(comparisons: Comparisons) -> LeftOut:
    """Compare each vote, and the AI, with the majority of the other votes on the same.

    The truth never contains the vote that is tested, and is the same for the person and the AI,
    so that a truth that errs lowers both alike: where their errors are independent of its own,
    the sign of their difference stays.

    Args:
        comparisons: With ``humans`` of three votes or more; of fewer, nothing can be said.

    Returns:
        Sums for each comparison; 0 where no vote can be tested.
    """
    votes = np.sign(comparisons.humans - 0.5)
    is_vote = ~np.isnan(votes)
    for_a, for_b = votes == 1, votes == -1
    n_others = is_vote.sum(axis=1, keepdims=True) - 1
    others_a = for_a.sum(axis=1, keepdims=True) - for_a
    others_b = for_b.sum(axis=1, keepdims=True) - for_b
    truth = _decided(others_a, others_b, n_others)
    is_tested = is_vote & (n_others > 1)
    is_decided = is_tested & (truth != 0)
    human = np.where(is_decided, _agreement(np.nan_to_num(votes), truth), 0.0)
    ai = np.where(is_decided, _agreement(_sides(comparisons.ai)[:, None], truth), 0.0)
    return LeftOut(
        n=is_decided.sum(axis=1).astype(np.float64),
        human=human.sum(axis=1),
        ai=ai.sum(axis=1),
        both=(human * ai).sum(axis=1),
        n_tied=int((is_tested & ~is_decided).sum()),
    )


def majority(humans: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return what more than half of all votes say: 1 for a, 0 for b; NaN where there is no such.

    Args:
        humans: ``(n, v)`` labels of people, NaN where there are fewer.
    """
    votes = np.sign(humans - 0.5)
    n = (~np.isnan(votes)).sum(axis=1)
    truth = _decided((votes == 1).sum(axis=1), (votes == -1).sum(axis=1), n)
    return np.where(truth == 0, np.nan, (truth + 1) / 2)


def error_kappa(votes: LeftOut) -> float | None:
    """Return Cohen's kappa of the errors of people and of the AI.

    Near 0 the errors are independent. Two things raise it that are no copying of one another:
    an error of the truth is an error of both, and what is hard is hard for both.

    Returns:
        From -1 to 1; None where one of them never errs, or always.
    """
    n = votes.n.sum()
    if n == 0:
        return None
    human, ai, both = (values.sum() / n for values in (votes.human, votes.ai, votes.both))
    by_chance = human * ai + (1 - human) * (1 - ai)
    observed = 1 - human - ai + 2 * both
    if min(human, ai) <= 0 or max(human, ai) >= 1:
        return None
    return float((observed - by_chance) / (1 - by_chance))


def _decided(
    for_a: NDArray[np.int64], for_b: NDArray[np.int64], n: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return 1 or -1 where more than half of n votes are for a or b, else 0."""
    return (2 * for_a > n).astype(np.int64) - (2 * for_b > n).astype(np.int64)


def _sides(labels: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    return np.asarray(np.sign(labels - 0.5))


def _agreement(
    sides: NDArray[np.floating[Any]], truth: NDArray[np.int64]
) -> NDArray[np.floating[Any]]:
    """Return 1 for the same side, 0 for the other, 0.5 for none."""
    return (1 + sides * truth) / 2
