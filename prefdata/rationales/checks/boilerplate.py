"""Whether the same rationale stands with many prompts (D10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from prefdata.metrics.components import components
from prefdata.metrics.jaccard import jaccard, sets_of, shared
from prefdata.metrics.minhash import band_keys, bands_for, candidates, signatures
from prefdata.rationales.checks.found import found
from prefdata.rationales.handles import MASK
from prefdata.texts.ngrams import ngrams, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.rationales.checks.limits import Limits
    from prefdata.rationales.checks.texts import Read
    from prefdata.texts.ngrams import Grams

__all__ = ["check_boilerplate"]

_RUN = 3
_PERMUTATIONS = 128
_SEED = 1
_PAIRS_AT_ONCE = 1 << 15


def check_boilerplate(read: Read, limits: Limits) -> pl.DataFrame:
    """Count the prompts of the rationales that are nearly the same as a rationale.

    Which response is called X makes no difference. This is the one check of a rationale that
    depends on the others: give it all that were written together.

    Args:
        read: The rationales.
        limits: What is alike, and how many prompts are too many.

    Returns:
        `FOUND`; the value is the number of distinct prompts in the rationale's cluster.
    """
    runs = ngrams(words(read.rows["masked"].str.replace_all(MASK, " xy ", literal=True)), _RUN)
    clusters = _clusters(runs, limits.boilerplate_similarity)
    clustered = read.rows.with_columns(cluster=pl.Series(clusters))
    rows = clustered.with_columns(
        n=pl.coalesce("prompt_id", "rationale_id").n_unique().over("cluster")
    )
    return found(
        rows,
        "boilerplate",
        value=pl.col("n").cast(pl.Float64),
        is_passed=pl.col("n") <= limits.boilerplate_prompts,
        detail=pl.when(pl.col("n") > limits.boilerplate_prompts).then(
            pl.format("nearly the same for {} prompts", "n")
        ),
    )


def _clusters(runs: Grams, similarity: float) -> NDArray[np.int64]:
    """Return the cluster of each text; texts without words are alone."""
    n = len(runs.offsets) - 1
    # Equal texts are one to the search, so that a phrase that stands everywhere costs nothing.
    signed = signatures(runs.hashes, runs.offsets, n_permutations=_PERMUTATIONS, seed=_SEED)
    keys = band_keys(signed, *bands_for(similarity, _PERMUTATIONS))
    has_words = runs.counts > 0
    pairs = candidates(keys)
    pairs = pairs[has_words[pairs].all(axis=1)]
    links = [np.empty((0, 2), np.int64)]
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        part = pairs[start : start + _PAIRS_AT_ONCE]
        links.append(part[_similarity(runs, part) >= similarity])
    return components(n, np.concatenate(links))


def _similarity(runs: Grams, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    numbers, position = np.unique(pairs, return_inverse=True)
    sizes = runs.counts[numbers]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    places = np.repeat(runs.offsets[:-1][numbers] - offsets[:-1], sizes) + np.arange(offsets[-1])
    sets = sets_of(runs.hashes[places], offsets)
    left, right = (sets.take(side) for side in position.reshape(-1, 2).T)
    return jaccard(shared(left, right), left.sizes, right.sizes)
