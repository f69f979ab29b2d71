"""Rates that a server allows: requests and tokens per minute, spread evenly."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pace", "Rate"]

_MINUTE_SECONDS = 60.0
_BURST_SECONDS = 1.0


class Rate:
    """One limit: so much per minute, and no more than a second's worth at once.

    It is the virtual scheduling form of the generic cell rate algorithm (ITU-T I.371): one number,
    the moment at which all that was let through would be through at an even rate. A bucket of a
    whole minute, as libraries have it (aiolimiter among them), lets its content through at once
    and then goes on at the full rate: twice the limit in the first minute, which servers refuse.
    It also takes no amount above its size, which one long request may be here.
    """

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing let through."""
        self._per_second = per_minute / _MINUTE_SECONDS
        self._clock = clock
        self._even = clock()

    def take(self, amount: float) -> float:
        """Let an amount through; return the seconds to wait before it goes."""
        now = self._clock()
        start = max(self._even, now - _BURST_SECONDS)
        self._even = start + amount / self._per_second
        return max(start - now, 0.0)


class Pace:
    """The limits of one server together."""

    def __init__(
        self, requests_per_minute: float | None = None, tokens_per_minute: float | None = None
    ) -> None:
        """Begin with nothing sent."""
        self._requests = Rate(requests_per_minute) if requests_per_minute else None
        self._tokens = Rate(tokens_per_minute) if tokens_per_minute else None
        self.is_free = self._requests is None and self._tokens is None
        """Whether there are no limits."""

    async def wait(self, n_requests: int, n_tokens: float) -> None:
        """Wait until requests may be sent.

        Args:
            n_requests: How many.
            n_tokens: Tokens of the requests and of their longest answers.
        """
        seconds = 0.0
        if self._requests is not None:
            seconds = self._requests.take(n_requests)
        if self._tokens is not None:
            seconds = max(seconds, self._tokens.take(n_tokens))
        if seconds > 0:
            await asyncio.sleep(seconds)
