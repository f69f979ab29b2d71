"""Curves of cost against accuracy as frames, with intervals, from what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.routing.verdicts import Interval, Terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from prefdata.routing.scoring import Measure, Samples, Sums

    Floats = NDArray[np.float64]

__all__ = ["AREA", "CURVE", "Results"]

_TAILS = (2.5, 97.5)
_NOTHING = 1e-9

CURVE: Mapping[str, pl.DataType] = {
    "router": pl.String(),
    "measure": pl.String(),
    "share": pl.Float64(),
    "spend": pl.Float64(),
    "value": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "difference": pl.Float64(),
    "difference_low": pl.Float64(),
    "difference_high": pl.Float64(),
    "recovered": pl.Float64(),
    "n": pl.Int64(),
}
"""Columns of curves, as in the table `route_curves`."""

AREA: Mapping[str, pl.DataType] = {
    "router": pl.String(),
    "measure": pl.String(),
    "area": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "difference": pl.Float64(),
    "difference_low": pl.Float64(),
    "difference_high": pl.Float64(),
}
"""Columns of areas: under the curve over shares from 0 to 1, and its difference to that of random
choice, positive where the router is better."""


@dataclass(frozen=True, slots=True)
class Results:
    """What was measured of routers, random choice and the oracle."""

    routers: tuple[str, ...]
    shares: Floats
    """``(s,)`` ascending, from 0 to 1."""
    n_pool: int
    terms: Terms
    sums: Mapping[Measure, Sums]
    samples: Mapping[Measure, Samples]
    n_draws: int

    @property
    def spend(self) -> Floats:
        """What each share costs for the pool."""
        return self.shares * self.n_pool * self.terms.vote_cost

    def means(self, name: Measure) -> tuple[Floats, Floats]:
        """Return the curves of the policies, ``(policies, s)``, and that of random choice."""
        means = self.sums[name].means()
        first, last = len(self.routers), len(self.routers) + self.n_draws
        return np.concatenate([means[:first], means[last:]]), means[first:last].mean(axis=0)

    def curve(self, name: Measure, policy: int | None) -> tuple[Floats, Floats]:
        """Return the curve of a policy, or of random choice (None), and its samples."""
        (means, at_random), samples = self.means(name), self.samples[name]
        if policy is None:
            return at_random, samples.at_random
        return means[policy], samples.policies[:, policy]

    def improvement(self, name: Measure, policy: int) -> tuple[Floats, Floats]:
        """Return how much a policy is better than random, ``(s,)``, and its samples."""
        sign = -1.0 if name == "model-log-loss" else 1.0
        (mine, samples), (other, others) = self.curve(name, policy), self.curve(name, None)
        return _without_rounding(sign * (mine - other)), _without_rounding(
            sign * (samples - others)
        )

    def interval(self, name: Measure, policy: int, at: int) -> Interval:
        """Return the improvement of a policy at one share."""
        difference, samples = self.improvement(name, policy)
        low, high = _bounds(samples[:, at])
        return Interval(float(difference[at]), float(low), float(high))

    def curves(self) -> pl.DataFrame:
        """Return the frame of all curves: columns of `CURVE`."""
        frames = []
        for name in self.sums:
            # At its ends, every curve is that of the AI, and that of people.
            ends = self._frame("", name, None)
            frames += [
                ends.head(1).with_columns(router=pl.lit("ai")),
                ends.tail(1).with_columns(router=pl.lit("human")),
                self._frame("random", name, None),
            ]
            frames += [self._frame(router, name, at) for router, at in self._policies(name)]
        return pl.concat(frames)

    def areas(self) -> pl.DataFrame:
        """Return the frame of the areas under all curves: columns of `AREA`."""
        rows = []
        for name in self.sums:
            rows.append(self._area("random", name, None))
            for router, at in self._policies(name):
                difference, samples = self.improvement(name, at)
                low, high = _bounds(self._integral(samples))
                row = self._area(router, name, at)
                row["difference"] = float(self._integral(difference))
                rows.append(row | {"difference_low": float(low), "difference_high": float(high)})
        empty: dict[str, object] = dict.fromkeys(AREA)
        return pl.DataFrame([empty | row for row in rows], AREA).fill_nan(None)

    def _policies(self, name: Measure) -> Iterator[tuple[str, int]]:
        has_oracle = self.sums[name].values.shape[1] > len(self.routers) + self.n_draws
        names = (*self.routers, "oracle") if has_oracle else self.routers
        return ((router, at) for at, router in enumerate(names))

    def _frame(self, router: str, name: Measure, policy: int | None) -> pl.DataFrame:
        curve, samples = self.curve(name, policy)
        columns: dict[str, Floats] = {"share": self.shares, "spend": self.spend, "value": curve}
        columns["low"], columns["high"] = _bounds(samples)
        if policy is not None:
            difference, drawn = self.improvement(name, policy)
            columns["difference"] = difference
            columns["difference_low"], columns["difference_high"] = _bounds(drawn)
            columns["recovered"] = self._recovered(name, difference)
        frame = pl.DataFrame(columns).with_columns(
            router=pl.lit(router), measure=pl.lit(name), n=pl.lit(self.sums[name].n)
        )
        missing = [pl.lit(None).alias(key) for key in CURVE if key not in frame.columns]
        whole = frame.with_columns(missing)
        return whole.select(pl.col(key).cast(kind) for key, kind in CURVE.items()).fill_nan(None)

    def _recovered(self, name: Measure, difference: Floats) -> Floats:
        """Return the share of what the oracle gains; NaN without one, or where it gains nothing."""
        oracle = dict(self._policies(name)).get("oracle")
        if oracle is None:
            return np.full(len(difference), np.nan)
        best, _ = self.improvement(name, oracle)
        is_gain = np.abs(best) > _NOTHING
        return np.where(is_gain, difference / np.where(is_gain, best, 1.0), np.nan)

    def _area(self, router: str, name: Measure, policy: int | None) -> dict[str, object]:
        curve, samples = self.curve(name, policy)
        low, high = _bounds(self._integral(samples))
        area = float(self._integral(curve))
        return {
            "router": router,
            "measure": name,
            "area": area,
            "low": float(low),
            "high": float(high),
        }

    def _integral(self, curve: Floats) -> Floats:
        return np.asarray(np.trapezoid(curve, self.shares, axis=-1))


def _without_rounding(differences: Floats) -> Floats:
    """Return 0 where policies are the same, as at both ends, and only their sums were rounded."""
    return np.where(np.abs(differences) < _NOTHING, 0.0, differences)


def _bounds(samples: Floats) -> tuple[Floats, Floats]:
    """Return the 95 % interval of samples along the first axis."""
    low, high = np.nanpercentile(samples, _TAILS, axis=0)
    return low, high
