"""Votes that the same model cast in another step, and votes that code cast on the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.ballots import FAILED, read_principles, vote_matrix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["known_votes", "votes_of_step"]


def known_votes(
    tables: Mapping[str, pl.LazyFrame],
    steps: Sequence[str],
    *,
    voter: str,
    comparisons: pl.Series,
    principles: pl.Series,
) -> NDArray[np.int8]:
    """Return the votes of a voter that some steps have, the first step's first.

    Args:
        tables: ``votes`` and ``principles``, of one source.
        steps: The steps.
        voter: As in ``votes``: model, server and wording must be the same.
        comparisons: Ids of the n comparisons.
        principles: Ids of the p principles.

    Returns:
        ``(n, p)`` codes; `FAILED` where no step has a vote, or only one that failed.
    """
    found = np.full((comparisons.len(), principles.len()), FAILED, np.int8)
    for step in dict.fromkeys(steps):
        cast = votes_of_step(
            tables, step, comparisons=comparisons, principles=principles, voter=voter
        )
        found = np.where(found == FAILED, cast, found)
    return found


def votes_of_step(
    tables: Mapping[str, pl.LazyFrame],
    step: str,
    *,
    comparisons: pl.Series,
    principles: pl.Series,
    voter: str | None = None,
) -> NDArray[np.int8]:
    """Return the votes of one step, by comparisons and principles of our choice.

    Args:
        tables: ``votes`` and ``principles``, of one source.
        step: The step.
        comparisons: Ids of the n comparisons.
        principles: Ids of the p principles.
        voter: Whose votes; of anybody by default.

    Returns:
        ``(n, p)`` codes; `FAILED` where the step has no vote.
    """
    found = np.full((comparisons.len(), principles.len()), FAILED, np.int8)
    listed = read_principles(tables, (step,))
    rows = tables["votes"].filter(pl.col("stage") == step)
    if voter is not None:
        rows = rows.filter(pl.col("voter") == voter)
    cast = rows.select("comparison_id", "votes").collect()
    at = _places(cast["comparison_id"], comparisons)
    columns = _places(listed["principle_id"], principles)
    votes = vote_matrix(cast["votes"], listed.height, step)[at >= 0][:, columns >= 0]
    found[np.ix_(at[at >= 0], columns[columns >= 0])] = votes
    return found


def _places(ids: pl.Series, among: pl.Series) -> NDArray[np.int64]:
    """Return where each id stands among others, -1 where it does not."""
    places = among.alias("id").to_frame().with_row_index("place")
    found = ids.alias("id").to_frame().join(places, on="id", how="left", maintain_order="left")
    return found["place"].cast(pl.Int64).fill_null(-1).to_numpy()
