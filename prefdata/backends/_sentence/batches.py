"""Batches of about equal work: longest texts first, as many as a budget of tokens holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["next_batch", "order_of", "padded"]


def order_of(lengths: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the numbers of texts from the longest to the shortest; equal ones as they stand.

    The longest first: if memory runs out it does so at once, and time left is never too short.
    """
    return np.argsort(-lengths.astype(np.int64), kind="stable")


def next_batch(
    order: NDArray[np.int64], lengths: NDArray[np.integer], start: int, budget: int
) -> NDArray[np.int64]:
    """Return the texts of the batch that begins at a place of the order.

    Args:
        order: As `order_of` returns it.
        lengths: Tokens of each text.
        start: Place of the first text of the batch.
        budget: Most tokens in a batch, padding included; one text is taken in any case.
    """
    longest = max(int(lengths[order[start]]), 1)
    return order[start : start + max(1, budget // longest)]


def padded(
    ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    batch: NDArray[np.int64],
    *,
    pad_id: int,
    is_left: bool,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ids of some texts as a rectangle, and the mask of what is not padding.

    Args:
        ids: Ids of all texts, one after the other.
        offsets: ``(n + 1,)``, where each text begins and ends.
        batch: ``(b,)``, the texts that are wanted.
        pad_id: What fills the gaps.
        is_left: Whether the gaps are on the left.

    Returns:
        Two arrays ``(b, w)``, of the width of the longest text.
    """
    starts = offsets[batch]
    lengths = offsets[batch + 1] - starts
    width = int(lengths.max(initial=1))
    place = np.arange(width)[None, :] - ((width - lengths)[:, None] if is_left else 0)
    mask = (place >= 0) & (place < lengths[:, None])
    where = np.where(mask, starts[:, None] + place, 0)
    return np.where(mask, ids[where], pad_id).astype(np.int64), mask.astype(np.int64)
