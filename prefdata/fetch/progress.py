"""How far a fetch got, in bytes over all its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.core.events import Progress, StepStarted

if TYPE_CHECKING:
    from prefdata.core.events import Report

__all__ = ["STEP", "Meter"]

STEP = "fetch"
"""Name of the step in the events of a fetch."""

_STRIDE_BYTES = 1 << 20


class Meter:
    """Turns positions within files into one count of bytes, reported about once per MiB."""

    def __init__(self, report: Report, *, total: int | None = None) -> None:
        """Announce the step; ``total`` is None when nobody knows the bytes to come."""
        self._report = report
        self._base = 0
        self._done = 0
        self._told = 0
        report(StepStarted(step=STEP, stage="fetch", total=total, unit="bytes"))

    def begin(self) -> None:
        """Start the next file."""
        self._base = self._done

    def at(self, position: int) -> None:
        """Say where in the current file the transfer is; it falls back when one restarts."""
        self._done = self._base + position
        if abs(self._done - self._told) >= _STRIDE_BYTES:
            self._tell()

    def end(self) -> None:
        """Report the last bytes of the current file."""
        if self._done != self._told:
            self._tell()

    def _tell(self) -> None:
        self._told = self._done
        self._report(Progress(step=STEP, done=self._done))
