"""How often a principle is chosen when half of the prompts are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prefdata.constitution._selection.paths import quadratic_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.constitution._selection.paired import Paired

__all__ = ["frequencies"]

_MAX_BLOCKS = 200


def frequencies(
    paired: Paired,
    *,
    is_open: NDArray[np.bool_],
    size: int,
    max_correlation: float,
    n_samples: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return the share of half-samples in which each principle is among the first ``size``.

    Prompts are dealt to 200 blocks at random (to one each where there are fewer), and a sample is
    half of the blocks. So the products of votes are taken once for each block, and a sample is a
    sum of them, on which `quadratic_path` chooses; 100,000 labels take no longer than a few.

    Args:
        paired: Labels to choose on.
        is_open: ``(p,)``: which principles may be chosen.
        size: How many are chosen.
        max_correlation: As in `greedy_path`.
        n_samples: Half-samples.
        seed: Of blocks and samples.

    References:
        Meinshausen and Buehlmann (2010), *Stability selection*, JRSS B 72.
    """
    p = paired.votes.shape[1]
    rng = np.random.default_rng([seed, 0x57AB])
    names, codes = np.unique(paired.openings, return_inverse=True)
    n_blocks = min(_MAX_BLOCKS, len(names))
    if n_blocks < 2 or not size:  # noqa: PLR2004 - halves
        return np.zeros(p)
    blocks = (rng.permutation(len(names)) % n_blocks)[codes]
    order = np.argsort(blocks, kind="stable")
    cuts = np.searchsorted(blocks[order], np.arange(n_blocks + 1))
    votes, sides = np.ascontiguousarray(paired.votes[order]), paired.sides[order]
    grams = np.empty((n_blocks, p * p), np.float32)
    pulls = np.empty((n_blocks, p))
    for block in range(n_blocks):
        rows = slice(cuts[block], cuts[block + 1])
        grams[block] = (votes[rows].T @ votes[rows]).ravel()
        pulls[block] = votes[rows].T @ sides[rows]
    halves = rng.random((n_samples, n_blocks)).argsort(axis=1) < n_blocks // 2
    sums = halves.astype(np.float32) @ grams
    counts = np.zeros(p)
    for half, products in zip(halves, sums, strict=True):
        chosen = quadratic_path(
            products.reshape(p, p).astype(np.float64),
            pulls[half].sum(axis=0),
            is_open=is_open,
            max_size=size,
            max_correlation=max_correlation,
        )
        counts[chosen] += 1
    return counts / max(n_samples, 1)
