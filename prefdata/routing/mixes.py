"""Candidate mixes of human and AI labels: Algorithm 1 of HyPER, which favours few tags at a time.

A mix walks through the tags in random order and asks people about the comparisons of each, until
the budget is spent. So mixes differ in what they are about, which is what a model of their worth
learns from; mixes of comparisons drawn alone would all be alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prefdata.protocols.routing import Comparisons

__all__ = ["draw_mixes", "first_of_each", "mix_labels", "mix_orders", "tag_counts"]


def mix_orders(tags: NDArray[np.bool_], n_mixes: int, *, seed: int) -> NDArray[np.int32]:
    """Return for each mix the order in which comparisons go to people, tag by tag.

    A mix of any budget is the beginning of its order. Comparisons without a tag come last.

    Args:
        tags: ``(n, t)``: which tags hold.
        n_mixes: How many.
        seed: Of all orders.

    Returns:
        ``(n_mixes, n)`` row numbers.

    References:
        Miranda et al. (arXiv 2410.19133), Algorithm 1.
    """
    random = np.random.default_rng(seed)
    n, n_tags = tags.shape
    # A last column that always holds stands for no tag at all.
    columns = np.concatenate([tags, np.ones((n, 1), dtype=bool)], axis=1)
    orders = np.empty((n_mixes, n), dtype=np.int32)
    # Over mixes: the memory of all at once would be tags times rows times mixes.
    for order in orders:
        shuffled = np.append(random.permutation(n_tags), n_tags)
        # Shuffling what a tag adds, tag by tag, is sorting by the first tag and then by chance.
        first = columns[:, shuffled].argmax(axis=1)
        order[:] = np.argsort(first + random.random(n))
    return orders


def draw_mixes(
    tags: NDArray[np.bool_], n_mixes: int, *, seed: int, has_endpoints: bool = True
) -> NDArray[np.bool_]:
    """Draw mixes of random budgets.

    Budgets are drawn from 1 to n without replacement, as long as there are enough, so that no
    stretch of them stays empty.

    Args:
        tags: ``(n, t)``: which tags hold.
        n_mixes: How many, the endpoints not counted.
        seed: Of budgets and orders.
        has_endpoints: Whether a mix with no human label and one with human labels only come
            first and second.

    Returns:
        ``(n, K)``: whether the label of a comparison is a person's.
    """
    n = len(tags)
    random = np.random.default_rng([seed, 1])  # another stream than that of the orders
    budgets = np.resize(random.permutation(n), n_mixes) + 1
    mixes = first_of_each(mix_orders(tags, n_mixes, seed=seed), budgets)
    if not has_endpoints:
        return mixes
    ends = np.broadcast_to([False, True], (n, 2))
    return np.concatenate([ends, mixes], axis=1)


def first_of_each(
    orders: NDArray[np.int32], budgets: int | NDArray[np.integer[Any]]
) -> NDArray[np.bool_]:
    """Return the mixes that orders begin with.

    Args:
        orders: ``(K, n)``, from `mix_orders`.
        budgets: How many comparisons go to people: one number, or ``(K,)``.

    Returns:
        ``(n, K)``: whether the label of a comparison is a person's.
    """
    n_mixes, n = orders.shape
    is_first = np.arange(n) < np.broadcast_to(budgets, n_mixes)[:, None]
    mixes = np.empty((n_mixes, n), dtype=bool)
    np.put_along_axis(mixes, orders, is_first, axis=1)
    return mixes.T


def mix_labels(seeds: Comparisons, mixes: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the labels that each mix gives.

    Ties stay, as labels of a half. HyPER drops the ties of each mix, so that mixes differ in how
    much they train on, which then passes for their worth.

    Args:
        seeds: Comparisons with a human label in the first column of ``humans``; where that is
            missing, the AI's label stays.
        mixes: ``(n, K)``: whether the label of a comparison is a person's.

    Returns:
        ``(n, K)`` labels between 0 and 1.
    """
    humans = seeds.humans[:, 0]
    asked = np.where(np.isnan(humans), seeds.ai, humans)
    return np.where(mixes, asked[:, None], seeds.ai[:, None])


def tag_counts(tags: NDArray[np.bool_], mixes: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how many human labels of each mix fall on each tag, ``(K, t)``.

    Args:
        tags: ``(n, t)``.
        mixes: ``(n, K)``.
    """
    # Counts below 2**24 are exact in single precision, whose products are the fastest.
    counts: NDArray[np.float32] = mixes.T.astype(np.float32) @ tags.astype(np.float32)
    return counts.astype(np.float64)
