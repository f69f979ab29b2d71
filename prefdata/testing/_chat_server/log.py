"""What a scripted server counts while it works; another thread may read it at any time."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from prefdata.core.fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Bill", "ServerLog"]


@dataclass(frozen=True, slots=True)
class Bill:
    """What answers cost, in tokens."""

    n: int = 0
    """How many answers."""
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Bill) -> Bill:
        """Return both together."""
        return Bill(
            self.n + other.n,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


class ServerLog:
    """What a server received, answered, failed and billed; every figure is a copy."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bodies: list[Mapping[str, Any]] = []
        self._arrivals: list[float] = []
        self._good: list[Mapping[str, Any]] = []
        self._faulted: Counter[str] = Counter()
        self._bills: dict[str, Bill] = {}
        self._now, self._most = 0, 0

    def receive(self, body: Mapping[str, Any]) -> int:
        """Note that a request came, and return its number from 0."""
        with self._lock:
            self._bodies.append(body)
            self._arrivals.append(time.monotonic())
            self._now += 1
            self._most = max(self._most, self._now)
            return len(self._bodies) - 1

    def leave(self) -> None:
        """Note that a request is no longer at work, whatever came of it."""
        with self._lock:
            self._now -= 1

    def fail(self, kind: str) -> None:
        """Note that a request failed on purpose."""
        with self._lock:
            self._faulted[kind] += 1

    def bill(self, kind: str, prompt_tokens: int, completion_tokens: int) -> None:
        """Note what an answer cost; the kind is ``good``, or that of the fault."""
        with self._lock:
            cost = Bill(1, prompt_tokens, completion_tokens)
            self._bills[kind] = self._bills.get(kind, Bill()) + cost

    def answer(self, body: Mapping[str, Any]) -> None:
        """Note a good answer to a request."""
        with self._lock:
            self._good.append(body)

    @property
    def bodies(self) -> list[Mapping[str, Any]]:
        """Bodies of all requests, in the order in which they came."""
        with self._lock:
            return list(self._bodies)

    @property
    def arrivals(self) -> list[float]:
        """When each came, in seconds of a clock that only runs forward."""
        with self._lock:
            return list(self._arrivals)

    @property
    def n_received(self) -> int:
        """How many requests came."""
        with self._lock:
            return len(self._bodies)

    @property
    def most_at_once(self) -> int:
        """How many were at work at once at most."""
        with self._lock:
            return self._most

    @property
    def answered(self) -> Counter[str]:
        """Good answers by `prefdata.core.fingerprint.digest` of the request's body."""
        with self._lock:
            good = list(self._good)
        return Counter(map(digest, good))

    @property
    def n_answered(self) -> int:
        """How many good answers there were."""
        with self._lock:
            return len(self._good)

    @property
    def faulted(self) -> Counter[str]:
        """Requests that failed on purpose, by the kind of fault."""
        with self._lock:
            return Counter(self._faulted)

    @property
    def bills(self) -> dict[str, Bill]:
        """What was billed, for ``good`` answers and for those that were of no use, by fault."""
        with self._lock:
            return dict(self._bills)

    def as_json(self) -> dict[str, Any]:
        """Return the figures as JSON, as ``GET /scripted/log`` does; without bodies."""
        return {
            "received": self.n_received,
            "answered": dict(self.answered),
            "faulted": dict(self.faulted),
            "bills": {kind: asdict(bill) for kind, bill in self.bills.items()},
            "most_at_once": self.most_at_once,
        }
