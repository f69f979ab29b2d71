"""What a first vote on a few comparisons tells of principles that may be the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.ballots import FAILED, read_ballots, read_principles, vote_matrix
from prefdata.metrics.principles import signed_votes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from prefdata.constitution.ballots import Ballots

__all__ = ["Pilot", "no_pilot", "read_pilot"]


@dataclass(frozen=True, slots=True)
class Pilot:
    """Votes of principles on the comparisons of a pilot, and of factors on the same."""

    votes: NDArray[np.int8]
    """``(n, p)`` codes of votes; `FAILED` throughout where a principle was not voted on."""
    strengths: NDArray[np.float64]
    """``(p,)`` mean product of label and vote; NaN where there is none."""
    factors: tuple[str, ...]
    """Names of the factors of the catalogue."""
    factor_votes: NDArray[np.int8]
    """``(n, q)`` codes of their votes."""


def no_pilot(n_principles: int) -> Pilot:
    """Return a pilot that nobody voted in."""
    nothing = np.empty((0, n_principles), np.int8)
    return Pilot(nothing, np.full(n_principles, np.nan), (), np.empty((0, 0), np.int8))


def read_pilot(
    tables: Mapping[str, pl.LazyFrame],
    ids: pl.Series,
    *,
    pairs: Sequence[str],
    votes: str,
    reference: str | None,
) -> Pilot:
    """Read the votes of a pilot, and how they go with the labels.

    Args:
        tables: As `prefdata.constitution.ballots.read_ballots` reads them.
        ids: The principles, each once.
        pairs: The steps whose pairs are labels.
        votes: The step that voted on the principles.
        reference: The step that computed factors; null for none.
    """
    ballots = read_ballots(tables, pairs=pairs, votes=(votes,))
    places = pl.DataFrame({"principle_id": ballots.principles["principle_id"]}).with_row_index()
    found = (
        ids.alias("principle_id")
        .to_frame()
        .join(places, on="principle_id", how="left", maintain_order="left")
    )
    at = found["index"].to_numpy().astype(np.float64)
    is_voted = ~np.isnan(at)
    cast = np.full((len(ballots.votes), ids.len()), FAILED, np.int8)
    cast[:, is_voted] = ballots.votes[:, at[is_voted].astype(np.int64)]
    names, factor_votes = _factors(tables, ballots, reference)
    return Pilot(cast, _strengths(cast, ballots), names, factor_votes)


def _strengths(votes: NDArray[np.int8], ballots: Ballots) -> NDArray[np.float64]:
    """Return the mean product of labels and votes; labels that are ties do not count."""
    labels = ballots.decided().labels
    at = labels["at"].to_numpy().astype(np.int64)
    sums = np.bincount(at, np.sign(labels["y"].to_numpy()), minlength=len(votes))
    sizes = np.bincount(at, minlength=len(votes)).astype(np.float64)
    signed = signed_votes(votes)
    n_labels = sizes @ (votes != FAILED)
    unknown = np.full(votes.shape[1], np.nan)
    found: NDArray[np.float64] = np.divide(sums @ signed, n_labels, out=unknown, where=n_labels > 0)
    return found


def _factors(
    tables: Mapping[str, pl.LazyFrame], ballots: Ballots, reference: str | None
) -> tuple[tuple[str, ...], NDArray[np.int8]]:
    """Return the votes of factors on the comparisons of the pilot; failed where there is none."""
    n = ballots.comparisons.height
    factors = read_principles(tables, () if reference is None else (reference,))
    if reference is None or factors.is_empty():
        return (), np.empty((n, 0), np.int8)
    places = ballots.comparisons.select("comparison_id").with_row_index("at")
    rows = (
        tables["votes"]
        .filter(pl.col("stage") == reference)
        .select("comparison_id", "votes")
        .join(places.lazy(), on="comparison_id")
        .sort("at")
        .collect()
    )
    cast = np.full((n, factors.height), FAILED, np.int8)
    cast[rows["at"].to_numpy()] = vote_matrix(rows["votes"], factors.height, reference)
    names = factors.select(pl.coalesce("name", "sentence"))["name"]
    return tuple(names.to_list()), cast
