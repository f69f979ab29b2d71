"""The terms that set classes of texts apart."""

from __future__ import annotations

import polars as pl

__all__ = ["class_tfidf", "top_terms"]


def class_tfidf(counts: pl.DataFrame) -> pl.DataFrame:
    r"""Weigh each term of each class by class-based TF-IDF.

    The texts of a class are taken as one: ``W(t, c) = tf(t, c) * ln(1 + A / f(t))`` with ``tf``
    the share of the term among the terms of the class, ``f`` how often it occurs in all classes,
    and ``A`` the mean number of terms of a class.

    Args:
        counts: Columns ``class``, ``term`` and ``count`` (at least 1), each class and term once.

    Returns:
        Columns ``class``, ``term`` and ``weight``, in the order of ``counts``.

    Examples:
        >>> counts = pl.DataFrame({"class": [0, 0, 1], "term": ["a", "b", "b"], "count": [1, 1, 2]})
        >>> class_tfidf(counts)["weight"].round(3).to_list()
        [0.549, 0.255, 0.511]

    References:
        Grootendorst (2022), *BERTopic*, arXiv:2203.05794, equation 2; ``tf`` is a share, as in its
        code, so that weights compare between classes of different size.
    """
    count = pl.col("count").cast(pl.Float64)
    mean_terms = count.sum() / pl.col("class").n_unique()
    return counts.select(
        "class",
        "term",
        weight=count
        / count.sum().over("class")
        * (1 + mean_terms / count.sum().over("term")).log(),
    )


def top_terms(weights: pl.DataFrame, n_terms: int) -> pl.DataFrame:
    """Return the terms of the greatest weight of each class, best first; ties by alphabet.

    Args:
        weights: Columns ``class``, ``term`` and ``weight``.
        n_terms: Most terms of a class.

    Returns:
        One row a class, sorted by it: ``class``, ``terms`` and ``weights``, both lists.
    """
    ranked = weights.sort("class", "weight", "term", descending=[False, True, False])
    return (
        ranked.group_by("class", maintain_order=True)
        .head(n_terms)
        .group_by("class", maintain_order=True)
        .agg(terms="term", weights="weight")
    )
