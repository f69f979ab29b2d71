"""Whether texts give away something that they must not tell: a probe, and how sure it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.core.fingerprint import digest
from prefdata.tables.identity import hash_texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Leak", "auc_with_variance", "leak_auc"]

_FOLDS = 5
_Z95 = 1.959963984540054
_SHARED = 1 + _FOLDS / (_FOLDS - 1)
"""The five probes were fitted on nearly the same texts, so they are not as good as five."""
_TERMS = 50_000
# Words of two letters and more; each character of scripts without spaces.
_TOKEN = r"[\u2e80-\u9fff\uac00-\ud7af]|[^\W\u2e80-\u9fff\uac00-\ud7af]{2,}"  # noqa: S105 - no password


@dataclass(frozen=True, slots=True)
class Leak:
    """How well a probe tells two classes of texts apart, on texts that it was not fitted to."""

    auc: float
    """Chance that a text of the one class ranks above one of the other; 0.5 is chance."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end of the 95 % interval."""
    n: int
    """Texts that were read."""


def leak_auc(
    texts: pl.Series, is_chosen_x: pl.Series, *, seed: int, max_texts: int = 20_000
) -> Leak:
    """Measure whether texts tell which of two responses was called X.

    Give rationales whose handles are masked alike: which response is meant cannot be seen then,
    and a text that still tells whether the chosen one was X carries its order or its label in
    other words. The probe is a logistic regression on TF-IDF of words and pairs of words, fitted
    on four fifths of the texts and asked about the last fifth, five times; the area under the
    curve is the mean of the five. The interval is DeLong's, made wider by what the five have in
    common; at chance it holds 0.5 somewhat more often than it says. The probe sees which words
    there are, not where they stand in the text. The order of the rows does not matter.

    Args:
        texts: Masked texts; nulls are left out.
        is_chosen_x: For each, whether the chosen response was called X.
        seed: Of the parts, and of the draw where there are more than ``max_texts``.
        max_texts: Most texts that are read.

    Raises:
        ValueError: If there are fewer than ten texts of one of the two classes.

    References:
        DeLong, DeLong and Clarke-Pearson (1988), *Comparing the areas under two or more
        correlated receiver operating characteristic curves*; Nadeau and Bengio (2003), *Inference
        for the generalization error*, for what the parts have in common.
    """
    rows = _rows(texts, is_chosen_x, seed, max_texts)
    labels = rows["label"].to_numpy()
    if min(labels.sum(), (~labels).sum()) < 2 * _FOLDS:
        message = "a leak is measured on ten texts of each class at least"
        raise ValueError(message)
    found = [
        auc_with_variance(scores, labels[fold]) for fold, scores in _held_out(rows, labels, seed)
    ]
    auc = sum(value for value, _ in found) / _FOLDS
    half = _Z95 * math.sqrt(_SHARED * sum(variance for _, variance in found)) / _FOLDS
    return Leak(auc, max(auc - half, 0.0), min(auc + half, 1.0), rows.height)


def auc_with_variance(
    scores: NDArray[np.floating], labels: NDArray[np.bool_]
) -> tuple[float, float]:
    """Return the area under the curve of scores, and the variance of this estimate.

    Args:
        scores: ``(n,)``; ties count half.
        labels: ``(n,)``; two of each class at least.

    References:
        DeLong et al. (1988), by the mid-ranks of Sun and Xu (2014), *Fast implementation of
        DeLong's algorithm*.
    """
    from scipy.stats import rankdata

    above, below = scores[labels], scores[~labels]
    n_above, n_below = len(above), len(below)
    ranks = rankdata(np.concatenate([above, below]))
    # For each score the share of the other class that it beats.
    wins = (ranks[:n_above] - rankdata(above)) / n_below
    losses = 1 - (ranks[n_above:] - rankdata(below)) / n_above
    variance = wins.var(ddof=1) / n_above + losses.var(ddof=1) / n_below
    return float(wins.mean()), float(variance)


def _rows(texts: pl.Series, labels: pl.Series, seed: int, most: int) -> pl.DataFrame:
    """Return the texts that are read, in an order that comes from them and the seed."""
    rows = pl.DataFrame({"text": texts, "label": labels}).drop_nulls()
    salted = rows.select(digest(["leak", seed]) + pl.col("text")).to_series()
    return rows.with_columns(drawn=hash_texts(salted)).sort("drawn", "label").head(most)


def _held_out(
    rows: pl.DataFrame, labels: NDArray[np.bool_], seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.floating]]]:
    """Return the rows of each part, and what a probe of the other parts says of them."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from threadpoolctl import threadpool_limits

    texts = rows["text"].to_numpy()
    parts = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed % (1 << 32))
    found = []
    with threadpool_limits(1):
        for others, fold in parts.split(texts, labels):
            terms = TfidfVectorizer(
                token_pattern=_TOKEN, ngram_range=(1, 2), sublinear_tf=True, max_features=_TERMS
            )
            probe = make_pipeline(terms, LogisticRegression(max_iter=2000))
            probe.fit(texts[others], labels[others])
            found.append((fold, probe.decision_function(texts[fold])))
    return found
