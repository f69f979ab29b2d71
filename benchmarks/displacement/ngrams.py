"""What a model that counts would reach: perplexity of unigrams and of bigrams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["bigram_perplexity", "unigram_perplexity"]

_DISCOUNT = 0.75


def unigram_perplexity(
    train: Sequence[NDArray[np.int32]], held: Sequence[NDArray[np.int32]], vocabulary: int
) -> float:
    """Return the perplexity of single tokens, each counted once more than it was seen.

    The first token of a row has no probability here, as in a language model.
    """
    unigram = _unigram(train, vocabulary)
    return _perplexity([unigram[row[1:]] for row in held])


def bigram_perplexity(
    train: Sequence[NDArray[np.int32]], held: Sequence[NDArray[np.int32]], vocabulary: int
) -> float:
    """Return the perplexity of bigrams with absolute discounting, backed by unigrams.

    p(w | v) = max(c(v, w) - D, 0) / c(v) + D t(v) / c(v) p(w), with t(v) the number of different
    tokens seen after v and D = 0.75.
    """
    unigram = _unigram(train, vocabulary)
    codes = np.concatenate([row[:-1].astype(np.int64) * vocabulary + row[1:] for row in train])
    seen, counts = np.unique(codes, return_counts=True)
    context = np.bincount(seen // vocabulary, weights=counts, minlength=vocabulary)
    types = np.bincount(seen // vocabulary, minlength=vocabulary)
    parts = []
    for row in held:
        before, after = row[:-1].astype(np.int64), row[1:]
        place = np.minimum(np.searchsorted(seen, before * vocabulary + after), len(seen) - 1)
        is_seen = seen[place] == before * vocabulary + after
        count = np.where(is_seen, counts[place] - _DISCOUNT, 0.0)
        total = np.maximum(context[before], 1)
        left = np.where(context[before] > 0, _DISCOUNT * types[before] / total, 1.0)
        parts.append(count / total + left * unigram[after])
    return _perplexity(parts)


def _unigram(train: Sequence[NDArray[np.int32]], vocabulary: int) -> NDArray[np.float64]:
    counts = np.bincount(np.concatenate([row[1:] for row in train]), minlength=vocabulary) + 1.0
    share: NDArray[np.float64] = counts / counts.sum()
    return share


def _perplexity(parts: list[NDArray[np.float64]]) -> float:
    return float(np.exp(-np.log(np.concatenate(parts)).mean()))
