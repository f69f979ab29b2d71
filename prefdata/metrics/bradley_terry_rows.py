"""The sums of Bradley-Terry heads over all rows, by blocks of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["NumpyRows", "sigmoid"]

_ROWS_AT_ONCE = 1024  # a block of 500 heads in float64 is 4 MB and stays in the cache
_BLOCK_NUMBERS = 1 << 20  # most numbers of a block, where there are many heads


def sigmoid(scores: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return ``1 / (1 + exp(-x))``, written over its argument, in its precision."""
    scores *= 0.5
    np.tanh(scores, out=scores)
    scores += 1
    scores *= 0.5
    return scores


class NumpyRows:
    """Rows for the solver of `prefdata.metrics.bradley_terry`; memory does not grow with them.

    Args:
        difference: ``(n, p)``.
        labels: ``(n, K)``.
        masses: ``(n, 1)`` or ``(n, K)``, with columns that sum to 1; None for equal ones.
    """

    def __init__(
        self, difference: NDArray[Any], labels: NDArray[Any], masses: Floats | None
    ) -> None:
        self._difference = difference
        self._labels = labels
        self._masses = masses
        self.n_heads = labels.shape[1]
        most = max(1, _BLOCK_NUMBERS // max(self.n_heads, difference.shape[1]))
        self._at_once = min(_ROWS_AT_ONCE, most)

    def _blocks(self) -> list[slice]:
        n = len(self._difference)
        return [slice(start, start + self._at_once) for start in range(0, n, self._at_once)]

    def gradients(
        self, weights: Floats, heads: NDArray[np.intp] | None, *, is_rough: bool
    ) -> Floats:
        """Return ``(p, m)`` gradients of the mean loss of some heads, without the ridge.

        Args:
            weights: ``(p, m)``.
            heads: ``(m,)``: which heads these are; None for all.
            is_rough: Whether single precision will do.
        """
        dtype = np.float32 if is_rough else np.float64
        mine: NDArray[np.floating[Any]] = weights.astype(dtype)
        total = np.zeros(weights.shape)
        # In the first round all heads are where they set out, and so are their scores.
        is_one = bool((weights == weights[:, :1]).all())
        for rows in self._blocks():
            block: NDArray[np.floating[Any]] = self._difference[rows].astype(dtype, copy=False)
            errors = sigmoid(block @ mine[:, :1] if is_one else block @ mine)
            errors = np.repeat(errors, weights.shape[1], axis=1) if is_one else errors
            errors -= _columns(self._labels[rows], heads)
            if self._masses is not None:
                errors *= _columns(self._masses[rows], heads)
            total += block.T @ errors
        return total if self._masses is not None else total / len(self._difference)

    def hessian(self, weights: Floats, head: int, *, is_rough: bool) -> Floats:
        """Return ``(p, p)``: that of the mean loss of one head, without the ridge."""
        dtype = np.float32 if is_rough else np.float64
        mine: NDArray[np.floating[Any]] = weights.astype(dtype)
        total = np.zeros((len(weights), len(weights)))
        for rows in self._blocks():
            block: NDArray[np.floating[Any]] = self._difference[rows].astype(dtype, copy=False)
            chances = sigmoid(block @ mine)
            chances *= 1 - chances
            if self._masses is not None:
                chances *= _columns(self._masses[rows], np.array([head]))[:, 0]
            scaled: NDArray[np.floating[Any]] = block * np.sqrt(chances)[:, None]
            total += scaled.T @ scaled  # numpy sees the symmetry, and does half the work
        return total if self._masses is not None else total / len(self._difference)

    def mean(self) -> NumpyRows:
        """Return the same rows with one head, whose loss is the mean of all."""
        n = len(self._labels)
        labels, masses = np.empty((n, 1)), None
        if self._masses is None or self._masses.shape[1] == 1:
            masses = self._masses
            for rows in self._blocks():
                labels[rows, 0] = self._labels[rows].mean(axis=1, dtype=np.float64)
        else:
            masses = self._masses.mean(axis=1, keepdims=True)
            for rows in self._blocks():
                weighed = (self._masses[rows] * self._labels[rows]).mean(axis=1, keepdims=True)
                labels[rows] = weighed / np.maximum(masses[rows], np.finfo(np.float64).tiny)
        return NumpyRows(self._difference, labels, masses)


def _columns(table: NDArray[Any], heads: NDArray[np.intp] | None) -> NDArray[Any]:
    return table if heads is None or table.shape[1] == 1 else table[:, heads]
