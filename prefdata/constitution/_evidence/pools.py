"""The comparisons that speak most for or against a principle, before some are chosen of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from prefdata.constitution.ballots import Ballots

__all__ = ["SIDES", "Axes", "Pool", "best", "vote_pools"]

SIDES: Mapping[Literal["for", "against"], int] = {"for": 1, "against": -1}


class Pool(NamedTuple):
    """Comparisons for one side of a principle, the best first."""

    principle: int
    """Its column."""
    basis: Literal["votes", "meaning"]
    side: Literal["for", "against"]
    rows: NDArray[np.int64]
    """Rows of the cases."""
    margins: NDArray[np.float64]
    """NaN where nothing tells how far apart the responses are."""


def vote_pools(
    cases: pl.DataFrame,
    ballots: Ballots,
    axes: Axes | None,
    columns: Sequence[int],
    size: int,
) -> Iterator[Pool]:
    """Yield the decisive votes of each principle and side that are clearest.

    Args:
        cases: As `prefdata.constitution._evidence.cases.decided_cases` returns them.
        ballots: Votes.
        axes: Values of the same comparisons.
        columns: The principles.
        size: Most comparisons of a pool.
    """
    votes = np.asfortranarray(ballots.signed[cases["at"].to_numpy()][:, list(columns)])
    lean = cases["lean"].to_numpy()
    # A loop over principles, of which there are some dozens.
    for place, column in enumerate(columns):
        agrees = votes[:, place] * lean
        margins = None if axes is None else axes.differences(column)
        sizes = None if margins is None else np.abs(margins)
        for side, sign in SIDES.items():
            rows = best(sizes, np.flatnonzero(agrees == sign), size)
            known = np.full(len(rows), np.nan) if sizes is None else sizes[rows]
            yield Pool(column, "votes", side, rows, known)


def best(scores: NDArray[np.float64] | None, rows: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return the rows of the greatest scores, best first; of equals, and without any, the first.

    Args:
        scores: ``(n_cases,)``; NaN counts as the least.
        rows: The rows that may be taken, rising.
        n: Most rows.
    """
    if scores is None:
        return rows[:n]
    taken = np.nan_to_num(scores[rows], nan=-np.inf)
    if len(rows) > n:
        # By the value at the border, and not by `argpartition`: which of equals that takes differs
        # between processors.
        bar = np.partition(taken, len(taken) - n)[len(taken) - n]
        above = np.flatnonzero(taken > bar)
        at_bar = np.flatnonzero(taken == bar)[: n - len(above)]
        kept = np.sort(np.concatenate([above, at_bar]))
        rows, taken = rows[kept], taken[kept]
    ordered: NDArray[np.int64] = rows[np.argsort(-taken, kind="stable")]
    return ordered


class Axes:
    """How far apart both responses of each comparison are on principles that have values."""

    def __init__(
        self, cases: pl.DataFrame, principles: pl.DataFrame, factors: pl.LazyFrame
    ) -> None:
        """Read the values of the responses.

        Args:
            cases: Comparisons.
            principles: Of the ballots: a row for each column of the votes.
            factors: Rows of the table.
        """
        self._steps = principles["stage"].to_list()
        self._positions = principles["position"].to_list()
        self._values: dict[str, _Values] = {}
        sides = cases.select("response_a_id", "response_b_id")
        wanted = pl.concat(sides.select(response_id=name) for name in sides.columns).unique().lazy()
        # A loop over steps, of which one computes values.
        for step in dict.fromkeys(self._steps):
            rows = (
                factors.filter(pl.col("stage") == step)
                .select("response_id", "values")
                .join(wanted, on="response_id", how="semi")
                .collect()
            )
            if rows.height:
                self._values[step] = _Values.of(rows, sides)

    def differences(self, column: int) -> NDArray[np.float64] | None:
        """Return ``(n_cases,)`` values of a less those of b; None where the step computed none.

        They are in units of their root mean square where they differ, and NaN where one is not
        known.
        """
        values = self._values.get(self._steps[column])
        position = self._positions[column]
        if values is None or position >= values.matrix.shape[1]:
            return None
        own = values.matrix[:, position].astype(np.float64)
        found = np.where(values.is_known, own[values.one] - own[values.other], np.nan)
        told = found[np.isfinite(found) & (found != 0)]
        spread = float(np.sqrt(np.mean(told**2))) if len(told) else 1.0
        return np.where(np.isfinite(found), found / spread, np.nan)


class _Values(NamedTuple):
    """Values of responses, and which two each comparison is of."""

    matrix: NDArray[np.float32]
    one: NDArray[np.int64]
    other: NDArray[np.int64]
    is_known: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: pl.DataFrame, sides: pl.DataFrame) -> _Values:
        flat = rows["values"].explode(empty_as_null=False).cast(pl.Float32).fill_null(np.nan)
        places = rows.select("response_id").with_row_index("place")
        found = [
            sides.select(response_id=name)
            .join(places, on="response_id", how="left", maintain_order="left")["place"]
            .cast(pl.Int64)
            for name in sides.columns
        ]
        is_known = (found[0].is_not_null() & found[1].is_not_null()).to_numpy()
        one, other = (place.fill_null(0).to_numpy() for place in found)
        return cls(flat.to_numpy().reshape(rows.height, -1), one, other, is_known)
