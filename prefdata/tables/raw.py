"""Stretches of raw files: what every reader yields, and how bytes are opened.

A reader never loses a row: a row that cannot be read becomes a reject with file, row, field,
rule and the first bytes of what stood there. A file that is not what it should be at all is a
`SourceDriftError`, because quarantining every row of a wrong file helps nobody.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import polars as pl
import pyarrow as pa
from isal import igzip, isal_zlib

from prefdata.core.errors import SourceDriftError
from prefdata.tables.bundle import REJECT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = [
    "RAW_TEXT_LIMIT",
    "RawChunk",
    "Reject",
    "drift",
    "open_bytes",
    "read_blocks",
    "rejects_of",
]

# The types that come with the library take the class for an instance.
_INFLATE_ERROR = cast("type[Exception]", isal_zlib.error)
RAW_TEXT_LIMIT = 4096
"""Characters of a rejected row that are kept."""


@dataclass(frozen=True, slots=True)
class RawChunk:
    """Rows of one stretch of one raw file.

    ``frame`` has the columns of the schema, plus ``row`` (Int64, 0-based position of the row in
    the file, blank lines not counted) and ``extra`` (String: JSON object of the fields that the
    schema does not know; null when there are none).
    """

    frame: pl.DataFrame
    rejects: pl.DataFrame
    rows_in: int


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that did not pass."""

    row: int
    rule: str
    reason: str
    field: str | None = None
    raw: str | None = None


def rejects_of(file: str, rejects: Sequence[Reject]) -> pl.DataFrame:
    """Make the rejects frame (columns of `REJECT_COLUMNS`) of one file."""
    return pl.DataFrame(
        {
            "file": [file] * len(rejects),
            "row": [item.row for item in rejects],
            "subject": [None] * len(rejects),
            "id": [None] * len(rejects),
            "field": [item.field for item in rejects],
            "rule": [item.rule for item in rejects],
            "reason": [_encodable(item.reason) for item in rejects],
            "raw": [
                None if item.raw is None else _encodable(item.raw[:RAW_TEXT_LIMIT])
                for item in rejects
            ],
        },
        schema=REJECT_COLUMNS,
    )


def _encodable(text: str) -> str:
    """Spell out halves of surrogate pairs, which JSON can hold and UTF-8 cannot."""
    return text.encode(errors="backslashreplace").decode()


def drift(what: str, *, file: str, row: int | None = None) -> SourceDriftError:
    """Make the error for a file that is not what it should be."""
    return SourceDriftError(
        what,
        where=file if row is None else f"{file}: row {row}",
        fix="Check that this is the file of this dataset and fetch it again; "
        "`prefdata source show NAME` lists the files.",
    )


def open_bytes(path: Path, *, file: str) -> Any:
    """Open a file for reading, decompressed by its name (gz, zst, bz2, lz4, xz is refused).

    Raises:
        SourceDriftError: If it is a folder or empty.
        OSError: If it cannot be opened.
    """
    if path.is_dir():
        raise drift("A folder stands where a file is expected.", file=file)
    if path.stat().st_size == 0:
        raise drift("The file is empty.", file=file)
    if path.suffix == ".gz":
        return _Gzip(igzip.open(path, "rb"))  # type: ignore[no-untyped-call]
    return pa.input_stream(str(path), compression="detect")


class _Gzip(io.RawIOBase):
    """A gzip stream, inflated by ISA-L: half the CPU time of zlib, which reading is bound by."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            data: bytes = self._stream.read(size)
        except (_INFLATE_ERROR, EOFError) as error:
            raise OSError(str(error)) from error
        return data

    def close(self) -> None:
        self._stream.close()
        super().close()


def read_blocks(path: Path, *, file: str, block_bytes: int) -> Iterator[bytes]:
    """Yield stretches of whole lines of about ``block_bytes``, decompressed, without a BOM.

    Raises:
        SourceDriftError: If the compressed stream is damaged or ends early, or if the file is a
            web page.
    """
    pieces: list[bytes] = []
    is_first = True
    with open_bytes(path, file=file) as stream:
        while True:
            try:
                read = stream.read(block_bytes)
            except (OSError, EOFError) as error:
                raise drift(
                    f"The compressed stream is damaged or cut: {error}", file=file
                ) from error
            if is_first and read:
                read = _checked_start(read, file=file)
                is_first = False
            cut = read.rfind(b"\n") + 1
            if not read:
                rest = b"".join(pieces)
                if rest:
                    yield rest
                return
            if cut:
                yield b"".join([*pieces, read[:cut]])
                pieces = [read[cut:]] if cut < len(read) else []
            else:
                pieces.append(read)


def _checked_start(start: bytes, *, file: str) -> bytes:
    start = start.removeprefix(b"\xef\xbb\xbf")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise drift("The file is in UTF-16; UTF-8 is expected.", file=file)
    head = start[:1024].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise drift("The file is a web page, not data.", file=file)
    if head.startswith(b"version https://git-lfs"):
        raise drift("The file is a Git LFS pointer, not the data itself.", file=file)
    return start
