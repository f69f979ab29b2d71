"""What routers must beat: chance, and asking where a reward model is unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prefdata.metrics.bradley_terry import fit_heads
from prefdata.protocols.routing import Gains

if TYPE_CHECKING:
    from prefdata.protocols.routing import RoutingData

__all__ = ["random_gains", "uncertainty_gains"]


def random_gains(data: RoutingData, *, seed: int) -> Gains:
    """Put the pool into an order that only the seed and the number of rows decide.

    Args:
        data: Whose pool; its rows must be in an order that says nothing.
        seed: Of the order.

    Returns:
        Gains from 0 to 1, no two alike.
    """
    n = len(data.pool)
    order = np.random.default_rng(seed % (1 << 32)).permutation(n)
    return Gains((order + 0.5) / max(n, 1))


def uncertainty_gains(data: RoutingData, *, ridge: float = 0.01) -> Gains:
    """Rank the pool by how little a reward model prefers one response.

    The model is fitted to what the AI says of the pool, and to what people say of the seed set.
    What it is unsure about is hard, for people as for the AI; where the AI is biased the model
    learns the bias, and is sure. So this is a baseline: in our worlds it recovers a quarter of
    what can be had in labels, and nothing in the reward model.

    Args:
        data: Pool and seed set are learnt from.
        ridge: Of the head.

    Returns:
        Gains of 0 and less: minus the distance of the margin from 0, in log-odds.

    References:
        Lewis and Gale (1994), *A sequential algorithm for training text classifiers*.
    """
    seeds = data.seed.take((~np.isnan(data.seed.humans)).any(axis=1))
    rows = np.concatenate([data.pool.difference, seeds.difference])
    labels = np.concatenate([data.pool.ai, np.nanmean(seeds.humans, axis=1)])
    if not len(rows):
        return Gains(np.zeros(0))
    head = fit_heads(rows, labels, ridge=ridge)
    return Gains(-np.abs(head.scores(data.pool.difference)[:, 0]))
