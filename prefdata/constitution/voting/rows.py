"""Votes as rows of the table ``votes``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.constitution.ballots import NOT_APPLICABLE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["vote_rows"]

_COMPARED = ("comparison_id", "prompt_id", "response_a_id", "response_b_id", "aspect")


def vote_rows(comparisons: pl.DataFrame, votes: NDArray[np.int8], voter: str) -> pl.DataFrame:
    """Make a row of each comparison.

    Args:
        comparisons: Columns of `prefdata.tables.comparisons.COMPARISON`, n rows.
        votes: ``(n, p)`` codes as in `prefdata.constitution.ballots.Ballots`.
        voter: Who votes.

    Returns:
        Columns of ``votes`` without source and stage.
    """
    flat = pl.Series("votes", votes.reshape(-1), dtype=pl.Int32)
    applicable = flat.to_frame().select(
        pl.when(pl.col("votes") != NOT_APPLICABLE).then(pl.col("votes"))
    )
    lists = applicable.to_series().reshape(votes.shape).arr.to_list()
    return comparisons.select(*_COMPARED, voter=pl.lit(voter)).with_columns(lists)
