"""What principles are about: clusters of sentences near each other, and the words of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.metrics.log_odds import log_odds_terms
from prefdata.metrics.terms import top_terms
from prefdata.texts.ngrams import UNSPACED, word_lists

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Themes", "centrality", "find_themes", "theme_terms"]

_N_TERMS = 5
_DIGITS = 6
# Words of one character say something only where a character is a word.
_IS_WORD = rf"^(?:[{UNSPACED}]|\w*\p{{L}}\w+|\w+\p{{L}}\w*)$"


@dataclass(frozen=True, slots=True)
class Themes:
    """Clusters of principles, for display."""

    numbers: NDArray[np.int64]
    """``(n,)`` cluster of each, from 0, those of most members first."""
    medoids: NDArray[np.int64]
    """``(n_clusters,)`` which of them is nearest to all others of its cluster."""


def find_themes(
    vectors: NDArray[np.float32], sizes: Sequence[int], *, most_distant: float
) -> Themes:
    """Cluster by average linkage of cosine distances, which needs no number of clusters.

    Args:
        vectors: ``(n, d)`` unit rows, of what is more important first; zero rows, where an
            embedder finds nothing, are clusters of their own.
        sizes: How many members each stands for.
        most_distant: Mean distance (one less the cosine) at which clusters are left apart.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    labels = np.arange(len(vectors))
    is_placed = vectors.any(axis=1)
    if is_placed.sum() > 1:
        # Rounded, so that equal distances tie however their last digits came about.
        distances = pdist(vectors[is_placed].astype(np.float64), "cosine").round(_DIGITS)
        tree = linkage(distances.clip(min=0), "average")
        labels[is_placed] = len(vectors) + fcluster(tree, most_distant, "distance")
    frame = pl.DataFrame({"label": labels, "size": sizes}).with_row_index("first")
    order = (
        frame.group_by("label")
        .agg(pl.col("size").sum(), pl.col("first").min())
        .sort("size", "first", descending=[True, False])
        .with_row_index("number")
    )
    numbers = frame.join(order.select("label", "number"), on="label", maintain_order="left")
    of_each = numbers["number"].to_numpy().astype(np.int64)
    medoids = [_medoid(vectors, np.flatnonzero(of_each == number)) for number in order["number"]]
    return Themes(of_each, np.array(medoids, np.int64))


def centrality(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean cosine of each of ``(n, d)`` unit rows with the others; 0 for one alone."""
    exact = vectors.astype(np.float64)
    # Not a product of matrices, whose last digits would depend on the number of threads.
    sums = np.einsum("nd,d->n", exact, exact.sum(axis=0)) - np.einsum("nd,nd->n", exact, exact)
    mean: NDArray[np.float64] = (sums / max(len(exact) - 1, 1)).round(_DIGITS)
    return mean


def theme_terms(texts: pl.DataFrame) -> dict[int, list[str]]:
    """Return the terms that set each cluster apart from the rest, the best first.

    Terms are words that are no stop words of English. They are weighed by log-odds with an
    informative prior; a cluster that is all there is has the words that it has most of.

    Args:
        texts: Columns ``cluster`` and ``text``, a row for each principle.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = texts.select(pl.col("cluster").alias("class"), word_lists(texts["text"]).alias("term"))
    counts = (
        words.explode("term", empty_as_null=False, keep_nulls=False)
        .filter(
            pl.col("term").str.contains(_IS_WORD)
            & ~pl.col("term").is_in(sorted(ENGLISH_STOP_WORDS))
        )
        .group_by("class", "term")
        .agg(count=pl.len())
        .sort("class", "term")
    )
    weights = log_odds_terms(counts)
    if counts["class"].n_unique() < 2:  # noqa: PLR2004 - there is no rest
        weights = counts.select("class", "term", weight="count")
    best = top_terms(weights.filter(pl.col("weight") > 0), _N_TERMS)
    return dict(zip(best["class"].to_list(), best["terms"].to_list(), strict=True))


def _medoid(vectors: NDArray[np.float32], rows: NDArray[np.int64]) -> int:
    """Return the row that is nearest to the others; of equals the first."""
    return int(rows[np.argmax(centrality(vectors[rows]))])
