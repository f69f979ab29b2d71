"""What a constitution says of comparisons: verdicts, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.special import expit

from prefdata.constitution.ballots import FAILED, vote_matrix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["FAILED_VOTE", "MISSING_VOTE", "Said", "say"]

FAILED_VOTE = "failed-vote"
MISSING_VOTE = "missing-vote"


@dataclass(frozen=True, slots=True)
class Said:
    """Comparisons with what the constitution says of each."""

    comparisons: pl.DataFrame
    """Those that were asked for, with ``score`` (log-odds that a is preferred), ``probability``
    (of a), ``side`` (1 for a, -1 for b, 0 for a tie) and ``rule``: null, `MISSING_VOTE` where a
    step did not vote on the comparison, or `FAILED_VOTE` where a vote could not be had. With a rule
    there is no score."""
    claims: NDArray[np.float64]
    """``(n, k)``: what each principle adds to the score."""
    votes: NDArray[np.int8]
    """``(n, k)``: votes as `prefdata.constitution.ballots.vote_matrix` returns them, turned to the
    end that holds."""

    def reasons_against(self, rows: NDArray[np.intp], sides: NDArray[np.float64]) -> list[int]:
        """Return the principle that weighs most against a side.

        Args:
            rows: Rows of the comparisons.
            sides: For each 1 to ask what speaks against a, -1 against b.
        """
        return [int(at) for at in np.argmax(-self.claims[rows] * sides[:, None], axis=1)]


def say(
    comparisons: pl.DataFrame,
    places: pl.DataFrame,
    tables: Mapping[str, pl.LazyFrame],
    *,
    margin: float = 0.0,
) -> Said:
    """Add up the votes of the principles of a constitution, each by its weight.

    A principle that does not apply, or finds neither response to have more, adds nothing.

    Args:
        comparisons: Column ``comparison_id``, each once.
        places: As `prefdata.constitution.model.placed` returns them.
        tables: ``votes`` and ``principles``, of one source.
        margin: Smallest absolute score that is no tie; a score of 0 always is one.

    Raises:
        DataError: If a row of votes has more or fewer votes than its step has principles.
    """
    k = places.height
    votes = np.zeros((comparisons.height, k), np.int8)
    is_missing = np.zeros(comparisons.height, np.bool_)
    for voting in places["voting"].unique(maintain_order=True):
        is_of = (places["voting"] == voting).to_numpy()
        columns = places["position"].to_numpy()[is_of]
        cast = _cast(comparisons, tables, voting)
        is_cast = cast["votes"].is_not_null().to_numpy()
        n_principles = _n_principles(tables, voting)
        matrix = vote_matrix(cast["votes"].drop_nulls(), n_principles, voting)
        votes[np.ix_(is_cast, is_of)] = matrix[:, columns]
        is_missing |= ~is_cast
    odds = places["odds"].to_numpy()
    is_failed = (votes == FAILED).any(axis=1)
    is_decisive = np.abs(votes) == 1
    claims = np.where(is_decisive, votes, 0) * odds
    # Added in the order of ranks, so equal claims either way cancel exactly.
    score = claims.sum(axis=1)
    is_spoken = (np.abs(score) >= margin) & (np.abs(score) > _NOTHING)
    rule = np.where(is_missing, MISSING_VOTE, np.where(is_failed, FAILED_VOTE, ""))
    said = comparisons.with_columns(
        score=pl.Series(score),
        probability=pl.Series(expit(score)),
        side=pl.Series(np.where(is_spoken, np.sign(score), 0.0)),
        rule=pl.Series(rule, dtype=pl.String).replace("", None),
    ).with_columns(
        pl.when(pl.col("rule").is_null()).then(name).alias(name)
        for name in ("score", "probability", "side")
    )
    turned = np.where(is_decisive & (odds < 0), -votes, votes)
    return Said(said, claims, turned.astype(np.int8))


_NOTHING = 1e-12


def _cast(
    comparisons: pl.DataFrame, tables: Mapping[str, pl.LazyFrame], voting: str
) -> pl.DataFrame:
    """Return the votes of a step on each comparison, null where it did not vote."""
    votes = tables["votes"].filter(pl.col("stage") == voting).select("comparison_id", "votes")
    asked = comparisons.lazy().select("comparison_id")
    return asked.join(votes, on="comparison_id", how="left", maintain_order="left").collect()


def _n_principles(tables: Mapping[str, pl.LazyFrame], voting: str) -> int:
    of_step = tables["principles"].filter(pl.col("stage") == voting)
    return int(of_step.select(pl.len()).collect().item())
