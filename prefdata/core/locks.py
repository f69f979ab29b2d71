"""A lock that says whether a process still lives: it goes with the process, however that ends."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Lock", "is_alive", "share_lock", "try_lock"]


class Lock:
    """The only right to a file's name, held until it is released or the process ends."""

    def __init__(self, path: Path, file: Any) -> None:
        """Use `take`."""
        self._path = path
        self._file = file

    @classmethod
    def take(cls, path: Path, *, is_new: bool = False) -> Lock | None:
        """Take the lock, or return None where another holds it.

        Args:
            path: The file.
            is_new: Whether it may be made; else a file that is gone counts as one without holder.

        Raises:
            OSError: If the file cannot be opened.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("x" if is_new else "a")
        if not try_lock(file):
            file.close()
            return None
        return cls(path, file)

    def release(self) -> None:
        """Give the right back, and remove the file."""
        # Removed first: one who opens it from here on opens a file that nobody ever held.
        if sys.platform != "win32":
            self._path.unlink(missing_ok=True)
        self._file.close()
        self._path.unlink(missing_ok=True)


def is_alive(number: str) -> bool:
    """Tell whether the process of a number lives on this machine; yes where nobody can tell."""
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError, ValueError):
        return True
    return True


def share_lock(file: Any) -> bool:
    """Hold an open file together with others who share it; False where one has it alone."""
    if sys.platform == "win32":
        return True  # There is none of this kind; the age of files must do.
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def try_lock(file: Any) -> bool:
    """Lock an open file for this process, until it is closed; False where another holds it."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        # Not lockf, which would let a process take a second time what it holds already.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
