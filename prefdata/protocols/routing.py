"""What a router is, and what it sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from prefdata.core.events import Report, silent
from prefdata.protocols.params import NoParams, Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Comparisons",
    "Gains",
    "Router",
    "RouterContext",
    "RouterFunction",
    "RoutingData",
    "router",
]


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Comparisons of two responses, a and b, as arrays of n rows.

    Raises:
        ValueError: If the arrays are not of one length, or labels are outside 0 to 1.
    """

    difference: NDArray[np.floating[Any]]
    """``(n, p)``: vector of (prompt, a) less vector of (prompt, b). Scaled to unit variance per
    column over all comparisons, never centred: swapping a and b changes the sign, and no more."""
    tags: NDArray[np.bool_]
    """``(n, t)``: which tags hold."""
    signals: NDArray[np.floating[Any]]
    """``(n, s)``: what is known of the verdict of the AI, such as its confidence; the same after
    swapping a and b; NaN where unknown."""
    ai: NDArray[np.floating[Any]]
    """``(n,)``: the label of the AI: 1 for a, 0 for b, 0.5 a tie or anything between."""
    humans: NDArray[np.floating[Any]]
    """``(n, v)``: labels of people, in an order that says nothing; NaN where there are fewer."""
    groups: NDArray[np.int64]
    """``(n,)``: comparisons with one number have the same prompt, and are never split."""

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        n = len(self.ai)
        arrays = (self.difference, self.tags, self.signals, self.humans)
        if any(array.ndim != 2 or len(array) != n for array in arrays) or len(self.groups) != n:  # noqa: PLR2004
            message = "arrays of comparisons must have one row for each"
            raise ValueError(message)
        labels = np.concatenate([self.ai, self.humans.ravel()])
        if not (np.isnan(labels) | ((labels >= 0) & (labels <= 1))).all():
            message = "labels are between 0 (b is preferred) and 1 (a is preferred)"
            raise ValueError(message)
        if np.isnan(self.ai).any():
            message = "every comparison needs a label of the AI"
            raise ValueError(message)

    def __len__(self) -> int:
        """Return the number of comparisons."""
        return len(self.ai)

    def take(self, rows: NDArray[Any]) -> Self:
        """Return some of the rows, by index or mask."""
        return type(self)(
            self.difference[rows],
            self.tags[rows],
            self.signals[rows],
            self.ai[rows],
            self.humans[rows],
            self.groups[rows],
        )


@dataclass(frozen=True, slots=True)
class RoutingData:
    """What a router may learn from, and what it routes."""

    evaluation: Comparisons
    """With three human labels or more each: what is true is decided on these."""
    seed: Comparisons
    """With one human label each, in the first column of ``humans``."""
    pool: Comparisons
    """To be routed; routers must not read their human labels, and are given none."""
    tag_names: tuple[str, ...]
    """Names of the columns of ``tags``."""
    signal_names: tuple[str, ...] = ()
    """Names of the columns of ``signals``."""


@dataclass(frozen=True, slots=True)
class RouterContext:
    """What surrounds a call: the seed, where to report, and files that parameters named."""

    seed: int = 0
    report: Report = silent
    files: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gains:
    """What a router says of each comparison of the pool, in its order."""

    gain: NDArray[np.floating[Any]]
    """``(n,)``: expected gain of a human label over that of the AI; more is asked first. The unit
    is the router's own: only its order compares across routers."""
    se: NDArray[np.floating[Any]] | None = None
    """``(n,)``: its standard error."""
    contributions: NDArray[np.floating[Any]] | None = None
    """``(n, t)``: what each tag contributes to the gain; 0 for tags that do not hold."""
    choose: Callable[[int], NDArray[np.intp]] | None = None
    """For routers that choose a whole mix: indices of the comparisons (most gainful first) that a
    budget of so many human labels should go to. None: the highest gains."""
    accuracy: tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]] | None = None
    """Probability that a single person, and that the AI, is right on each comparison, where the
    router estimates these; what arms of several votes are worth follows from them."""
    facts: Mapping[str, float] = field(default_factory=dict)
    """Figures about the fit; ``rank_correlation``, ``rank_correlation_null`` and ``rmse`` go into
    `route_verdicts`."""
    refusal: str | None = None
    """Why the router must not be used, where it has learnt nothing; one sentence."""

    def chosen(self, budget: int) -> NDArray[np.intp]:
        """Return the comparisons that so many human labels should go to, the first first.

        Ties are broken by index, so the caller must give rows in an order that says nothing.
        """
        if self.choose is not None:
            return self.choose(budget)
        return np.argsort(-self.gain, kind="stable")[:budget]


RouterFunction = Callable[[RoutingData, Any, RouterContext], Gains]


@dataclass(frozen=True, slots=True)
class Router:
    """Learns from labels where people beat the AI, and says what each label would gain."""

    name: str
    version: int
    params: type[Params]
    fit: RouterFunction
    summary: str = ""


def router(*, version: int, params: type[Params] = NoParams) -> Callable[[RouterFunction], Router]:
    """Make a router of a function; its name is the function's, in kebab case."""

    def wrap(function: RouterFunction) -> Router:
        name = getattr(function, "__name__", "router").strip("_").replace("_", "-")
        doc = (function.__doc__ or "").strip().splitlines()
        return Router(name, version, params, function, doc[0] if doc else "")

    return wrap
