"""Which requests fail on purpose, and how: a function of a seed and the number of the request."""

from __future__ import annotations

import hashlib
import typing
from dataclasses import dataclass
from typing import Literal

__all__ = ["BILLED", "FAULT_KINDS", "FaultName", "Faults"]

FaultName = Literal[
    "429",
    "429-seconds",
    "429-milliseconds",
    "429-date",
    "500",
    "503",
    "reset",
    "cut-off",
    "timeout",
    "slow",
    "truncated",
    "wrong-schema",
    "empty-choices",
    "null-content",
]
"""How a request may fail.

``429`` says nothing of when to come again; ``429-seconds``, ``429-milliseconds`` and ``429-date``
say it in the headers ``Retry-After`` (seconds, or a date) and ``retry-after-ms``. ``reset`` closes
the connection before a byte of the answer, ``cut-off`` in the middle of its body. ``timeout`` never
answers. ``slow`` is no fault for who waits: it answers late. ``truncated`` is a body that is whole
for HTTP and half a JSON, ``wrong-schema`` one that is JSON of something else. ``empty-choices`` and
``null-content`` say what they cost, and have no text.
"""

FAULT_KINDS: tuple[FaultName, ...] = typing.get_args(FaultName)

BILLED: frozenset[FaultName] = frozenset({"truncated", "cut-off", "empty-choices", "null-content"})
"""Faults that cost tokens: the model has answered, and the answer is of no use."""


@dataclass(frozen=True, slots=True)
class Faults:
    """A share of the requests fails; which ones, and how, is the same in every run.

    Attributes:
        share: Share of the requests that fail.
        kinds: How they fail, each as often as the others.
        seed: Seed of the choice.
        first: Requests that never fail before the faults begin.
    """

    share: float = 0.3
    kinds: tuple[FaultName, ...] = (
        "429",
        "429-seconds",
        "500",
        "503",
        "reset",
        "timeout",
        "truncated",
        "wrong-schema",
        "empty-choices",
        "null-content",
    )
    seed: int = 0
    first: int = 0

    def __call__(self, n: int) -> FaultName | None:
        """Return how the n-th request (from 0) fails, or None if it does not."""
        drawn = hashlib.sha256(f"{self.seed}:{n}".encode()).digest()
        if n < self.first or int.from_bytes(drawn[:8]) / 2**64 >= self.share:
            return None
        return self.kinds[int.from_bytes(drawn[8:16]) % len(self.kinds)]
