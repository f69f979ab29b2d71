"""Digests of all published files, in the form that `sha256sum -c` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["checksums_text"]


def checksums_text(files: Mapping[str, str]) -> str:
    """Return a line for each file, by path.

    Args:
        files: Path with forward slashes to the SHA-256 in hexadecimal.

    Raises:
        DataError: If a path holds a backslash or a line break, which `sha256sum` would read as
            an escape.

    References:
        GNU coreutils, *cksum output modes*.
    """
    for path in files:
        if any(letter in path for letter in "\\\n\r"):
            raise DataError(
                f"The name of a published file holds a backslash or a line break: {path!r}.",
                where="checksums.sha256",
                fix="Rename the configuration or the split.",
            )
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(files.items()))
