"""Requests that fail on purpose: which, how often, and how."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Fault", "Faults"]


@dataclass(frozen=True, slots=True)
class Fault:
    """How some requests fail; several of the fields may be given together.

    Examples:
        >>> storm = Fault(r"^POST .*/commit/", n=3, status=503)
        >>> lost = Fault(r"^POST .*/commit/", drop="after")
    """

    route: str
    """Pattern that is searched for in ``<METHOD> <path>``, the path without its query."""
    n: int = 1
    """How many requests fail."""
    skip: int = 0
    """How many pass before."""
    status: int | None = None
    """Answered instead of the work."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of that answer, such as ``Retry-After``."""
    drop: Literal["before", "after"] | None = None
    """The connection ends without an answer: before the work, or when it is done."""
    delay_seconds: float = 0.0
    """Waited before anything else."""
    revoke: bool = False
    """The token of the request is refused from now on, this request included."""
    call: Callable[[], object] | None = None
    """Called before the work, such as to kill the client or to commit as somebody else."""

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Fault:
        """Read it from the body of ``POST /scripted/faults``, which holds no ``call``."""
        return cls(**{str(key): value for key, value in said.items() if key != "call"})


class Faults:
    """The faults that wait for their requests; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, re.Pattern[str], list[int]]] = []

    def add(self, fault: Fault) -> None:
        """Let requests fail from now on."""
        with self._lock:
            self._waiting.append((fault, re.compile(fault.route), [0]))

    def clear(self) -> None:
        """Let all requests pass."""
        with self._lock:
            self._waiting.clear()

    def take(self, request: str) -> Fault | None:
        """Return the fault of a request, ``<METHOD> <path>``, and count it."""
        with self._lock:
            for fault, pattern, seen in self._waiting:
                if pattern.search(request) is None:
                    continue
                seen[0] += 1
                if fault.skip < seen[0] <= fault.skip + fault.n:
                    return fault
        return None
