"""Whether sums differ from 0: by flipping the signs of whole clusters.

If nobody rewards a principle, it is as likely that all labels of a cluster are what they are as
that all are the other way round. So the total of what was seen is compared with totals after
whole clusters were flipped by coins. No distribution is assumed, and as all principles are flipped
together, their correlations are in the greatest statistic, against which a whole family is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.floating]

__all__ = ["SignFlip", "sign_flip"]

# Numbers in memory at a time.
_BLOCK = 1 << 20
# What single precision may do to statistics that are equal.
_EQUAL = 1e-5


@dataclass(frozen=True, slots=True)
class SignFlip:
    """Two-sided probabilities, ``(p,)`` each; 1 for sums that are 0 in every cluster."""

    p: NDArray[np.float64]
    """Of so great a statistic, for each alone."""
    p_family: NDArray[np.float64]
    """The same, adjusted for all p together: if no effect is real, one of them is below .05 in no
    more than 5 % of the data sets."""
    is_exact: bool
    """Whether every way to flip the clusters was counted, and not a sample."""


def sign_flip(
    sums: Floats,
    *,
    errors: NDArray[np.float64] | None = None,
    n_flips: int = 10_000,
    seed: int = 0,
) -> SignFlip:
    """Test p totals over clusters against 0, two-sided, each alone and all as a family.

    The statistic is the total over its standard error, which flips leave as it is: the root of
    the sum of squares. The p of a sample of flips is (1 + as great) / (1 + flips), which is never
    0. Where there are no more than `n_flips` ways to flip all clusters, each is counted once.
    The family is adjusted by steps down: the greatest statistic is held against the greatest of
    all after each flip, the next against the greatest of those that remain, and so on.

    Args:
        sums: ``(c, p)``: sums of each cluster, with a mean of 0 if nothing holds.
        errors: ``(p,)``: standard errors that what was seen is divided by, where they are greater
            than those of these clusters, because labels are clustered in another way too.
        n_flips: Flips.
        seed: The same seed flips the same clusters.

    Examples:
        Four clusters that all say the same; of 16 ways to flip them, two are as great:

        >>> sign_flip(np.array([[3.0], [1.0], [2.0], [2.0]])).p.item()
        0.125

    References:
        Westfall and Young (1993), *Resampling-based multiple testing*, algorithm 4.1. Phipson and
        Smyth (2010), *Permutation p-values should never be zero*, Statistical Applications in
        Genetics and Molecular Biology 9, 39.
    """
    n_clusters, n_sums = sums.shape
    own = np.sqrt(np.einsum("ij,ij->j", sums, sums, dtype=np.float64))
    tested = np.flatnonzero(own > 0)
    p, p_family = np.ones(n_sums), np.ones(n_sums)
    is_exact = 2**n_clusters <= n_flips
    if not len(tested):
        return SignFlip(p, p_family, is_exact)
    own = own[tested]
    most = own if errors is None else np.maximum(own, errors[tested])
    values = sums[:, tested].astype(np.float32)
    # Added up as flipped ones are, so that equal ones are equal to the last bit.
    total = (np.ones((1, n_clusters), np.float32) @ values)[0]
    seen = np.abs(total) / most
    order = np.argsort(-seen, kind="stable")
    values, own, seen = values[:, order], own[order], seen[order] - _EQUAL
    alone, family, n_seen = np.zeros(len(seen)), np.zeros(len(seen)), 0
    for signs in _every_sign(n_clusters) if is_exact else _signs(n_clusters, n_flips, seed):
        flipped = np.abs(signs @ values) / own
        alone += np.count_nonzero(flipped >= seen, axis=0)
        # At each place the greatest of those from there on, the least of which comes last.
        greatest = np.maximum.accumulate(flipped[:, ::-1], axis=1)[:, ::-1]
        family += np.count_nonzero(greatest >= seen, axis=0)
        n_seen += len(signs)
    added = 0 if is_exact else 1
    p[tested[order]] = (alone + added) / (n_seen + added)
    p_family[tested[order]] = np.maximum.accumulate((family + added) / (n_seen + added))
    return SignFlip(p, p_family, is_exact)


def _signs(n_clusters: int, n_flips: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """Yield signs that coins give, ``(flips, n_clusters)`` at a time."""
    rng = np.random.default_rng(seed)
    size = max(1, _BLOCK // n_clusters)
    for start in range(0, n_flips, size):
        n = min(size, n_flips - start)
        coins = np.frombuffer(rng.bytes(-(-n * n_clusters // 8)), np.uint8)
        bits = np.unpackbits(coins, count=n * n_clusters).astype(np.float32)
        yield (2 * bits - 1).reshape(n, n_clusters)


def _every_sign(n_clusters: int) -> Iterator[NDArray[np.float32]]:
    """Yield every way to flip a few clusters, once."""
    ways = np.arange(2**n_clusters)[:, None] >> np.arange(n_clusters)
    yield (2.0 * (ways & 1) - 1).astype(np.float32)
