"""Large files by the SHA-256 of their bytes: whole, in parts, or in the shards of hf_xet."""

from __future__ import annotations

import hashlib
import itertools
import struct
import threading
from typing import TYPE_CHECKING

from prefdata.testing._hub_server.repos import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Objects", "xet_files"]

_RECORD = 48
_HAS_VERIFICATION, _HAS_METADATA = 1 << 31, 1 << 30
_END = b"\xff" * 32


class Objects:
    """Files in a folder, each under its SHA-256; nothing is there before all of it is.

    Args:
        folder: Where they lie.
        xet_folder: The folder that hf_xet writes to in its ``local://`` mode, if any.
    """

    def __init__(self, folder: Path, xet_folder: Path | None) -> None:
        self.xet_folder = xet_folder
        self.space: int | None = None
        """Bytes that still fit; None is without end."""
        self._folder = folder
        self._lock = threading.Lock()
        self._numbers = itertools.count()

    def __contains__(self, sha256: str) -> bool:
        """Tell whether the bytes are there, here or in the store of hf_xet."""
        return self.path(sha256).is_file() or self.xet_hash(sha256) is not None

    def path(self, sha256: str) -> Path:
        """Return where a file is, or would be."""
        return self._folder / sha256

    def part(self, sha256: str, number: int) -> Path:
        """Return where a part of a file is, or would be."""
        return self._folder / f"{sha256}.{number}.part"

    def add(self, data: bytes) -> str:
        """Keep bytes, and return their SHA-256."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.receive([data], self.path(sha256))
        return sha256

    def receive(self, pieces: Iterable[bytes], place: Path) -> str:
        """Write what comes to a place, whole or not at all, and return its SHA-256.

        Raises:
            Refused: If there is no space left.
        """
        hasher = hashlib.sha256()
        with self._lock:
            temporary = self._folder / f"incoming-{next(self._numbers)}"
        try:
            with temporary.open("wb") as file:
                for piece in pieces:
                    self._take_space(len(piece))
                    hasher.update(piece)
                    file.write(piece)
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)
        return hasher.hexdigest()

    def join(self, sha256: str, n_parts: int) -> None:
        """Make a file of its parts.

        Raises:
            Refused: If a part is missing, or the whole has another digest.
        """
        parts = [self.part(sha256, number) for number in range(1, n_parts + 1)]
        if not all(part.is_file() for part in parts):
            raise Refused(400, "A part is missing.")
        found = self.receive((part.read_bytes() for part in parts), self.path(sha256))
        if found != sha256:
            self.path(sha256).unlink()
            raise Refused(400, f"The parts make {found}, not {sha256}.")

    def xet_hash(self, sha256: str) -> str | None:
        """Return the name under which hf_xet knows a file, or None."""
        if self.xet_folder is None:
            return None
        for shard in sorted(self.xet_folder.rglob("*.mdb")):
            if (found := xet_files(shard.read_bytes()).get(sha256)) is not None:
                return found
        return None

    def _take_space(self, size: int) -> None:
        with self._lock:
            if self.space is not None:
                if size > self.space:
                    raise Refused(507, "Insufficient Storage")
                self.space -= size


def xet_files(shard: bytes) -> dict[str, str]:
    """Return the files that a shard of hf_xet describes: SHA-256 to xet hash.

    A shard begins with a header and a list of files, all in records of 48 bytes: the hash and
    flags of a file, its segments, and, where the flags say so, as many records of verification
    and one of metadata that begins with the SHA-256. A record of ones ends the list.

    References:
        The MDB shard format of xet-core, `mdb_shard/src/file_structs.rs`.
    """
    found = {}
    records: Iterator[bytes] = (
        shard[start : start + _RECORD] for start in range(_RECORD, len(shard), _RECORD)
    )
    for head in records:
        if head[:32] == _END or len(head) < _RECORD:
            break
        flags, n_segments = struct.unpack_from("<II", head, 32)
        n_more = n_segments * (2 if flags & _HAS_VERIFICATION else 1)
        for _ in range(n_more):
            next(records)
        if flags & _HAS_METADATA:
            found[_name(next(records)[:32])] = _name(head[:32])
    return found


def _name(value: bytes) -> str:
    """Return a hash as hf_xet prints it: four little-endian numbers."""
    return "".join(f"{number:016x}" for number in struct.unpack("<4Q", value))
