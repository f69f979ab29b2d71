"""Reward gaps on the labels that there are, and where RLTHF cuts their curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from prefdata.metrics.bradley_terry import fit_heads
from prefdata.protocols.routing import Gains
from prefdata.routing.margins import mean_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.protocols.routing import RoutingData

__all__ = ["Beyond", "Curve", "gap_gains", "read_curve"]

Beyond = Literal["first", "last"]
"""When those to the right of the reflection point are asked about."""

_STEEP = 2.0
_WINDOWS = 20


@dataclass(frozen=True, slots=True)
class Curve:
    """Where a curve of reward gaps, from the greatest to the least, turns; positions in it."""

    elbow: int
    """Left of it gaps rise steeply: the head is sure that these labels are right."""
    knee: int
    """Right of it they fall steeply: the head is ever surer that these are wrong."""
    reflection: int
    """The first position whose gap is at most that of the elbow with the other sign, and at
    least the knee; may be one past the end."""


def gap_gains(
    data: RoutingData,
    *,
    ridge: float = 0.01,
    amplification: float = 4.0,
    back_off: float = 0.6,
    beyond: Beyond = "first",
) -> Gains:
    """Rank comparisons as one round of RLTHF does.

    A head is fitted to the labels of the AI, as in the first round; the gap of a comparison is
    its margin for the response that the current label prefers. Then a head is fitted to the
    labels of people, several times over, and to those of the AI that lie left of the knee, which
    is moved to the left. Of the gaps of the pool under that head, from great to small, people are
    asked from the reflection point to the left.

    What is right of the reflection point the paper *relabels*: it takes the other label without
    asking anyone. That is not done here, nor can gains express it. Where a head is weak it makes
    labels worse than the AI left them (0.873 of them right became 0.774 in our hard world); and
    the truth in the paper was itself cleaned by a reward model, which flatters a router that
    asks where a reward model disagrees.

    Args:
        data: All labels are learnt from, those of the AI on the pool too.
        ridge: Of the heads.
        amplification: How often labels of people are repeated (alpha); 4 in the first rounds.
        back_off: Share of the way to the knee that is given up (beta); 0.6 in the first rounds.
        beyond: Whether what lies right of the reflection point is asked about first of all,
            though the paper asks nobody, or last, as it would have had the labels changed.

    Returns:
        Gains from 1 (asked first) to 0; only their order means something. Facts are the places of
        elbow, knee and reflection point, as shares of the pool.

    References:
        Xu et al. (2025), *RLTHF*, arXiv:2502.13417, section 3; it gives no rule for elbow and
        knee, so that is ours: see `read_curve`.
    """
    pool, people = data.pool, (data.evaluation, data.seed)
    rows = np.concatenate([pool.difference, *(part.difference for part in people)])
    of_ai = np.concatenate([pool.ai, *(part.ai for part in people)])
    first = _gaps(data, rows, of_ai, np.ones(len(rows)), ridge)
    is_clean = _is_left_of_knee(first, back_off)
    means, votes = zip(*map(mean_labels, people), strict=True)
    weights = np.concatenate([is_clean, *(amplification * (n > 0) for n in votes)])
    gaps = first
    if weights.any():
        gaps = _gaps(data, rows, np.concatenate([pool.ai, *means]), weights, ridge)
    order = np.argsort(-gaps, kind="stable")
    curve = read_curve(gaps[order])
    left, right = order[: curve.reflection], order[curve.reflection :]
    # From the reflection point to the left, and to the right of it from the most negative gap.
    parts = [left[::-1], right[::-1]]
    asked = np.concatenate(parts if beyond == "last" else parts[::-1])
    gain = np.empty(len(pool))
    gain[asked] = np.linspace(1, 0, len(pool))
    n = max(len(pool), 1)
    facts = {
        "elbow": curve.elbow / n,
        "knee": curve.knee / n,
        "reflection_point": curve.reflection / n,
    }
    return Gains(gain, facts=facts)


def read_curve(gaps: NDArray[np.floating[Any]]) -> Curve:
    """Find elbow, knee and reflection point of a curve of gaps.

    The slope at a place is that of the line over a twentieth of the curve around it. From the
    middle to the left, the elbow is the first place where it is more than twice the median slope;
    the knee is the first to the right. A curve that nowhere turns has them at its ends.

    Args:
        gaps: ``(n,)``, descending.
    """
    n = len(gaps)
    if n == 0:
        return Curve(0, 0, 0)
    half = max(n // _WINDOWS // 2, 1)
    at = np.arange(n)
    before, after = np.maximum(at - half, 0), np.minimum(at + half, n - 1)
    slopes = (gaps[before] - gaps[after]) / np.maximum(after - before, 1)
    is_steep = slopes > _STEEP * np.median(slopes)
    left, right = np.flatnonzero(is_steep[: n // 2]), np.flatnonzero(is_steep[n // 2 :])
    elbow = int(left[-1]) if len(left) else 0
    knee = n // 2 + int(right[0]) if len(right) else n
    mirrored = int(np.searchsorted(-gaps, gaps[elbow]))
    return Curve(elbow, knee, max(mirrored, knee))


def _gaps(
    data: RoutingData,
    rows: NDArray[np.floating[Any]],
    labels: NDArray[np.floating[Any]],
    weights: NDArray[np.floating[Any]],
    ridge: float,
) -> NDArray[np.float64]:
    """Return the margin of the pool for what the AI prefers; 0 where it is a tie."""
    head = fit_heads(rows, labels, weights=weights, ridge=ridge)
    return np.asarray(head.scores(data.pool.difference)[:, 0] * (2 * data.pool.ai - 1))


def _is_left_of_knee(gaps: NDArray[np.float64], back_off: float) -> NDArray[np.float64]:
    order = np.argsort(-gaps, kind="stable")
    n_kept = int(read_curve(gaps[order]).knee * (1 - back_off))
    kept = np.zeros(len(gaps))
    kept[order[:n_kept]] = 1
    return kept
