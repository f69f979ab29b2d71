"""From values of two responses to votes: which has more, and whether that can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.ballots import NOT_APPLICABLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.constitution.factors.catalogue import Catalogue

__all__ = ["vote_lists", "votes_of"]

_ROWS = 4_096


def votes_of(
    values_a: NDArray[np.float32], values_b: NDArray[np.float32], catalogue: Catalogue
) -> NDArray[np.int8]:
    """Say which of two responses has more of each factor.

    A difference of at most the factor's dead zone, a share of the larger of the two sizes, is a
    tie. A factor that either response cannot be told does not apply; nor does one that is counted
    and that neither has. Swapping the two responses swaps the sign and nothing else.

    Args:
        values_a: ``(n, n_factors)``; NaN where a factor cannot be told.
        values_b: The same of the other responses.
        catalogue: The factors.

    Returns:
        ``(n, n_factors)``: 1 where a has more, -1 where b has, 0 for a tie, `NOT_APPLICABLE`.
    """
    zones = np.array([factor.zone for factor in catalogue.factors], np.float32)
    is_sparse = np.array([factor.is_sparse for factor in catalogue.factors])
    votes = np.empty(values_a.shape, np.int8)
    for start in range(0, len(votes), _ROWS):
        rows = slice(start, start + _ROWS)
        votes[rows] = _voted(values_a[rows], values_b[rows], zones, is_sparse)
    return votes


def vote_lists(votes: NDArray[np.int8]) -> pl.Series:
    """Return votes as lists, as the table ``votes`` has them: null where one does not apply."""
    n, n_principles = votes.shape
    if not n:
        return pl.Series("votes", [], dtype=pl.List(pl.Int32))
    flat = pl.Series("votes", np.ascontiguousarray(votes).ravel()).cast(pl.Int32)
    known = flat.to_frame().select(pl.when(pl.col("votes") != NOT_APPLICABLE).then("votes"))
    return known.to_series().reshape((n, n_principles)).arr.to_list()


def _voted(
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    zones: NDArray[np.float32],
    is_sparse: NDArray[np.bool_],
) -> NDArray[np.int8]:
    larger = np.maximum(np.abs(a), np.abs(b))
    difference = a - b
    # Comparisons with NaN are false, without a word.
    is_more = np.abs(difference) > zones * larger
    votes = np.where(is_more, np.sign(difference), 0)
    is_unknown = np.isnan(difference) | (is_sparse & (larger == 0))
    return np.where(is_unknown, NOT_APPLICABLE, votes).astype(np.int8)
