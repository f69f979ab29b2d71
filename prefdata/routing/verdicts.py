"""Which budget is worth it, whether a router may be used, and from what size of pool it pays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from prefdata.routing.scoring import Measure

    Floats = NDArray[np.float64]

__all__ = [
    "DECIDING",
    "Interval",
    "Terms",
    "Verdict",
    "VerdictName",
    "break_even",
    "choose_share",
    "judge",
]

VerdictName = Literal["use", "no-better-than-random", "worse-than-random", "refused"]

DECIDING: tuple[Measure, ...] = ("label-accuracy", "model-log-loss")
"""Measures that a verdict rests on."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What labels cost, what they are worth, and how much must be known.

    Raises:
        ValueError: If a value is to be had of an objective that is no accuracy.
    """

    vote_cost: float = 1.0
    """Price of one label of one person, in any currency."""
    budget: float | None = None
    """Most that may be spent on the pool, in the same."""
    value: float | None = None
    """What all of the pool being right is worth more than all of it being wrong, in the same; so
    a point of accuracy is worth a hundredth of it. None: see `choose_share`."""
    objective: Measure = "label-accuracy"
    """The measure that the budget is chosen by; with a value, an accuracy."""
    min_evaluation: int = 200
    """Comparisons with three votes below which no router is evaluated."""
    alpha: float | None = None
    """Reliability of the truth, which is passed on into the verdicts."""

    def __post_init__(self) -> None:
        """Refuse a value of what has none."""
        if self.value is not None and self.objective == "model-log-loss":
            message = "a value is of accuracy: choose an accuracy as the objective"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Interval:
    """An improvement over random choice, with its 95 % interval; positive is better."""

    value: float
    low: float
    high: float

    @property
    def is_better(self) -> bool:
        """Whether all of the interval is above 0."""
        return self.low > 0

    @property
    def is_worse(self) -> bool:
        """Whether all of it is below 0."""
        return self.high < 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a router may be used, and why, in one sentence."""

    name: VerdictName
    reason: str


def choose_share(shares: Floats, curve: Floats, samples: Floats, terms: Terms, n_pool: int) -> int:
    """Choose a budget from a curve of accuracies.

    With a value of labels that are right, it is the one of greatest net utility, value times
    accuracy less spend; that may be to ask nobody. Without, it is the smallest whose accuracy is
    within one standard error of the best, of those above 0; the standard error is that of the
    difference to the best, on the same prompts. Budgets above the limit take no part.

    Args:
        shares: ``(s,)`` ascending, from 0.
        curve: ``(s,)`` accuracies.
        samples: ``(b, s)`` the same on resampled prompts.
        terms: Costs, value and limit.
        n_pool: Comparisons that are routed.

    Returns:
        The position of the share; 0 where the limit is nothing.
    """
    spend = shares * n_pool * terms.vote_cost
    is_open = np.ones(len(shares), dtype=bool)
    if terms.budget is not None:
        is_open = spend <= terms.budget * (1 + 1e-9)
    if terms.value is not None:
        return int(np.argmax(np.where(is_open, terms.value * curve - spend, -np.inf)))
    is_open[0] = False
    if not is_open.any():
        return 0
    best = int(np.argmax(np.where(is_open, curve, -np.inf)))
    errors = np.nanstd(samples[:, [best]] - samples, axis=0, ddof=1)
    return int(np.flatnonzero(is_open & (curve >= curve[best] - errors))[0])


def judge(
    improvements: Mapping[Measure, Interval], share: float, refusals: tuple[str, ...] = ()
) -> Verdict:
    """Say whether a router may be used at its budget.

    It may if the interval of its improvement over random choice excludes 0, for the accuracy of
    labels or the log-loss of a head, and neither is worse than random choice.

    Args:
        improvements: At the chosen budget.
        share: The chosen budget, as a share of the pool.
        refusals: Why the router itself says that it must not be used.
    """
    if refusals:
        return Verdict("refused", f"The router refuses: {refusals[0]}")
    if share == 0:
        return Verdict(
            "no-better-than-random", "No budget is worth what it costs, or may be spent."
        )
    if share >= 1:
        return Verdict(
            "no-better-than-random",
            "At 100.0% of the pool people judge everything, so there is nothing to choose; a "
            "smaller budget, or a value of accuracy, shows what routing is worth.",
        )
    known = {name: improvements[name] for name in DECIDING if name in improvements}
    better = [name for name, interval in known.items() if interval.is_better]
    worse = [name for name, interval in known.items() if interval.is_worse]
    told = "; ".join(_tell(name, interval) for name, interval in known.items())
    where = f"At {share:.1%} of the pool, against random choice: {told}"
    if better and not worse:
        return Verdict("use", f"{where}.")
    if worse and not better:
        return Verdict("worse-than-random", f"{where}.")
    doubt = "one is better and one worse" if better else "no interval is above 0"
    return Verdict("no-better-than-random", f"{where}; {doubt}.")


def break_even(
    shares: Floats,
    at_random: Mapping[Measure, Floats],
    router: Mapping[Measure, Floats],
    share: int,
    overhead_votes: int,
) -> float | None:
    """Return the size of the pool from which a router saves more than its labels cost.

    Let the router reach accuracy A by asking about a share s of the pool, and random choice
    reach the same A by asking about a share r. For each comparison of the pool the router saves
    ``(r - s) · price``; the votes on the evaluation and seed sets cost ``overhead · price``. So it
    breaks even at ``overhead / (r - s)`` comparisons, at any price. The shares r are read off the
    mean curve of random choice, between its points by straight lines; where it does not reach A
    at all, r is 1, which makes the answer an upper bound. Of label accuracy and log-loss, the
    smaller answer counts.

    Args:
        shares: ``(s,)`` ascending, from 0 to 1.
        at_random: By measure, ``(s,)`` of random choice; only measures by which the router is
            better than random.
        router: The same of the router.
        share: Position of the chosen share.
        overhead_votes: Votes on the evaluation and seed sets.

    Returns:
        Comparisons; None where the router saves nothing at any size.
    """
    savings = [0.0]
    for name, curve in at_random.items():
        sign = -1.0 if name == "model-log-loss" else 1.0
        wanted = sign * router[name][share]
        savings.append(_first_reach(shares, sign * curve, wanted) - shares[share])
    best = max(savings)
    return float(overhead_votes / best) if best > 0 else None


def _first_reach(shares: Floats, curve: Floats, wanted: float) -> float:
    """Return the smallest share at which a curve of straight lines reaches a value, or 1."""
    reached = np.flatnonzero(curve >= wanted)
    if not len(reached):
        return 1.0
    at = int(reached[0])
    if at == 0:
        return float(shares[0])
    part = (wanted - curve[at - 1]) / (curve[at] - curve[at - 1])
    return float(shares[at - 1] + part * (shares[at] - shares[at - 1]))


def _tell(name: Measure, interval: Interval) -> str:
    measure = name.replace("-", " ").replace("log loss", "log-loss")
    return f"{measure} {interval.value:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]"
