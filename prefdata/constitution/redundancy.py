"""Which principles say nearly the same: for each the one whose votes are most like its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.merging.vote_cosines import vote_cosines

if TYPE_CHECKING:
    from prefdata.constitution.ballots import Ballots

__all__ = ["most_alike"]

_COLUMNS = {
    "principle_id": pl.String(),
    "alike_id": pl.String(),
    "alike_cosine": pl.Float64(),
}


def most_alike(ballots: Ballots, *, min_compared: int = 30) -> pl.DataFrame:
    """Return for each principle the other one whose votes go most with its own, or against it.

    Of two that are alike a constitution holds one, and choices alone cannot tell which of the two
    annotators had in mind.

    Args:
        ballots: Votes; labels have no part.
        min_compared: Fewest comparisons on which either of two decides.

    Returns:
        ``principle_id``, ``alike_id`` and ``alike_cosine``, a row for each principle in order; the
        cosine is negative where votes are opposed, and both are null where there is none.
    """
    ids = ballots.principles["principle_id"]
    if ids.len() < 2:  # noqa: PLR2004 - one alone is like no other
        nothing = {"alike_id": [None] * ids.len(), "alike_cosine": [None] * ids.len()}
        return pl.DataFrame({"principle_id": ids, **nothing}, schema=_COLUMNS)
    cosines = vote_cosines(ballots.votes, ballots.votes).measured(min_compared)
    np.fill_diagonal(cosines, np.nan)
    sizes = np.nan_to_num(np.abs(cosines), nan=-1.0)
    # Of equals the one that comes first by name.
    order = np.argsort(ids.to_numpy(), kind="stable")
    best = order[sizes[:, order].argmax(axis=1)]
    found = cosines[np.arange(len(best)), best]
    named = pl.DataFrame(
        {"principle_id": ids, "alike_id": ids.gather(best), "alike_cosine": found},
        schema=_COLUMNS,
    ).with_columns(pl.col("alike_cosine").fill_nan(None))
    is_any = pl.col("alike_cosine").is_not_null()
    return named.with_columns(alike_id=pl.when(is_any).then("alike_id"))
