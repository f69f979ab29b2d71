"""What a command does that somebody else could see: its steps are counted, one is its last.

A step is the moment before a file is opened for writing, moved, removed or synced, before a folder
is made or removed, and before a statement reaches the database. Between two of them nothing that
another process sees changes, so that a process that is killed before each of them has been killed
everywhere, as far as the next one can tell. They are found by Python's audit events and, for what
C libraries do without telling, by the calls of the functions of Python that lead there.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import importlib
import mmap
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Steps", "turn_clock"]

_EVENTS = frozenset(
    {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
)
_FUNCTIONS = (
    "os:fsync",
    "fcntl:flock",
    "sqlalchemy.engine.default:DefaultDialect.do_execute",
    "sqlalchemy.engine.default:DefaultDialect.do_commit",
    "pyarrow.parquet.core:ParquetWriter.__init__",
    "pyarrow.parquet.core:ParquetWriter.write_table",
    "pyarrow.parquet.core:ParquetWriter.close",
    "pyiceberg.io.pyarrow:PyArrowFile.create",
    "polars:DataFrame.write_csv",
    "polars:DataFrame.write_ndjson",
    "polars:DataFrame.write_parquet",
)
"""What leads to files and databases in libraries that raise no audit event."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Steps:
    """Counts the steps of this process from `start` on, and kills it before one of them."""

    def __init__(self) -> None:
        """Make the count; a process that is forked later shares it with this one."""
        self._count = mmap.mmap(-1, 8)
        self._kill_at = -1
        self._clock: list[tuple[int, float]] = []
        self._pid = -1

    @property
    def n(self) -> int:
        """Steps of the command that was started last."""
        return int.from_bytes(self._count[:8], "little")

    def start(self, *, kill_at: int | None, clock: Sequence[tuple[int, float]]) -> None:
        """Count in this process from now on; there is no way to end that.

        Args:
            kill_at: The step before which the process is killed, from 0; None for never.
            clock: From which step on the clock is how many seconds off.
        """
        self._count[:8] = bytes(8)
        self._kill_at = -1 if kill_at is None else kill_at
        self._clock = sorted((int(step), float(seconds)) for step, seconds in clock)
        self._pid = os.getpid()
        self._turn(0)
        for place in _FUNCTIONS:
            with contextlib.suppress(ImportError, AttributeError):
                self._watch(*place.split(":"))
        sys.addaudithook(self._audit)

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event in _EVENTS or (event == "open" and _writes(args)):
            self._step()

    def _watch(self, module: str, place: str) -> None:
        """Count the calls of a function of a module, or of a method of one of its classes."""
        owner: Any = importlib.import_module(module)
        *classes, name = place.split(".")
        for part in classes:
            owner = getattr(owner, part)
        called = getattr(owner, name)

        @functools.wraps(called)
        def counted(*args: Any, **more: Any) -> Any:
            self._step()
            return called(*args, **more)

        setattr(owner, name, counted)

    def _step(self) -> None:
        if os.getpid() != self._pid:
            return  # A process that the command started: it may live.
        n = self.n
        if n == self._kill_at:
            os.kill(self._pid, signal.SIGKILL)
        self._count[:8] = (n + 1).to_bytes(8, "little")
        self._turn(n + 1)

    def _turn(self, n: int) -> None:
        while self._clock and self._clock[0][0] <= n:
            turn_clock(self._clock.pop(0)[1])


def _writes(args: tuple[Any, ...]) -> bool:
    """Tell whether what ``open`` is asked for may change a file."""
    if not args or isinstance(args[0], int) or str(args[0]).startswith(("/dev/", "/proc/")):
        return False
    mode, flags = (*args, None, None)[1:3]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & _WRITING)


_SHIFT = [0.0]
_true_time = time.time


def turn_clock(seconds: float) -> None:
    """Put the clock that prefdata and pyiceberg see off by so many seconds, from now on.

    Other libraries keep the true one, and so do files: it is as if the clock jumped between their
    being written and now.
    """
    if not _SHIFT[0] and not seconds:
        return
    _SHIFT[0] = seconds
    time.time = lambda: _true_time() + _SHIFT[0]
    time.time_ns = lambda: int((_true_time() + _SHIFT[0]) * 1e9)
    for name, module in list(sys.modules.items()):
        if name.startswith(("prefdata.", "pyiceberg.")) and (
            getattr(module, "datetime", None) is dt.datetime
        ):
            vars(module)["datetime"] = _Clock


class _Shifted(type):
    def __getattr__(cls, name: str) -> Any:
        return getattr(dt.datetime, name)

    def __call__(cls, *args: Any, **more: Any) -> Any:
        return dt.datetime(*args, **more)  # noqa: DTZ001 - whoever asks gives the zone

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, dt.datetime)


class _Clock(metaclass=_Shifted):
    """What a module finds as ``datetime`` when its clock is off; its values are true ones."""

    @staticmethod
    def now(tz: Any = None) -> Any:
        return dt.datetime.fromtimestamp(time.time(), tz)

    @staticmethod
    def utcnow() -> Any:
        return dt.datetime.fromtimestamp(time.time(), dt.UTC).replace(tzinfo=None)
