"""Scores of all rows on a device of torch: chunked products in half precision, a running top-k.

The rows stay on the device between searches when they fit; else blocks of them are sent each
time. Queries are rounded to half precision too, and so are the scores: half the traffic, which
is what such a search is bound by. `prefdata.metrics.nearest` makes the result exact.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.core.errors import BackendError, MissingExtraError
from prefdata.metrics.scored import FLOAT32_ROUNDING, Nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from prefdata.metrics.scored import RowSource

__all__ = ["TorchScorer"]

_FLOAT16_ROUNDING = 2.0**-11
_SCORES_AT_ONCE = 1 << 27  # 256 MB of halves: 131,072 rows for 1,024 queries
_LEAST_ROWS = 1024
_SENT_AT_ONCE = 1 << 16  # rows
_SHARE_OF_MEMORY = 0.7  # what the rows may take of what is free on the device


class TorchScorer:
    """The `prefdata.metrics.scored.Scorer` of a device.

    Args:
        rows: ``(n, d)``, of unit length or zero.
        device: A device of torch, such as ``cuda``.

    Raises:
        MissingExtraError: If torch is not installed.
        BackendError: If the device is not there.
    """

    def __init__(self, rows: RowSource, device: str) -> None:
        try:
            import torch
        except ModuleNotFoundError as error:
            raise MissingExtraError("Search on a device of torch", extra="embed") from error
        self._torch = torch
        self._rows = rows
        try:
            self._device = torch.device(device)
            torch.empty(1, device=self._device)
        except (RuntimeError, AssertionError) as error:
            raise BackendError(
                f"The device {device!r} cannot be used: {str(error).splitlines()[0]}",
                fix="Leave the device out to search on the processor.",
            ) from error
        n, d = rows.shape
        self._resident = self._send_all() if self._fits(2 * n * d) else None
        # Rounded are the query, the row unless it was stored so, and the score; sums are single.
        self.error = 3 * _FLOAT16_ROUNDING + d * FLOAT32_ROUNDING

    def best(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None
    ) -> Nearest:
        """Return the k of best score in half precision, best first."""
        torch = self._torch
        asked = torch.from_numpy(queries).to(self._device, torch.float16)
        scores = torch.empty((len(queries), 0), dtype=torch.float16, device=self._device)
        at = torch.empty((len(queries), 0), dtype=torch.int64, device=self._device)
        with self._single_sums():
            for start, block in self._blocks(len(queries), allowed):
                values = asked @ block.T
                values, columns = values.topk(min(k, values.shape[1]), dim=1)
                scores = torch.cat([scores, values], dim=1)
                at = torch.cat([at, columns + start], dim=1)
                scores, kept = scores.topk(min(k, scores.shape[1]), dim=1)
                at = at.gather(1, kept)
        return Nearest(scores.float().cpu().numpy(), at.cpu().numpy())

    def above(
        self,
        queries: NDArray[np.float32],
        least: NDArray[np.float32],
        allowed: NDArray[np.int64] | None,
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield queries and those whose score in half precision reaches ``least``."""
        torch = self._torch
        asked = torch.from_numpy(queries).to(self._device, torch.float16)
        bars = torch.from_numpy(least).to(self._device)[:, None]
        with self._single_sums():
            for start, block in self._blocks(len(queries), allowed):
                of_query, columns = torch.nonzero(asked @ block.T >= bars, as_tuple=True)
                yield of_query.cpu().numpy(), columns.cpu().numpy() + start

    def _blocks(
        self, n_queries: int, allowed: NDArray[np.int64] | None
    ) -> Iterator[tuple[int, Any]]:
        """Yield blocks of rows on the device with the position of their first row."""
        n = self._rows.shape[0] if allowed is None else len(allowed)
        length = max(_SCORES_AT_ONCE // n_queries, _LEAST_ROWS)
        if self._resident is None:
            length = min(length, _SENT_AT_ONCE)
        for start in range(0, n, length):
            stop = min(start + length, n)
            at = slice(start, stop) if allowed is None else allowed[start:stop]
            if self._resident is None:
                yield start, self._send(at)
            elif isinstance(at, slice):
                yield start, self._resident[at]
            else:
                yield start, self._resident[self._torch.from_numpy(at).to(self._device)]

    def _send(self, at: slice | NDArray[np.int64]) -> Any:
        # A copy in memory: torch takes no array that it may not write to, as one on disk is.
        halves = np.array(self._rows[at], dtype=np.float16, order="C")
        return self._torch.from_numpy(halves).to(self._device)

    def _send_all(self) -> Any:
        resident = self._torch.empty(
            self._rows.shape, dtype=self._torch.float16, device=self._device
        )
        for start in range(0, self._rows.shape[0], _SENT_AT_ONCE):
            at = slice(start, start + _SENT_AT_ONCE)
            resident[at] = self._send(at)
        return resident

    def _fits(self, n_bytes: int) -> bool:
        if self._device.type != "cuda":
            return False  # The rows are in the memory of the processor already, or on its disk.
        free, _ = self._torch.cuda.mem_get_info(self._device)
        return bool(n_bytes <= _SHARE_OF_MEMORY * free)

    @contextmanager
    def _single_sums(self) -> Iterator[None]:
        """Forbid sums in half precision, which torch allows itself, while a search runs."""
        matmul = self._torch.backends.cuda.matmul
        before = matmul.allow_fp16_reduced_precision_reduction
        matmul.allow_fp16_reduced_precision_reduction = False
        try:
            yield
        finally:
            matmul.allow_fp16_reduced_precision_reduction = before
