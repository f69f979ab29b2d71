"""Identity from content: the same value has the same digest on every machine.

The encoding is fixed and pinned by golden tests. A value is written as canonical JSON (sorted
keys, no spaces, UTF-8, no NaN) and hashed with SHA-256; ids keep the first 128 bits as 32 hex
digits, which makes a clash among 10^12 rows less likely than 10^-14.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

__all__ = ["ID_HEX_DIGITS", "canonical_json", "digest", "file_digest"]

ID_HEX_DIGITS = 32
_BLOCK_BYTES = 1 << 20


def canonical_json(value: Any) -> str:
    """Write a JSON value in the one form that digests are taken of.

    Raises:
        ValueError: If the value holds NaN or infinity.
        TypeError: If the value is not JSON; paths are written as POSIX strings.
    """
    return json.dumps(
        value,
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
        default=_encode,
    )


def digest(value: Any) -> str:
    """Return the 32 hex digits that name a JSON value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:ID_HEX_DIGITS]


def file_digest(path: Path) -> str:
    """Return the full SHA-256 of a file's bytes, as 64 hex digits.

    Raises:
        OSError: If the file cannot be read.
    """
    state = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            state.update(block)
    return state.hexdigest()


def _encode(value: object) -> str:
    if isinstance(value, Path):
        return value.as_posix()
    message = f"{type(value).__name__} has no canonical JSON form"
    raise TypeError(message)
