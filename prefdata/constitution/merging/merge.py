"""Merge principles: alike in words first, decided by how they vote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.merging.signed_sets import signed_sets
from prefdata.constitution.merging.themes import centrality
from prefdata.constitution.merging.vote_cosines import vote_cosines
from prefdata.metrics.nearest import nearest
from prefdata.texts.normal import normalised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.constitution.merging.pilot import Pilot
    from prefdata.constitution.merging.signed_sets import SignedSets
    from prefdata.constitution.merging.vote_cosines import VoteCosines

__all__ = ["Merged", "Rules", "merge"]

_DIGITS = 9
_TIMES_AS_MANY = 3


@dataclass(frozen=True, slots=True)
class Rules:
    """When two principles are one."""

    candidate_cosine: float
    """Least cosine of the embeddings of two sentences whose votes are compared."""
    neighbours: int
    """Nearest sentences that are looked at for each."""
    same_at: float
    opposite_at: float
    min_compared: int
    """Comparisons where either of two decides, below which their votes say nothing."""
    twins_at: float = 0.95
    """Size of the cosine of votes from which two are one whatever their words, where three times
    as many comparisons tell."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Which principles stand for which."""

    representatives: NDArray[np.int64]
    """``(p,)`` row of the principle that stands for each; its own where it does itself."""
    signs: NDArray[np.int8]
    """``(p,)``: 1 where it says the same as that one, -1 where the opposite."""
    votes: VoteCosines
    """``(p, p)``."""
    n_unsure: int
    """Pairs alike in words whose votes are too few to decide."""
    n_kept_apart: int
    """Pairs with alike votes that others contradict."""


def merge(texts: pl.DataFrame, vectors: NDArray[np.float32], pilot: Pilot, rules: Rules) -> Merged:
    """Find the principles that are one axis, and which of each stands for it.

    Sentences in the same words are the same, and one in the words of another's opposite is its
    opposite. Two whose votes are nearly equal (`Rules.twins_at`) are one in all that could be
    measured, whatever their words. Else two sentences that an embedder places near each other are
    the same where their votes are, and opposite where their votes are: nearness alone cannot tell,
    because a sentence and its contrary are about as near as two that say the same.

    What stands for a set is the principle of the greatest strength in the pilot; of equals that
    nearest to the others, then the first by its text.

    Args:
        texts: ``principle_id``, ``text`` and ``opposite`` without the common opening, a row for
            each principle, of which there is one at least, sorted by id.
        vectors: ``(p, d)`` unit rows; zero where the embedder finds nothing in a text.
        pilot: Votes.
        rules: Thresholds.
    """
    votes = vote_cosines(pilot.votes, pilot.votes)
    agreement = votes.measured(rules.min_compared)
    alike = _alike(vectors, rules)
    n_unsure = int(np.isnan(agreement[alike[:, 0], alike[:, 1]]).sum()) if len(pilot.votes) else 0
    twins = _twins(votes, rules)
    worded, signs = _same_words(texts)
    agreement[worded[:, 0], worded[:, 1]] = agreement[worded[:, 1], worded[:, 0]] = signs
    found = signed_sets(
        agreement,
        np.concatenate([worded, alike, twins]),
        same_at=rules.same_at,
        opposite_at=rules.opposite_at,
    )
    stand_ins = _representatives(found, texts, vectors, pilot)
    return Merged(
        stand_ins, found.signs * found.signs[stand_ins], votes, n_unsure, found.n_kept_apart
    )


def _alike(vectors: NDArray[np.float32], rules: Rules) -> NDArray[np.int64]:
    """Return the pairs of rows that are near each other, each once."""
    found = nearest(vectors, vectors, min(rules.neighbours + 1, len(vectors)))
    one = np.broadcast_to(np.arange(len(vectors))[:, None], found.rows.shape)
    is_near = (found.scores >= rules.candidate_cosine) & (found.rows >= 0) & (found.rows != one)
    pairs = np.stack([one[is_near], found.rows[is_near]], axis=1)
    return np.unique(np.sort(pairs, axis=1), axis=0)


def _twins(votes: VoteCosines, rules: Rules) -> NDArray[np.int64]:
    """Return the pairs of rows whose votes are nearly equal, or nearly contrary, each once."""
    cosines = votes.measured(_TIMES_AS_MANY * rules.min_compared)
    is_twin = np.triu(np.nan_to_num(np.abs(cosines), nan=0.0) >= rules.twins_at, k=1)
    return np.argwhere(is_twin).astype(np.int64)


def _same_words(texts: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return pairs of rows whose words decide: 1 for the same words, -1 for those of the opposite.

    A principle whose sentence is its own opposite says nothing.
    """
    rows = texts.select(words=normalised("text"), turned=normalised("opposite")).with_row_index()
    first = rows.group_by("words").agg(head=pl.col("index").min())
    same = rows.join(first, on="words").select("head", "index", sign=pl.lit(1.0))
    turned = rows.filter(pl.col("words") != pl.col("turned")).join(
        first, left_on="turned", right_on="words"
    )
    pairs = (
        pl.concat([same, turned.select("head", "index", sign=pl.lit(-1.0))])
        .filter(pl.col("head") != pl.col("index"))
        .unique()
        .sort("head", "index")
    )
    return pairs.select("head", "index").to_numpy().astype(np.int64), pairs["sign"].to_numpy()


def _representatives(
    found: SignedSets, texts: pl.DataFrame, vectors: NDArray[np.float32], pilot: Pilot
) -> NDArray[np.int64]:
    """Return which row stands for each."""
    central = np.zeros(len(found.sets))
    # A loop over sets of more than one.
    for name in np.flatnonzero(np.bincount(found.sets) > 1):
        rows = np.flatnonzero(found.sets == name)
        central[rows] = centrality(vectors[rows])
    ranked = (
        texts.select(
            "text",
            pl.Series("set", found.sets),
            pl.Series("strength", np.nan_to_num(np.abs(pilot.strengths), nan=-1.0)).round(_DIGITS),
            pl.Series("central", central),
        )
        .with_row_index()
        .sort("strength", "central", "text", "index", descending=[True, True, False, False])
        .group_by("set")
        .agg(pl.col("index").first())
    )
    named = pl.DataFrame({"set": found.sets}).join(
        ranked, on="set", how="left", maintain_order="left"
    )
    return named["index"].to_numpy().astype(np.int64)
