"""What the scripted hub was asked and what it answered; another thread may read it at any time."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["HubLog", "Logged"]


@dataclass(frozen=True, slots=True)
class Logged:
    """One request."""

    method: str
    path: str
    """Without the query."""
    query: str
    user: str | None
    """Whose token it brought."""
    status: int | None
    """None where the connection was dropped."""

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"


class HubLog:
    """All requests, in the order in which they were answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Logged] = []

    def add(self, request: Logged) -> None:
        """Note a request."""
        with self._lock:
            self._requests.append(request)

    def clear(self) -> None:
        """Forget what was."""
        with self._lock:
            self._requests.clear()

    @property
    def requests(self) -> list[Logged]:
        """A copy of all requests."""
        with self._lock:
            return list(self._requests)

    def find(self, pattern: str) -> list[Logged]:
        """Return the requests in whose ``<METHOD> <path> <status>`` a pattern is found."""
        return [one for one in self.requests if re.search(pattern, str(one))]

    def as_json(self) -> list[dict[str, Any]]:
        """Return all requests as JSON, as ``GET /scripted/log`` does."""
        return [asdict(one) for one in self.requests]
