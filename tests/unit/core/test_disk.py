"""Failures of a disk are told as such, whichever library met them; other errors are left alone."""

from __future__ import annotations

import errno

import duckdb
import polars as pl
import pyarrow as pa
import pytest
import sqlalchemy as sa

from prefdata.core.disk import disk_error, disk_told
from prefdata.core.errors import ConflictError, SetupError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/w/a"), "no space left"),
        (OSError(errno.EROFS, "Read-only file system"), "may only be read"),
        (OSError("IOError: Error writing: No space left on device"), "no space left"),
        (duckdb.IOException("IO Error: could not write: No space left on device"), "no space left"),
        (duckdb.OutOfMemoryException("failed to offload: max_temp_directory_size"), "no space"),
        (pl.exceptions.ComputeError("No space left on device (os error 28)"), "no space left"),
        (pa.ArrowException("Input/output error"), "does not answer"),
        (sa.exc.OperationalError("q", {}, Exception("database or disk is full")), "no space left"),
        (sa.exc.OperationalError("q", {}, Exception("attempt to write a readonly database")), "re"),
    ],
)
def test_a_disk_that_fails_is_the_operators(error: Exception, said: str) -> None:
    told = disk_error(error, where="/w")
    assert told is not None
    assert said in told.what
    assert (told.exit_status, told.retryable) == (4, True)
    assert told.where in ("/w", "/w/a")
    with pytest.raises(SetupError, match="run the same command again"), disk_told("/w"):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file or directory"),
        ValueError("No space left on device"),
        ConflictError("No space left on device"),
        duckdb.BinderException("Referenced column not found"),
        KeyError("x"),
    ],
)
def test_other_errors_are_left_alone(error: Exception) -> None:
    assert disk_error(error) is None
    with pytest.raises(type(error)), disk_told():
        raise error


def test_the_cause_of_an_error_tells() -> None:
    error = RuntimeError("it went wrong")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    told = disk_error(error)
    assert told is not None
    assert "no space left" in told.what
