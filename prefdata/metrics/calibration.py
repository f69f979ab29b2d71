"""How well scores of many heads predict labels, once their scale is made right.

A head that was fitted to noisy labels has small weights, and so a worse log-loss, although it may
rank as well. One temperature for each head takes that out; what remains is what it knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.metrics.bradley_terry_rows import sigmoid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

__all__ = ["accuracies", "log_losses", "temperatures"]

_NUMBERS_AT_ONCE = 1 << 20
_RANGE = 1e4
"""Scores of mean size 1 are multiplied by 1/10,000 at least and by 10,000 at most."""
_ROUNDS = 60
_CLOSE = 1e-9
_FLAT = 1e-14
_HALF = 0.5


def temperatures(scores: Floats, labels: Floats) -> NDArray[np.float64]:
    """Return the number that each head's scores must be divided by to predict best.

    The log-loss is convex in the reciprocal of the temperature, so there is one best; it is found
    by Newton's method on that, kept within bounds that close by bisection on the log scale. The
    bounds are far: heads that know nothing get a large temperature, and heads that are never
    wrong a small one, as small as makes a difference.

    Args:
        scores: ``(n, K)``, or ``(n,)`` for one head, in log-odds.
        labels: ``(n,)``, from 0 to 1.

    Returns:
        ``(K,)``, above 0; 1 where all scores are 0.

    References:
        Guo et al. (2017), *On calibration of modern neural networks*, arXiv:1706.04599.
    """
    table, truth = _checked(scores, labels)
    parts = [_temperatures(block, truth[:, None]) for block in _blocks(table)]
    return np.concatenate(parts)


def log_losses(
    scores: Floats, labels: Floats, temperatures: Floats | None = None
) -> NDArray[np.float64]:
    """Return the mean negative log-likelihood of the labels under each head, in nats.

    Args:
        scores: ``(n, K)``, or ``(n,)`` for one head, in log-odds.
        labels: ``(n,)``, from 0 to 1; in between, the cross-entropy.
        temperatures: ``(K,)``; None for the best of each head, so that its scale does not count.

    Returns:
        ``(K,)``.
    """
    table, truth = _checked(scores, labels)
    scales = _best(table, truth) if temperatures is None else np.asarray(temperatures)
    losses = []
    start = 0
    for block in _blocks(table):
        scaled = block / scales[start : start + block.shape[1]]
        losses.append((np.logaddexp(0, scaled) - truth[:, None] * scaled).mean(axis=0))
        start += block.shape[1]
    return np.concatenate(losses)


def accuracies(scores: Floats, labels: Floats) -> NDArray[np.float64]:
    """Return the share of the labels that each head predicts.

    Args:
        scores: ``(n, K)``, or ``(n,)`` for one head; 0 is half right.
        labels: ``(n,)``, from 0 to 1; above 0.5 is for a, and 0.5 makes any score half right.

    Returns:
        ``(K,)``.
    """
    table, truth = _checked(scores, labels)
    sides = np.sign(truth - _HALF)[:, None]
    return np.concatenate(
        [_HALF + _HALF * (np.sign(block) * sides).mean(axis=0) for block in _blocks(table)]
    )


_best = temperatures  # the parameter of `log_losses` has its name


def _checked(scores: Floats, labels: Floats) -> tuple[Floats, NDArray[np.float64]]:
    table, truth = np.asarray(scores), np.asarray(labels, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if not len(truth) or truth.shape != table.shape[:1]:
        message = f"scores {table.shape} do not fit labels {truth.shape}"
        raise ValueError(message)
    if not (truth.min() >= 0 and truth.max() <= 1):
        message = "labels are between 0 and 1"
        raise ValueError(message)
    return table, truth


def _blocks(table: Floats) -> list[NDArray[np.float64]]:
    """Return some columns at a time: several passes over a table that stays in the cache."""
    n_columns = max(1, _NUMBERS_AT_ONCE // len(table))
    starts = range(0, table.shape[1], n_columns)
    blocks = [np.asarray(table[:, start : start + n_columns], np.float64) for start in starts]
    return blocks or [np.empty((len(table), 0))]


def _temperatures(scores: NDArray[np.float64], labels: NDArray[np.float64]) -> NDArray[np.float64]:
    size = np.abs(scores).mean(axis=0)
    unit = np.where(size > 0, size, 1.0)
    scores = scores / unit
    low = np.full(scores.shape[1], 1 / _RANGE)
    high = np.full(scores.shape[1], _RANGE)
    scale, is_done = np.ones(scores.shape[1]), np.zeros(scores.shape[1], dtype=bool)
    for _ in range(_ROUNDS):
        chances = sigmoid(scores * scale)
        slope = (scores * (chances - labels)).mean(axis=0)
        chances *= 1 - chances
        bend = (scores * scores * chances).mean(axis=0)
        low, high = np.where(slope < 0, scale, low), np.where(slope < 0, high, scale)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = scale - slope / bend
        is_done |= (np.abs(newton - scale) <= _CLOSE * scale) | (np.abs(slope) < _FLAT)
        if is_done.all():
            break
        # Else the loss is so flat that the step leads too far, or is no number.
        is_inside = (newton > low) & (newton < high)
        scale = np.where(is_done, scale, np.where(is_inside, newton, np.sqrt(low * high)))
    return np.where(size > 0, unit / scale, 1.0)
