"""Rows of `principles` and `principle_members` after merging, and those beyond the limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.constitution.merging.themes import find_themes, theme_terms
from prefdata.constitution.merging.vote_cosines import vote_cosines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.constitution.merging.merge import Merged
    from prefdata.constitution.merging.pilot import Pilot

__all__ = ["Rows", "distinct_principles", "merged_rows"]

_DIGITS = 9
_TERMS = pl.List(pl.String)


@dataclass(frozen=True, slots=True)
class Rows:
    """What merging leaves."""

    principles: pl.DataFrame
    """Columns of ``principles`` but source and stage, a row for each that is left."""
    members: pl.DataFrame
    """Columns of ``principle_members`` but source and stage, sorted by cluster; all of them."""
    cut: pl.DataFrame
    """``principle_id`` and ``sentence`` of members of what stands beyond the limit."""


def distinct_principles(principles: pl.DataFrame) -> pl.DataFrame:
    """Return each principle once, sorted by id, with all of its proposals.

    Args:
        principles: Columns of ``principles``; of equal ids the first counts.
    """
    return (
        principles.group_by("principle_id", maintain_order=True)
        .agg(
            pl.exclude("principle_id", "n_proposals").first(),
            pl.when(pl.col("n_proposals").count() > 0).then(pl.col("n_proposals").sum()),
        )
        .sort("principle_id")
    )


def merged_rows(
    principles: pl.DataFrame,
    texts: pl.DataFrame,
    vectors: NDArray[np.float32],
    pilot: Pilot,
    merged: Merged,
    *,
    max_principles: int,
    most_distant: float,
    min_compared: int,
) -> Rows:
    """Make the rows.

    What the user gave comes first, then what is strongest in the pilot, then what was proposed
    most often; so many of these stay as the limit says.

    Args:
        principles: As `distinct_principles` returns them.
        texts: ``principle_id``, ``text`` and ``opposite`` of each, without the common opening.
        vectors: ``(p, d)`` of the texts.
        pilot: Votes.
        merged: Which stand for which.
        max_principles: Most that stay.
        most_distant: As in `prefdata.constitution.merging.themes.find_themes`.
        min_compared: Comparisons where either decides, below which no factor is the nearest.
    """
    strengths = np.nan_to_num(np.abs(pilot.strengths), nan=-1.0).round(_DIGITS)
    every = principles.with_columns(
        texts["text"],
        at=pl.Series(merged.representatives),
        sign=pl.Series(merged.signs),
        strength=pl.Series(strengths),
    ).with_row_index()
    axes = _axes(every)
    found = find_themes(
        vectors[axes["at"].to_numpy()], axes["n_members"].to_list(), most_distant=most_distant
    )
    axes = axes.with_columns(
        cluster=pl.Series(found.numbers),
        theme=axes["text"].gather(found.medoids[found.numbers]),
    )
    every = every.join(axes.select("at", "cluster"), on="at", maintain_order="left")
    left = axes.head(max_principles)
    is_left = every["at"].is_in(left["at"].implode())
    return Rows(
        principles=_principles(every, left, pilot, min_compared),
        members=_members(every, vectors, merged),
        cut=every.filter(~is_left).select("principle_id", "sentence"),
    )


def _axes(every: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each set, in the order in which they stay: ``at`` stands for it."""
    heads = every.select("text", "strength", at="index")
    return (
        every.group_by("at")
        .agg(
            n_members=pl.len(),
            is_given=(pl.col("origin") == "given").any(),
            n_proposals=pl.when(pl.col("n_proposals").count() > 0).then(
                pl.col("n_proposals").sum()
            ),
        )
        .join(heads.cast({"at": pl.Int64}), on="at")
        .with_columns(often=pl.col("n_proposals").fill_null(0))
        .sort(
            *("is_given", "strength", "often", "text", "at"),
            descending=[True, True, True, False, False],
        )
        .drop("often", "strength")
    )


def _principles(
    every: pl.DataFrame, left: pl.DataFrame, pilot: Pilot, min_compared: int
) -> pl.DataFrame:
    """Return the principles that stay, in their order, with what the others know of them."""
    turned = (
        every.filter(pl.col("sign") < 0)
        .sort("strength", "text", "index", descending=[True, False, False])
        .group_by("at")
        .agg(turned=pl.col("sentence").first())
    )
    terms = theme_terms(every.select("cluster", "text"))
    known = every.drop("at", "n_proposals", "text", "cluster", "theme", "terms", "nearest_factor")
    listed = pl.Series([terms.get(number, []) for number in left["cluster"]], dtype=_TERMS)
    return (
        left.with_row_index("place")
        .join(
            known.cast({"index": pl.Int64}), left_on="at", right_on="index", maintain_order="left"
        )
        .join(turned, on="at", how="left", maintain_order="left")
        .with_columns(
            *_nearest(pilot, left["at"].to_numpy(), min_compared),
            position=pl.col("place").cast(pl.Int32),
            opposite=pl.coalesce("opposite", "turned"),
            terms=listed,
        )
        .drop("place", "at", "turned", "cluster", "n_members", "is_given", "text", "sign")
        .drop("strength")
    )


def _nearest(pilot: Pilot, rows: NDArray[np.int64], min_compared: int) -> tuple[pl.Series, ...]:
    """Return the factor whose votes are most like those of each principle, or its opposite's."""
    names: list[str | None] = [None] * len(rows)
    cosines: list[float | None] = [None] * len(rows)
    if pilot.factors:
        compared = vote_cosines(pilot.votes[:, rows], pilot.factor_votes).measured(min_compared)
        sizes = np.nan_to_num(np.abs(compared), nan=-1.0).round(_DIGITS)
        # A loop over the principles that stay, of which there are some dozens.
        for row, best in enumerate(sizes.argmax(axis=1)):
            if sizes[row, best] > 0:
                names[row] = pilot.factors[best]
                cosines[row] = float(compared[row, best])
    return (
        pl.Series("nearest_factor", names, dtype=pl.String),
        pl.Series("nearest_correlation", cosines, dtype=pl.Float64),
    )


def _members(every: pl.DataFrame, vectors: NDArray[np.float32], merged: Merged) -> pl.DataFrame:
    """Return who stands for each principle, and what speaks for it."""
    own = np.arange(every.height)
    heads = merged.representatives
    one, other = vectors.astype(np.float64), vectors[heads].astype(np.float64)
    is_placed = vectors.any(axis=1) & vectors[heads].any(axis=1)
    cosine = np.where(is_placed, np.einsum("nd,nd->n", one, other).clip(-1, 1), np.nan)
    is_head = heads == own
    relation = np.where(is_head, "representative", np.where(merged.signs > 0, "same", "opposite"))
    measures = {
        "cosine": cosine,
        "vote_cosine": merged.votes.cosine[own, heads],
        "n_compared": merged.votes.n_compared[own, heads].astype(np.float64),
    }
    columns = {
        name: pl.Series(name, np.where(is_head, np.nan, values)).fill_nan(None)
        for name, values in measures.items()
    }
    frame = every.select(
        "principle_id",
        every["principle_id"].gather(heads).alias("representative_id"),
        pl.Series("relation", relation),
        pl.col("cluster").cast(pl.Int32),
        *columns.values(),
    ).cast({"n_compared": pl.Int32})
    return frame.sort("cluster", "representative_id", "principle_id")
