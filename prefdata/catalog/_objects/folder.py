"""The files of a warehouse that is a folder of this machine."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefdata.core.fingerprint import ID_HEX_DIGITS, file_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow.parquet as pq

    from prefdata.catalog.state import FileEntry

__all__ = ["Found", "Warehouse"]


@dataclass(frozen=True, slots=True)
class Found:
    """A file that lies in the warehouse."""

    path: str
    """Relative to the warehouse."""
    bytes: int
    modified: float
    """Seconds since 1970."""


class Warehouse:
    """A folder of this machine; `ObjectWarehouse` does the same in an object store.

    Attributes:
        folder: Where files lie on this machine, or their copies.
        is_remote: Whether files must be fetched before they are read.
    """

    is_remote = False

    def __init__(self, folder: Path) -> None:
        """Use a folder; nothing is made yet."""
        self.folder = folder

    @property
    def address(self) -> str:
        """The warehouse as Iceberg's metadata writes it, without a slash at the end."""
        return self.folder.as_uri()

    def uri(self, path: str) -> str:
        """Return a file's address as Iceberg's metadata writes it."""
        return (self.folder / path).as_uri()

    def name(self, path: str) -> str:
        """Return what a message calls a file."""
        return str(self.folder / path)

    def properties(self) -> dict[str, str]:
        """Return what Iceberg must be told to reach the files."""
        return {}

    def prepare(self) -> None:
        """Make the warehouse usable, or say why it is not.

        Raises:
            SetupError: If it cannot be reached.
        """
        self.folder.mkdir(parents=True, exist_ok=True)

    def publish(self, entry: FileEntry) -> None:
        """Take in a finished file that lies under its name in `folder`; complete or not at all.

        Raises:
            SetupError: If the storage does not take it.
        """

    def fetch(self, entries: Iterable[FileEntry]) -> list[Path]:
        """Return the files' places on this machine; they are there when this returns.

        Raises:
            SetupError: If the storage cannot be reached.
            DataError: If a file is missing there or damaged.
        """
        return [self.folder / entry.path for entry in entries]

    def parquet_metadata(self, entry: FileEntry) -> pq.FileMetaData:
        """Return the footer of a data file, without fetching the file."""
        import pyarrow.parquet as pq

        return pq.read_metadata(self.folder / entry.path)

    def has(self, entries: Iterable[FileEntry]) -> bool:
        """Tell whether all files are in the warehouse, in their full size."""
        paths = [(self.folder / entry.path, entry.bytes) for entry in entries]
        return all(path.is_file() and path.stat().st_size == size for path, size in paths)

    def digest(self, entry: FileEntry) -> str:
        """Return the digest of the bytes that lie in the warehouse now."""
        return file_digest(self.folder / entry.path)[:ID_HEX_DIGITS]

    def listing(self) -> list[Found]:
        """Return all files of the warehouse, by path."""
        found = []
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                info = path.stat()
                name = path.relative_to(self.folder).as_posix()
                found.append(Found(name, info.st_size, info.st_mtime))
        return found

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        (self.folder / path).unlink(missing_ok=True)

    def prune(self) -> None:
        """Drop copies that were not used for long, where the rest is more than allowed."""

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn what goes wrong with an object store, in Iceberg's hands too, into our errors."""
        yield
