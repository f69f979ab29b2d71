"""Failures of a disk, whichever library met them: full, for reading only, over quota, broken.

Arrow, DuckDB, polars and SQLite each say in their own way that there is no room. What the user
must do is the same.
"""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prefdata.core.errors import PrefdataError, SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["disk_error", "disk_told"]

_FULL = "There is no space left on the disk"
_READ_ONLY = "This place may only be read"
_QUOTA = "The quota of the disk is used up"
_BROKEN = "The disk does not answer as it should"
_DENIED = "This place may not be written or read"
_BY_NUMBER = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _QUOTA,
    errno.EFBIG: _QUOTA,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EIO: _BROKEN,
    errno.ESTALE: _BROKEN,
}
_BY_TEXT = {
    "no space left on device": _FULL,
    "database or disk is full": _FULL,
    "max_temp_directory_size": _FULL,
    "disk quota exceeded": _QUOTA,
    "read-only file system": _READ_ONLY,
    "readonly database": _READ_ONLY,
    "unable to open database file": _DENIED,
    "permission denied": _DENIED,
    "input/output error": _BROKEN,
    "disk i/o error": _BROKEN,
}
_LIBRARIES = ("duckdb", "polars", "pyarrow", "sqlalchemy", "sqlite3", "_duckdb")
"""Whose errors are told apart by their text, for want of a number."""


def disk_error(error: BaseException, *, where: str | None = None) -> SetupError | None:
    """Return what to tell the user where an error is a disk's; None for every other.

    Args:
        error: What was raised.
        where: The place, where the error does not name one.
    """
    told: BaseException | None = error
    while told is not None and not isinstance(told, PrefdataError):
        if kind := _kind(told):
            place = getattr(told, "filename", None)
            found = SetupError(
                f"{kind}: {str(told).splitlines()[0][:200] if str(told) else 'no more is known'}.",
                where=str(place) if isinstance(place, str) else where,
                fix="Make room or choose a place that can be written, then run the same command "
                "again; what was committed is safe.",
            )
            found.retryable = True
            return found
        told = told.__cause__
    return None


@contextmanager
def disk_told(where: str | None = None) -> Iterator[None]:
    """Raise a `SetupError` in place of what libraries raise where the disk fails.

    Raises:
        SetupError: If the disk is full, may only be read, or does not answer.
    """
    try:
        yield
    except Exception as error:
        if told := disk_error(error, where=where):
            raise told from error
        raise


def _kind(error: BaseException) -> str | None:
    if isinstance(error, OSError) and error.errno is not None:
        return _BY_NUMBER.get(error.errno)
    if isinstance(error, OSError) or type(error).__module__.partition(".")[0] in _LIBRARIES:
        text = str(error).lower()
        return next((kind for words, kind in _BY_TEXT.items() if words in text), None)
    return None
