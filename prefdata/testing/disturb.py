"""Disturb a command, and see what is left: killed at any step, a wrong clock, damaged files.

    with Commands() as commands:
        calm = commands.run("ingest", "my-source", "--from", raw, "-w", "calm")
        storm = commands.run("ingest", "my-source", "--from", raw, "-w", "storm",
                             kill_at=calm.steps // 2)
        assert storm.is_killed
    assert what_is_half("storm") == ()

`Commands` runs the command line in forks of one process, which makes an attempt cost what the
command does and not what it imports. Steps are reproducible: the same command on the same state
has the same ones. For plugin authors and our own `tests/faults`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from prefdata.catalog import Catalog
from prefdata.catalog.verify import verify
from prefdata.core.fingerprint import file_digest
from prefdata.schema import table_names

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence
    from types import TracebackType

__all__ = ["Commands", "Outcome", "content", "flip", "kill_points", "what_is_half"]

_MODULES = (
    "prefdata.api",
    "prefdata.cli",
    "prefdata.catalog.iceberg",
    "prefdata.catalog.verify",
    "prefdata.catalog.write",
    "prefdata.fetch.locate",
    "prefdata.runner.export",
    "prefdata.runner.ingest",
    "prefdata.runner.run",
)


_KEPT = (".prefdata-", ".scratch")
"""How hidden files begin that are no parts: marks, and the folder for temporary files."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended."""

    status: int
    """Exit status; the negative number of the signal that ended it."""
    output: str
    errors: str
    steps: int
    """Steps that it had done; see `prefdata.testing._disturb.steps`."""
    seconds: float

    @property
    def is_killed(self) -> bool:
        """Whether it was killed before it was done."""
        return self.status == -signal.SIGKILL


class Commands:
    """Runs commands of prefdata one after the other; a context manager."""

    def __init__(self, modules: Sequence[str] = _MODULES) -> None:
        """Start the process that forks them.

        Args:
            modules: What is imported once; what is not there is imported by each command.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="prefdata-disturb-")
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "prefdata.testing._disturb.server", *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()
        self._folder.cleanup()

    def run(
        self,
        *words: str | Path,
        kill_at: int | None = None,
        kill_after: float | None = None,
        clock: Sequence[tuple[int, float]] = (),
        environment: Mapping[str, str] | None = None,
        patience: float = 1800.0,
    ) -> Outcome:
        """Run one command.

        Args:
            words: The command without ``prefdata``.
            kill_at: Kill it before this step, from 0.
            kill_after: Kill it after so many seconds.
            clock: From which step on the clock is how many seconds off: ``[(0, -86400)]``.
            environment: Variables to set.
            patience: Seconds after which it counts as stuck; many, for on a machine that does much
                else a command is slow and not stuck.

        Raises:
            TimeoutError: If it is stuck.
        """
        asked = {
            "words": [str(word) for word in words],
            "kill_at": kill_at,
            "clock": list(clock),
            "folder": self._folder.name,
            "environment": dict(environment or {}),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        pid = self._heard()["pid"]
        started = time.perf_counter()
        is_stuck = False
        if not self._is_done(patience if kill_after is None else kill_after):
            is_stuck = kill_after is None
            # It may have ended just now, before that was heard.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        ended = self._heard()
        seconds = time.perf_counter() - started
        folder = Path(self._folder.name)
        output, errors = (folder / "stdout").read_text(), (folder / "stderr").read_text()
        if is_stuck:
            said = " ".join(map(str, words))
            message = f"{said} is stuck after {patience} seconds: {errors}"
            raise TimeoutError(message)
        return Outcome(ended["status"], output, errors, steps=ended["steps"], seconds=seconds)

    def _is_done(self, seconds: float) -> bool:
        assert self._process.stdout is not None
        place = self._process.stdout.fileno()
        return bool(select.select([place], [], [], max(seconds, 0.0))[0])

    def _heard(self) -> dict[str, int]:
        assert self._process.stdout is not None
        # Unbuffered below, so that `select` sees a line that was not read yet.
        line = b""
        while not line.endswith(b"\n"):
            got = os.read(self._process.stdout.fileno(), 1)
            assert got, "the process that forks commands has ended"
            line += got
        said: dict[str, int] = json.loads(line)
        return said


def kill_points(chance: random.Random, n: int, calm: Outcome) -> list[dict[str, Any]]:
    """Draw where to kill a command: half of the points by step, half by time.

    Args:
        chance: Where the points come from.
        n: How many.
        calm: How the command ended undisturbed.

    Returns:
        Arguments of `Commands.run`.
    """
    n_steps = (n + 1) // 2
    # One in each stretch of equal length, so that few points are spread, too.
    steps = [
        min(int((i + chance.random()) * calm.steps / n_steps), calm.steps - 1)
        for i in range(n_steps)
    ]
    times = [chance.uniform(0, calm.seconds) for _ in range(n - n_steps)]
    return [{"kill_at": step} for step in steps] + [{"kill_after": at} for at in times]


def content(workspace: Path | str) -> dict[str, Any]:
    """Return what a workspace holds, as digests: of its snapshot, its tables and its exports.

    The tables of runs and answers are left out: they hold clocks.
    """
    head = Catalog.open(workspace).head()
    logs = set(table_names("log"))
    exports = Path(workspace) / "exports"
    return {
        "snapshot": head.name,
        "tables": {
            name: sorted((*key, *(f.digest for f in files)) for key, files in parts.items())
            for name, parts in ((n, t.partitions) for n, t in head.state.tables.items())
            if name not in logs and parts
        },
        "exports": {
            path.relative_to(exports).as_posix(): file_digest(path)
            for path in sorted(exports.rglob("*"))
            if path.is_file() and not _is_hidden(path.relative_to(exports))
        },
    }


def what_is_half(workspace: Path | str, *, is_tidy: bool = False) -> tuple[str, ...]:
    """Return what is not whole in a workspace, in words: nothing, whatever happened to a command.

    Args:
        workspace: Where to look.
        is_tidy: Whether parts that nobody reads count, too. A command that was killed leaves them,
            one that fails does not.
    """
    root = Path(workspace)
    found = list(verify(Catalog.open(root), is_deep=True).problems)
    exports = root / "exports"
    for folder in sorted(exports.iterdir()) if exports.is_dir() else ():
        if folder.name.startswith("."):
            continue
        mark = folder / ".prefdata-export"
        if not mark.is_file():
            found.append(f"{folder} has no mark")
            continue
        named = set(mark.read_text(encoding="utf-8").splitlines()[1:])
        there = {p.relative_to(folder).as_posix() for p in folder.rglob("*")} - {mark.name}
        if named != there:
            found.append(f"{folder} has other files than its mark: {sorted(named ^ there)}")
    if is_tidy:
        parts = {path for path in root.rglob(".*") if not path.name.startswith(_KEPT)}
        found += [f"{path} was left" for path in sorted(parts)]
    return tuple(found)


def flip(path: Path, offset: int, *, mask: int = 0x01) -> None:
    """Change the bits of ``mask`` in one byte of a file; its time of change stays."""
    info = path.stat()
    with path.open("r+b") as file:
        file.seek(offset % info.st_size)
        byte = file.read(1)[0]
        file.seek(offset % info.st_size)
        file.write(bytes([byte ^ mask]))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def _is_hidden(path: Path) -> bool:
    """Tell whether a path is of a part that nobody reads; marks are looked at elsewhere."""
    return any(part.startswith(".") and ".prefdata" not in part for part in path.parts)
