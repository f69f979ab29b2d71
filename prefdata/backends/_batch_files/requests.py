"""Files of requests, as OpenAI's batch endpoint and ``vllm run-batch`` take them.

A line is ``{"custom_id", "method", "url", "body"}`` in ASCII, with the keys of the body sorted; a
file is named by its content. So the same requests give the same files, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["ENDPOINT", "ids_in", "is_request_file", "request_line", "write_requests"]

ENDPOINT = "/v1/chat/completions"

_MOST_LINES = 50_000
_MOST_BYTES = 100_000_000
"""OpenAI takes 50,000 lines and 200 MB, others half as many bytes."""

_NAME = re.compile(r"requests-[0-9a-f]{12}\.jsonl")
_DIGITS = 12
_BEGIN = re.compile(rb'\{"custom_id":"([^"\\]+)"')


def request_line(custom_id: str, body: Mapping[str, Any]) -> bytes:
    """Return the line of a request, with its end."""
    line = {
        "custom_id": custom_id,
        "method": "POST",
        "url": ENDPOINT,
        "body": {key: body[key] for key in sorted(body)},
    }
    # ASCII, because some readers take U+2028 and its like for the end of a line.
    return json.dumps(line, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def write_requests(folder: Path, lines: Mapping[str, bytes]) -> dict[str, Path]:
    """Write requests into as many files as they need, and return where each of them stands.

    A file that is there already is left as it is: its name says what it holds.

    Args:
        folder: Made if there is none.
        lines: By id, as `request_line` returns them, in the order in which they are best sent.

    Raises:
        OSError: If the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    places: dict[str, Path] = {}
    for part in _parts(lines):
        path = _write(folder, b"".join(lines[one] for one in part))
        places |= dict.fromkeys(part, path)
    return places


def is_request_file(path: Path) -> bool:
    """Tell whether a file is one that `write_requests` wrote, by its name."""
    return _NAME.fullmatch(path.name) is not None


def ids_in(path: Path) -> Iterator[str]:
    """Yield the ids of the requests in a file that `write_requests` wrote.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        for line in file:
            found = _BEGIN.match(line)
            if found:
                yield found.group(1).decode()


def _parts(lines: Mapping[str, bytes]) -> Iterator[list[str]]:
    """Yield the ids of the requests of each file."""
    part: list[str] = []
    size = 0
    for one, line in lines.items():
        if part and (len(part) >= _MOST_LINES or size + len(line) > _MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(one)
        size += len(line)
    if part:
        yield part


def _write(folder: Path, content: bytes) -> Path:
    name = hashlib.sha256(content).hexdigest()[:_DIGITS]
    path = folder / f"requests-{name}.jsonl"
    if not (path.is_file() and path.stat().st_size == len(content)):
        # Under another name first, so that nobody ever sends half a file.
        begun = path.with_suffix(f".{os.getpid()}.part")
        begun.write_bytes(content)
        begun.replace(path)
    return path
