"""How much a judge prefers what it is shown first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import polars as pl

from prefdata.metrics.recall import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FIRST", "SECOND", "TIE", "PositionBias", "position_bias"]

FIRST = 1.0
"""A verdict for the response that was shown first."""
SECOND = 0.0
"""A verdict for the response that was shown second."""
TIE = 0.5
"""A verdict for neither."""

_CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(0.5 + _CONFIDENCE / 2)
_BOTH = 2
# Half a pair in each of the four cells of two verdicts on a pair: two cells without a bias, and
# two of half a win more or less than that.
_ADDED_PAIRS = 2.0
_ADDED_SQUARES = 2 * 0.5 * 0.5**2


@dataclass(frozen=True, slots=True)
class PositionBias:
    """What the verdicts of one judge say about its preference for a place.

    Shares and bias are null where nothing can be said; intervals cover 95 %.
    """

    n_verdicts: int
    """All verdicts, ties included."""
    n_decided: int
    """Verdicts that are no ties."""
    first_share: float | None
    """Of these, the share for what was shown first."""
    n_pairs: int
    """Pairs with a verdict in both orders."""
    consistent_share: float | None
    """Of these, the share with one answer in both orders: one response twice, or two ties."""
    consistent_interval: tuple[float, float] | None
    """Wilson's."""
    bias: float | None
    """Probability that the first is chosen, less 1/2, a tie being half of each; from -1/2 to 1/2.
    """
    interval: tuple[float, float] | None


def position_bias(pairs: Sequence[str] | pl.Series, verdicts: Sequence[float]) -> PositionBias:
    """Estimate the position bias of one judge from verdicts on pairs in both orders.

    A pair that is judged in both orders is its own control: which of its responses is better
    cancels out, and what remains is the place. So the unit is the pair, not the verdict. Its
    value is the mean of its two verdicts less 1/2: 0 if they agree on a response or are both
    ties, 1/2 if the first is chosen both times, 1/4 if it is chosen once and tied once. The bias
    is the mean over the pairs. Without ties that is half the difference of the two discordant
    counts of McNemar's table over the number of pairs.

    The interval is that of Agresti and Min for matched proportions: Wald's, from the variance
    between pairs, after half a pair is added to each cell of the table. It does not shrink to a
    point where a judge contradicts itself never or always, as Wald's own does.

    Pairs with one verdict only are left out where any pair has two, because which of the two
    responses is better then weighs in. Where none has two, they are used; that is fair only if
    their order was drawn by chance.

    Args:
        pairs: For each verdict, which pair it is about; two verdicts of a pair are of its two
            orders.
        verdicts: `FIRST`, `SECOND` or `TIE`.

    Raises:
        ValueError: If a pair has more than two verdicts, or a verdict is none of the three.

    Examples:
        Of four pairs, three get one answer in both orders, and one the first both times:

        >>> found = position_bias(list("aabbccdd"), [1, 0, 0, 1, 1, 0, 1, 1])
        >>> found.bias, found.consistent_share, found.first_share
        (0.125, 0.75, 0.625)

    References:
        Agresti and Min (2005), *Simple improved confidence intervals for comparing matched
        proportions*, Statistics in Medicine 24, 729-740. The protocol of both orders: Zheng et
        al. (2023), *Judging LLM-as-a-Judge*, arXiv:2306.05685, section 3.3.
    """
    frame = pl.DataFrame(
        {"pair": pairs, "value": verdicts}, schema={"pair": pl.String, "value": pl.Float64}
    )
    values = frame["value"]
    by_pair = frame.group_by("pair").agg(pl.len().alias("n"), pl.col("value").mean() - TIE)
    if not values.is_in([FIRST, SECOND, TIE]).all() or (by_pair["n"] > _BOTH).any():
        message = "a pair has one verdict for each of its two orders: 1, 0 or 1/2"
        raise ValueError(message)
    both = by_pair.filter(pl.col("n") == _BOTH)["value"]
    decided = values.filter(values != TIE)
    n_consistent = int((both == 0).sum())
    bias, interval = _mean(both if both.len() else by_pair["value"])
    return PositionBias(
        n_verdicts=values.len(),
        n_decided=decided.len(),
        first_share=int((decided == FIRST).sum()) / decided.len() if decided.len() else None,
        n_pairs=both.len(),
        consistent_share=n_consistent / both.len() if both.len() else None,
        consistent_interval=_wilson(n_consistent, both.len()),
        bias=bias,
        interval=interval,
    )


def _wilson(k: int, n: int) -> tuple[float, float] | None:
    return wilson_interval(k / n, n) if n else None


def _mean(values: pl.Series) -> tuple[float | None, tuple[float, float] | None]:
    """Return the mean over pairs and its interval, none for no pairs."""
    n = values.len()
    if not n:
        return None, None
    # Sums of multiples of 1/4 are exact, so they do not depend on the order of the pairs.
    total, squares = float(values.sum()), float((values * values).sum())
    wide = n + _ADDED_PAIRS
    centre = total / wide
    spread = _Z * math.sqrt(((squares + _ADDED_SQUARES) / wide - centre**2) / wide)
    return total / n, (max(centre - spread, -0.5), min(centre + spread, 0.5))
