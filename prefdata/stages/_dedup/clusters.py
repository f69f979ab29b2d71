"""Clusters of alike rows, who stands for each, and what is written about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.metrics.components import components
from prefdata.stages._dedup.links import MEASURES
from prefdata.stages._findings import findings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.stages._dedup.links import Links
    from prefdata.stages._dedup.subjects import Compared

__all__ = ["Clusters", "blank_rows", "clustered", "conflicts_of", "flags_of", "neighbors_of"]


@dataclass(frozen=True, slots=True)
class Clusters:
    """Every row that has a duplicate."""

    rows: pl.DataFrame
    """Columns of `fetch`, and ``text``, ``is_old``, ``text_id`` (the row that stands for its
    text), ``representative_id``, ``cluster_id``, ``cluster_size``, and the neighbor of the row
    (``neighbor_id``, ``neighbor_source``, ``similarity``, ``measure``) and of its text
    (``other_similarity``)."""

    def spare(self) -> pl.DataFrame:
        """Return the new rows that do not stand for their cluster."""
        return self.rows.filter(~pl.col("is_old"), pl.col("id") != pl.col("representative_id"))


def clustered(compared: Compared, links: Links) -> Clusters:
    """Join what is linked and choose who stands for it.

    Of the rows of a text, and of a cluster, the one stands for it that is old, then has most
    judgments, then is of the oldest source, then has the smallest id.
    """
    distinct, rows = compared.distinct, compared.rows
    label = components(len(distinct), links.pairs)
    live = distinct.text_of >= 0
    label_of = np.where(live, np.append(label, -1)[distinct.text_of], -1)
    n_rows = np.bincount(label_of[live], minlength=len(distinct))
    n_new = np.bincount(label_of[live & ~rows.is_old], minlength=len(distinct))
    is_wanted = np.append((n_rows > 1) & (n_new > 0), values=False)
    found = compared.fetch(is_wanted[label_of])
    here = found["row"].to_numpy()
    found = found.with_columns(
        text=pl.Series(distinct.text_of[here], dtype=pl.Int64),
        cluster=pl.Series(label_of[here], dtype=pl.Int64),
        is_old=pl.Series(rows.is_old[here], dtype=pl.Boolean),
        age=pl.Series(rows.source[here], dtype=pl.Int16),
    ).sort("is_old", "n_votes", "age", "id", descending=[True, True, False, False])
    of_text = found.group_by("text", maintain_order=True).agg(
        text_id=pl.col("id").first(),
        text_source=pl.col("source").first(),
        second_id=pl.col("id").get(1, null_on_oob=True),
        second_source=pl.col("source").get(1, null_on_oob=True),
    )
    of_cluster = found.group_by("cluster").agg(
        representative_id=pl.col("id").first(),
        cluster_id=pl.col("digest").min(),
        cluster_size=pl.len().cast(pl.Int32),
    )
    other = _nearest(links).join(
        of_text.select(other="text", other_id="text_id", other_source="text_source"),
        on="other",
        how="left",
    )
    joined = (
        found.join(of_text, on="text", how="left")
        .join(of_cluster, on="cluster", how="left")
        .join(other, on="text", how="left")
    )
    return Clusters(joined.with_columns(**_neighbor()).sort("id"))


def _neighbor() -> dict[str, pl.Expr]:
    """Choose the neighbor of a row: one of the same text, or else of the nearest text."""
    has_twin = pl.col("second_id").is_not_null()
    is_first = pl.col("id") == pl.col("text_id")
    twin = pl.when(has_twin)

    def chosen(second: str, first: str, other: str) -> pl.Expr:
        return twin.then(pl.when(is_first).then(second).otherwise(first)).otherwise(other)

    return {
        "neighbor_id": chosen("second_id", "text_id", "other_id"),
        "neighbor_source": chosen("second_source", "text_source", "other_source"),
        "similarity": twin.then(1.0).otherwise("other_similarity"),
        "measure": twin.then(pl.lit("equality")).otherwise("other_measure"),
    }


def _nearest(links: Links) -> pl.DataFrame:
    """Return the most similar text of each text that is linked."""
    text = np.concatenate([links.pairs[:, 0], links.pairs[:, 1]])
    other = np.concatenate([links.pairs[:, 1], links.pairs[:, 0]])
    similarity = np.concatenate([links.similarity, links.similarity])
    measure = np.concatenate([links.measure, links.measure])
    # A share of all shingles says more than a share of the shorter text's.
    order = np.lexsort((other, -similarity, measure, text))
    text = text[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = text[1:] != text[:-1]
    kept = order[is_first]
    return pl.DataFrame(
        {
            "text": text[is_first],
            "other": other[kept],
            "other_similarity": similarity[kept],
            "other_measure": pl.Series([MEASURES[m] for m in measure[kept]], dtype=pl.String),
        }
    )


def neighbors_of(clusters: Clusters, *, subject: str, method: str) -> pl.DataFrame:
    """Return rows of `neighbors`."""
    return clusters.rows.select(
        "id",
        "source",
        pl.lit(subject).alias("subject"),
        "neighbor_id",
        "neighbor_source",
        pl.lit(method).alias("method"),
        "similarity",
        "measure",
        "cluster_id",
        "cluster_size",
        "representative_id",
    )


def flags_of(clusters: Clusters, *, subject: str, method: str) -> pl.DataFrame:
    """Return flags of the rows that do not stand for their cluster.

    Those that share the text of another row are exact duplicates, whatever the method: without
    them each text is there once. The one row that stays of a text that is not the cluster's is a
    duplicate of the method.
    """
    spare = clusters.spare()
    is_twin = pl.col("id") != pl.col("text_id")
    stands = pl.format("{} stands for the {} rows alike", "representative_id", "cluster_size")
    twin = pl.format("Has the text of {}; {}.", "text_id", stands)
    score = pl.col("other_similarity").round(3)
    alike = pl.format("Is like {} ({} {}); {}.", "other_id", "other_measure", score, stands)
    return pl.concat(
        [
            _found(spare.filter(is_twin), subject, "exact-duplicate", twin, pl.lit(1.0)),
            _found(
                spare.filter(~is_twin),
                subject,
                f"{method}-duplicate",
                alike,
                pl.col("other_similarity"),
            ),
        ]
    )


def conflicts_of(clusters: Clusters, is_turned: NDArray[np.bool_]) -> pl.DataFrame:
    """Return flags of pairs whose very texts are also there with the other one chosen.

    The row that stands for the text gets it too: which of the labels is right is not known.
    """
    rows = clusters.rows.with_columns(
        is_turned=pl.Series(is_turned[clusters.rows["row"].to_numpy()], dtype=pl.Boolean)
    )
    share = pl.col("is_turned").mean().over("text")
    against = pl.when("is_turned").then(1 - share).otherwise(share)
    rows = rows.with_columns(against=against).filter(pl.col("against") > 0, ~pl.col("is_old"))
    reason = pl.format(
        "Of the pairs with these texts, {} % choose the other response.",
        (100 * pl.col("against")).round(1),
    )
    return _found(rows, "pairs", "conflicting-duplicate", reason, pl.col("against"))


def blank_rows(compared: Compared, *, subject: str) -> pl.DataFrame:
    """Return flags of the new rows without text, which are compared with nothing."""
    rows = compared.fetch(compared.rows.is_blank & ~compared.rows.is_old).sort("id")
    return _found(rows, subject, "empty-text", pl.lit("There is no text to compare."), pl.lit(None))


def _found(
    rows: pl.DataFrame, subject: str, flag: str, reason: pl.Expr, value: pl.Expr
) -> pl.DataFrame:
    found = findings(rows, key="id", subject=subject, flag=flag, reason=reason, value=value)
    return found.with_columns(source=rows["source"])
