"""Stretches of the files that UltraFeedback and its children come in, before any meaning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from prefdata.tables.json_stream import JsonCursor
from prefdata.tables.raw import drift, open_bytes, read_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prefdata.protocols import RawFile

__all__ = ["BLOCK_BYTES", "best_of_each", "json_blocks", "record_batches"]

BLOCK_BYTES = 24 << 20
_BATCH_ROWS = 8_192
_BETWEEN = re.compile(r"[ \t\r\n,]*")
_DATA_FILE = re.compile(
    r"(?:.*/)?(?P<stem>[^/]+?)\.(?P<kind>jsonl|parquet|arrow|json)(?P<packed>\.(?:gz|zst|bz2))?"
)
_PREFERRED = ("jsonl", "parquet", "arrow", "json")
_NOT_DATA = frozenset({"dataset_info", "dataset_infos", "dataset_dict", "state", "config"})


def best_of_each(files: Sequence[RawFile]) -> dict[str, RawFile]:
    """Return the data files by name without suffix, one of each where a copy lies beside it.

    Early revisions hold every file twice, as JSON Lines and as a JSON array.
    """
    best: dict[str, tuple[int, RawFile]] = {}
    for raw in sorted(files, key=lambda raw: raw.name):
        found = _DATA_FILE.fullmatch(raw.name)
        if found is None or found["stem"] in _NOT_DATA or found["stem"].startswith("."):
            continue
        stem = raw.name[: found.start("kind") - 1]
        rank = _PREFERRED.index(found["kind"])
        if stem not in best or rank < best[stem][0]:
            best[stem] = (rank, raw)
    return {stem: raw for stem, (_, raw) in best.items()}


def json_blocks(raw: RawFile) -> Iterator[tuple[bytes, list[bytes]]]:
    """Yield stretches of JSON Lines and their lines that are not blank; an array becomes lines.

    Raises:
        SourceDriftError: If the file is empty, a web page, cut, or a broken array.
    """
    with open_bytes(raw.path, file=raw.name) as stream:
        try:
            start = stream.read(1024)
        except (OSError, EOFError) as error:
            raise drift(f"The compressed stream is damaged: {error}", file=raw.name) from error
    if start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":
        yield from _array_blocks(raw)
        return
    for block in read_blocks(raw.path, file=raw.name, block_bytes=BLOCK_BYTES):
        lines = [stripped for line in block.split(b"\n") if (stripped := line.strip())]
        if lines:
            yield block, lines


def _array_blocks(raw: RawFile) -> Iterator[tuple[bytes, list[bytes]]]:
    """Put each item of an array on a line of its own, holding a stretch of the file at a time."""
    lines: list[bytes] = []
    size = 0
    with JsonCursor(raw) as cursor:
        for item in cursor.item_texts():
            # Inside strings a line break must be escaped; any that is left is between tokens.
            line = item.replace("\n", " ").replace("\r", " ").encode()
            lines.append(line)
            size += len(line)
            if size >= BLOCK_BYTES:
                yield b"\n".join(lines), lines
                lines, size = [], 0
        cursor.finish()
    if lines:
        yield b"\n".join(lines), lines


def record_batches(raw: RawFile) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file or of an Arrow file or stream, in batches.

    Raises:
        SourceDriftError: If it cannot be read, or names a column twice.
    """
    open_bytes(raw.path, file=raw.name).close()  # refuses a folder and an empty file
    batches = _parquet(raw) if raw.name.endswith(".parquet") else _arrow(raw)
    try:
        for batch in batches:
            batch.validate(full=True)
            if _has_repeated_names(list(batch.schema)):
                raise drift("The file names a column or a field twice.", file=raw.name)
            yield batch
    except (pa.ArrowException, OSError, ValueError) as error:
        raise drift(f"The file cannot be read: {str(error)[:200]}", file=raw.name) from error


def _has_repeated_names(fields: list[pa.Field]) -> bool:
    """Look at all names, also nested ones; a damaged one is a `UnicodeDecodeError`."""
    inner: list[list[pa.Field]] = []
    for field in fields:
        kind = field.type
        while pa.types.is_list(kind) or pa.types.is_large_list(kind):
            kind = kind.value_type
        if pa.types.is_struct(kind):
            inner.append(list(kind))
    names = {field.name for field in fields}
    return len(names) < len(fields) or any(_has_repeated_names(each) for each in inner)


def _parquet(raw: RawFile) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(raw.path) as parquet:
        yield from parquet.iter_batches(_BATCH_ROWS)


def _arrow(raw: RawFile) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(raw.path)) as file:
        try:
            opened = pa.ipc.open_file(file)
        except pa.ArrowInvalid:
            file.seek(0)
            yield from pa.ipc.open_stream(file)
            return
        for index in range(opened.num_record_batches):
            yield opened.get_batch(index)
