"""Is this the file that was pinned? Size and SHA-256 against the source card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.core.errors import SourceDriftError
from prefdata.core.fingerprint import file_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.fetch.cards import CardFile, SourceCard
    from prefdata.protocols import RawFile

__all__ = ["check_file", "pins_of"]


def pins_of(name: str, source: SourceCard) -> list[CardFile]:
    """Return the entries of the card that a file may be, by its name.

    A file given alone has lost its folders, and a folder may lie above those of the dataset, so
    one name may be several entries.
    """
    exact = source.file(name)
    if exact:
        return [exact]
    return [
        file
        for file in source.files
        if file.path.endswith(f"/{name}") or name.endswith(f"/{file.path}")
    ]


def check_file(raw: RawFile, pins: Sequence[CardFile]) -> bool:
    """Check a file against the entries of the card that it may be.

    Returns:
        Whether there was anything to check it against.

    Raises:
        SourceDriftError: If it is none of them; the error names both digests.
    """
    known = [pin for pin in pins if pin.sha256 is not None or pin.bytes is not None]
    if not known or len(known) < len(pins):
        return False
    n_bytes = raw.path.stat().st_size
    found = file_digest(raw.path) if any(pin.sha256 for pin in known) else None
    if any(pin.bytes in {None, n_bytes} and pin.sha256 in {None, found} for pin in known):
        return True
    expected = " or ".join(_described(pin.sha256, pin.bytes) for pin in known)
    raise SourceDriftError(
        f"The file {raw.name} is not the pinned one: expected {expected}, "
        f"found {_described(found, n_bytes)}.",
        where=str(raw.path),
        fix="Delete the file and fetch it again; if it differs again, upstream has changed: "
        "compare, then pin the new digest in catalog/sources/.",
    )


def _described(sha256: str | None, n_bytes: int | None) -> str:
    parts = [f"SHA-256 {sha256}"] if sha256 else []
    if n_bytes is not None:
        parts.append(f"{n_bytes:,} bytes")
    return ", ".join(parts)
