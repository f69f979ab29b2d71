"""Digests of a model's files: of large ones by their bytes, of settings by their meaning."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

from prefdata.core.fingerprint import digest, file_digest

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["BOOKKEEPING", "content_digest", "named_digest", "settings_digest"]

BOOKKEEPING = frozenset(
    {
        "__version__",
        "_name_or_path",
        "name_or_path",
        "special_tokens_map_file",
        "tokenizer_file",
        "transformers_version",
    }
)
"""Keys under which libraries write names and versions into settings."""

_LARGE_BYTES = 1 << 18  # vocabularies, which hold no bookkeeping
_SHA256 = re.compile(r"[0-9a-f]{64}")


def content_digest(file: Path) -> str:
    """Return the SHA-256 of a file; computed once while size and time of change stay the same.

    Raises:
        OSError: If the file cannot be read.
    """
    status = file.stat()
    return _remembered(file.absolute(), status.st_size, status.st_mtime_ns)


def named_digest(file: Path) -> str:
    """Return the SHA-256 of a file, from its name where the Hugging Face cache gives it.

    There a large file is a link to a blob that is named by its SHA-256, so gigabytes need not be
    read to know them.

    Raises:
        OSError: If the file cannot be read.
    """
    if file.is_symlink():
        blob = file.resolve(strict=True)
        if blob.parent.name == "blobs" and _SHA256.fullmatch(blob.name):
            return blob.name
    return content_digest(file)


def settings_digest(file: Path, without: Collection[str] = ()) -> str:
    """Return a digest of what a file says, whatever order and layout it says it in.

    Args:
        file: A text; of JSON that is an object, the keys `BOOKKEEPING` do not count.
        without: More keys that do not count.

    Raises:
        OSError: If the file cannot be read.
    """
    if file.suffix == ".json" and file.stat().st_size < _LARGE_BYTES:
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
            return digest(_stripped(said, BOOKKEEPING.union(without)))
        except ValueError:  # not JSON, or with NaN: its bytes will do
            pass
    return content_digest(file)


@functools.lru_cache(maxsize=1024)
def _remembered(file: Path, size: int, changed: int) -> str:
    del size, changed  # they say when an answer is out of date
    return file_digest(file)


def _stripped(settings: Any, keys: Collection[str]) -> Any:
    if not isinstance(settings, dict):
        return settings
    return {key: value for key, value in settings.items() if key not in keys}
