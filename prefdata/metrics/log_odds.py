"""The terms that set a class of texts apart, weighed by how sure that is."""

from __future__ import annotations

import polars as pl

__all__ = ["log_odds_terms"]

_PRIOR_WORDS = 500.0


def log_odds_terms(counts: pl.DataFrame, *, prior_words: float = _PRIOR_WORDS) -> pl.DataFrame:
    r"""Weigh each term of each class by its log-odds against the rest, in standard errors.

    With ``y`` the count of a term in the class and ``r`` in all other classes, ``n`` and ``m``
    their numbers of words, and ``a`` a prior count, which is the term's share of all words times
    ``prior_words``, called ``A``: ``d = ln((y + a) / (n + A - y - a)) - ln((r + a) /
    (m + A - r - a))``, its variance is near ``1 / (y + a) + 1 / (r + a)``, and the weight is ``d``
    over its root. The prior draws rare words to nought, of which a raw ratio makes most.

    Args:
        counts: Columns ``class``, ``term`` and ``count`` (at least 1), each class and term once.
        prior_words: Number of words that the prior counts for.

    Returns:
        Columns ``class``, ``term`` and ``weight`` (dimensionless; positive where the class has
        more of the term), in the order of ``counts``; 0 where there is but one class or one term.

    Examples:
        >>> rows = {"class": [0, 0, 1, 1], "term": ["a", "b", "a", "b"], "count": [3, 1, 1, 3]}
        >>> log_odds_terms(pl.DataFrame(rows), prior_words=4)["weight"].round(4).to_list()
        [1.399, -1.399, -1.399, 1.399]

    References:
        Monroe, Colaresi and Quinn (2008), *Fightin' Words*, equations 16 and 22, with the prior
        of section 3.5.1 from all texts themselves.
    """
    if counts["class"].n_unique() < 2 or counts["term"].n_unique() < 2:  # noqa: PLR2004
        return counts.select("class", "term", weight=pl.lit(0.0))
    count = pl.col("count").cast(pl.Float64)
    of_term, of_all, of_class = count.sum().over("term"), count.sum(), count.sum().over("class")
    prior = of_term / of_all * prior_words
    here, there = count + prior, of_term - count + prior
    in_class, in_rest = of_class + prior_words, of_all - of_class + prior_words
    odds = (here / (in_class - here)).log() - (there / (in_rest - there)).log()
    return counts.select("class", "term", weight=odds / (1 / here + 1 / there).sqrt())
