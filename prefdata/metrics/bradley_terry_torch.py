"""The sums of Bradley-Terry heads over all rows, on a device of torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.core.errors import BackendError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["TorchRows"]

_BLOCK_NUMBERS = 1 << 24  # 128 MB of float64


class TorchRows:
    """Rows that stay on a device, for the solver of `prefdata.metrics.bradley_terry`.

    What goes back and forth in each round are weights and gradients, not rows; the solver itself
    runs on the processor, and is the same as without torch.

    Args:
        difference: ``(n, p)``.
        labels: ``(n, K)``, from 0 to 1.
        masses: ``(n, 1)`` or ``(n, K)``, with columns that sum to 1; None for equal ones.
        device: A device of torch that has double precision, such as ``cuda:1``.

    Raises:
        MissingExtraError: If torch is not installed.
        BackendError: If the device is not there, or lacks memory or double precision.
    """

    def __init__(
        self,
        difference: NDArray[Any],
        labels: NDArray[Any],
        masses: Floats | None,
        device: str,
    ) -> None:
        try:
            import torch
        except ModuleNotFoundError as error:
            raise MissingExtraError("Fitting heads on a device of torch", extra="models") from error
        self._torch = torch
        self.n_heads = labels.shape[1]
        try:
            there = torch.device(device)
            torch.empty(1, dtype=torch.float64, device=there)
            self._difference = torch.tensor(difference, device=there)
            self._labels = torch.tensor(labels, device=there)
            self._masses = None if masses is None else torch.tensor(masses, device=there)
        except (RuntimeError, AssertionError, TypeError) as error:
            raise BackendError(
                f"The device {device!r} cannot be used: {str(error).splitlines()[0]}",
                fix="Use the device `cpu`, which is fast enough for some hundred heads.",
            ) from error

    def gradients(
        self, weights: Floats, heads: NDArray[np.intp] | None, *, is_rough: bool
    ) -> Floats:
        """Return ``(p, m)`` gradients of the mean loss of some heads, without the ridge."""
        torch = self._torch
        dtype = torch.float32 if is_rough else torch.float64
        mine = self._send(weights, dtype)
        some = None if heads is None else torch.as_tensor(heads, device=mine.device)
        total = torch.zeros_like(mine, dtype=torch.float64)
        for rows in self._blocks(self._difference.shape[1] + weights.shape[1]):
            block = self._difference[rows].to(dtype)
            errors = torch.sigmoid(block @ mine) - _columns(self._labels[rows], some).to(dtype)
            if self._masses is not None:
                errors *= _columns(self._masses[rows], some).to(dtype)
            total += block.T @ errors
        return self._mean(total)

    def hessian(self, weights: Floats, head: int, *, is_rough: bool) -> Floats:
        """Return ``(p, p)``: that of the mean loss of one head, without the ridge."""
        torch = self._torch
        dtype = torch.float32 if is_rough else torch.float64
        mine = self._send(weights, dtype)
        total = torch.zeros((len(mine), len(mine)), dtype=torch.float64, device=mine.device)
        for rows in self._blocks(2 * self._difference.shape[1]):
            block = self._difference[rows].to(dtype)
            chances = torch.sigmoid(block @ mine)
            chances *= 1 - chances
            if self._masses is not None:
                chances *= self._masses[rows, min(head, self._masses.shape[1] - 1)].to(dtype)
            total += (block * chances[:, None]).T @ block
        return self._mean(total)

    def mean(self) -> TorchRows:
        """Return the same rows with one head, whose loss is the mean of all."""
        labels, masses = self._labels.double(), self._masses
        if masses is None or masses.shape[1] == 1:
            labels = labels.mean(dim=1, keepdim=True)
        else:
            labels = (masses * labels).mean(dim=1, keepdim=True)
            masses = masses.mean(dim=1, keepdim=True)
            labels /= masses.clamp_min(np.finfo(np.float64).tiny)
        found = object.__new__(TorchRows)
        found._torch, found._difference = self._torch, self._difference
        found._labels, found._masses, found.n_heads = labels, masses, 1
        return found

    def _blocks(self, width: int) -> Iterator[slice]:
        at_once = max(1, _BLOCK_NUMBERS // width)
        for start in range(0, len(self._difference), at_once):
            yield slice(start, start + at_once)

    def _send(self, weights: Floats, dtype: Any) -> Any:
        return self._torch.as_tensor(weights, device=self._difference.device).to(dtype)

    def _mean(self, total: Any) -> Floats:
        sums: Floats = total.cpu().numpy()
        return sums if self._masses is not None else sums / len(self._difference)


def _columns(table: Any, heads: Any) -> Any:
    return table if heads is None or table.shape[1] == 1 else table[:, heads]
