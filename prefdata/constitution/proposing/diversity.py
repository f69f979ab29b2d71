"""A few rows of many that differ as much as the many do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prefdata.core.fingerprint import digest

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["spread"]


def spread(rows: NDArray[np.floating], n: int, *, seed: int) -> NDArray[np.int64]:
    """Draw rows one after the other, each with a chance that grows with its distance to them.

    Rows far from all that were drawn are likely, but so are dense regions: the farthest row
    alone, again and again, would be a list of oddities. The first rows of a larger draw are a
    smaller draw.

    Args:
        rows: ``(n_rows, d)``, finite, in an order that says nothing.
        n: How many are drawn; all when there are fewer.
        seed: Of the draws.

    Returns:
        ``(min(n, n_rows),)`` numbers of rows, each once, in the order drawn.

    References:
        Arthur and Vassilvitskii (2007), *k-means++: The Advantages of Careful Seeding*, 2.2.
    """
    chance = np.random.default_rng(int(digest(["spread", seed])[:16], 16))
    points = np.asarray(rows, dtype=np.float64)
    n = min(n, len(points))
    drawn = np.empty(n, dtype=np.int64)
    # To begin with all rows are as far as each other: the first is any.
    far = np.ones(len(points))
    is_left = np.ones(len(points), dtype=np.bool_)
    for place in range(n):
        weights = far * is_left
        # Copies of what was drawn have no distance; they come when nothing else is left.
        ends = np.cumsum(weights if weights.any() else is_left)
        at = int(np.searchsorted(ends, chance.random() * ends[-1], side="right"))
        at = min(at, int(np.flatnonzero(is_left)[-1]))
        drawn[place], is_left[at] = at, False
        gaps = points - points[at]
        distance = np.einsum("ij,ij->i", gaps, gaps)
        far = distance if place == 0 else np.minimum(far, distance)
    return drawn
