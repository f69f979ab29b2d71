"""Several routers as one: the mean of their ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.protocols.routing import Gains

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

__all__ = ["combine", "rank_shares"]

_DIGITS = 12


def combine(parts: Sequence[Gains]) -> Gains:
    """Rank comparisons by the mean of their ranks under several routers.

    Routers measure gains in units of their own, so only ranks add up. Routers that refuse take no
    part; where all do, so does the ensemble.

    Args:
        parts: What each router says of the same comparisons.

    Returns:
        Gains as mean shares of the pool that gain less, from 0 to 1; standard errors on the same
        scale, where all parts have them, as if the routers erred independently; contributions as
        means over those parts that have them, each in units of the spread of its own gains; the
        accuracies of the first part that has them. Facts of all parts; of a name that several
        have, the first.

    Raises:
        ValueError: If there are no parts.
    """
    if not parts:
        message = "an ensemble needs at least one router"
        raise ValueError(message)
    facts = {name: value for part in reversed(parts) for name, value in part.facts.items()}
    used = [part for part in parts if part.refusal is None]
    refusal = None
    if not used:
        used, refusal = list(parts), " ".join(part.refusal or "" for part in parts)
    return Gains(
        np.mean([rank_shares(part.gain) for part in used], axis=0),
        se=_standard_error(used),
        contributions=_contributions(used),
        accuracy=next((part.accuracy for part in used if part.accuracy is not None), None),
        facts=facts,
        refusal=refusal,
    )


def rank_shares(gain: Floats) -> Floats:
    """Return the share of all that gain less, and of those that gain the same, half.

    Gains that differ by rounding alone are the same: comparisons with the same tags must not be
    ranked by where they stand in a product of matrices.

    Args:
        gain: ``(n,)``.
    """
    rounded = _rounded(gain, gain)
    return _share_below(np.sort(rounded), rounded)


def _rounded(gain: Floats, by: Floats) -> Floats:
    scale = np.abs(by).max(initial=0.0) or 1.0
    return np.asarray(np.round(gain / scale, _DIGITS))


def _share_below(values: Floats, at: Floats) -> Floats:
    below, up_to = (np.searchsorted(values, at, side) for side in ("left", "right"))
    return np.asarray((below + up_to) / (2 * max(len(values), 1)))


def _standard_error(parts: Sequence[Gains]) -> Floats | None:
    """Return what one standard error up and down is in shares, halved, and added up in squares."""
    total = np.zeros(len(parts[0].gain))
    for part in parts:
        if part.se is None:
            return None
        values = np.sort(_rounded(part.gain, part.gain))
        up, down = (
            _share_below(values, _rounded(part.gain + sign * part.se, part.gain))
            for sign in (1, -1)
        )
        total += ((up - down) / 2) ** 2
    return np.sqrt(total) / len(parts)


def _contributions(parts: Sequence[Gains]) -> Floats | None:
    scaled = [
        part.contributions / (np.std(part.gain) or 1.0)
        for part in parts
        if part.contributions is not None
    ]
    return np.mean(scaled, axis=0) if scaled else None
