"""A warehouse in an object store that speaks S3: AWS, MinIO, Ceph, R2 and others.

A data file is written on this machine, named by its digest and then sent in one go; a store shows
an object complete or not at all. What was sent or fetched stays here as a copy, in ``cache``
beside the settings, so one machine that writes and reads fetches nothing. Credentials come from
where AWS's own tools look for them, and are in no setting, log or message.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from prefdata.catalog._objects.errors import missing_file, other_bytes, storage_error
from prefdata.catalog._objects.folder import Found, Warehouse
from prefdata.core.errors import SetupError
from prefdata.core.fingerprint import ID_HEX_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow.parquet as pq
    from pyarrow import fs

    from prefdata.catalog.state import FileEntry
    from prefdata.catalog.workspace import Bucket

__all__ = ["ObjectWarehouse", "file_system"]

_CONNECT_SECONDS = 5.0
# Without a byte; a server that hangs is asked three times.
_REQUEST_SECONDS = 20.0
_PARALLEL = 8
_BLOCK_BYTES = 8 << 20
# A store takes no smaller parts than of 5 MiB.
_PARTS_BYTES = 4 << 20
_HOUR = 3600.0
# An object that is younger is not sent again: nobody cleans it away while a run is at work.
_FRESH_SECONDS = 12 * _HOUR
# A copy that was used since may be in the plan of a query that runs.
_IN_USE_SECONDS = 6 * _HOUR
_LEFT_OVER_SECONDS = 24 * _HOUR


@lru_cache(maxsize=8)
def file_system(
    name: str, endpoint: str | None, region: str | None, *, in_parts: bool = False
) -> fs.S3FileSystem:
    """Return the connection to the server of one bucket; made once in a process.

    Args:
        name: The bucket, whose region AWS is asked for where none is set.
        endpoint: Address of the server; AWS where it is None.
        region: Region of the bucket.
        in_parts: Whether files are sent in parts, which begins with a request of its own. Else
            a small file is one request, and nothing is begun that could be left over; a large one
            that fails at its beginning would be left there empty.
    """
    from pyarrow import fs

    place = endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    where = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return fs.S3FileSystem(
        endpoint_override=place or None,
        region=where or ("us-east-1" if place else fs.resolve_s3_region(name)),
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_REQUEST_SECONDS,
        allow_delayed_open=not in_parts,
    )


class ObjectWarehouse(Warehouse):
    """The files of a catalog in one bucket, below one prefix."""

    is_remote = True

    def __init__(self, bucket: Bucket, folder: Path) -> None:
        """Connect to nothing yet.

        Args:
            bucket: Where the objects are.
            folder: Where their copies are on this machine.
        """
        super().__init__(folder)
        self.bucket = bucket

    @property
    def _fs(self) -> fs.S3FileSystem:
        return file_system(self.bucket.name, self.bucket.endpoint, self.bucket.region)

    @property
    def address(self) -> str:
        """The warehouse as Iceberg's metadata writes it, without a slash at the end."""
        return self.bucket.address

    def uri(self, path: str) -> str:
        """Return a file's address as Iceberg's metadata writes it."""
        return f"{self.bucket.address}/{path}"

    def name(self, path: str) -> str:
        """Return what a message calls a file."""
        return self.uri(path)

    def _key(self, path: str) -> str:
        return f"{self.bucket.path}/{path}"

    def properties(self) -> dict[str, str]:
        """Return what Iceberg must be told to reach the files."""
        given = {"s3.endpoint": self.bucket.endpoint, "s3.region": self.bucket.region}
        return {
            "py-io-impl": "prefdata.catalog._objects.io.ObjectIO",
            **{name: value for name, value in given.items() if value is not None},
        }

    def prepare(self) -> None:
        """Ask the server once, so that a wrong address or key is told before any work.

        Raises:
            SetupError: If the bucket cannot be reached or listed.
        """
        from pyarrow import fs

        # An empty prefix is not found, and is made by the first file.
        with self.guarded(), contextlib.suppress(FileNotFoundError):
            self._fs.get_file_info(fs.FileSelector(self.bucket.path))
        self.folder.mkdir(parents=True, exist_ok=True)

    def publish(self, entry: FileEntry) -> None:
        """Send a finished file; complete or not at all.

        Raises:
            SetupError: If the server does not take it.
        """
        import pyarrow as pa

        key = self._key(entry.path)
        with self.guarded():
            info = self._fs.get_file_info(key)
            is_fresh = info.mtime_ns is not None and (
                info.mtime_ns / 1e9 > time.time() - _FRESH_SECONDS
            )
            if is_fresh and info.size == entry.bytes:
                return
            # One call writes all bytes, for closing is what makes an object of those written; so
            # an interrupt finds none of them or all. After a failure closing makes no object.
            with pa.memory_map(str(self.folder / entry.path)) as mapped:
                stream = self._upload(entry).open_output_stream(key)
                try:
                    stream.write(mapped.read_buffer())
                finally:
                    stream.close()

    def _upload(self, entry: FileEntry) -> fs.S3FileSystem:
        bucket, in_parts = self.bucket, entry.bytes >= _PARTS_BYTES
        return file_system(bucket.name, bucket.endpoint, bucket.region, in_parts=in_parts)

    def fetch(self, entries: Iterable[FileEntry]) -> list[Path]:
        """Return the copies on this machine; those that are not there are fetched in parallel.

        Raises:
            SetupError: If the server cannot be reached, or there is no room for the copies.
            DataError: If a file is missing there or damaged.
        """
        wanted = list(entries)
        missing = [entry for entry in wanted if not self._is_here(entry)]
        if missing:
            with ThreadPoolExecutor(min(_PARALLEL, len(missing))) as pool:
                list(pool.map(self._download, missing))
            self.prune()
        return [self.folder / entry.path for entry in wanted]

    def _is_here(self, entry: FileEntry) -> bool:
        path = self.folder / entry.path
        try:
            info = path.stat()
        except OSError:
            return False
        if info.st_size != entry.bytes:
            return False
        if info.st_mtime < time.time() - _HOUR:
            # The time of the last use decides what is dropped first.
            with contextlib.suppress(OSError):
                os.utime(path)
        return True

    def _download(self, entry: FileEntry) -> None:
        path = self.folder / entry.path
        part = path.with_name(f".part-{os.getpid()}-{threading.get_ident()}-{entry.digest}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                state = self._read(entry, file)
            if state.hexdigest()[:ID_HEX_DIGITS] != entry.digest:
                raise other_bytes(self.uri(entry.path))
            part.replace(path)
        except OSError as error:
            raise _room_error(error, self.folder) from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink()

    def _read(self, entry: FileEntry, file: Any = None) -> Any:
        """Read an object block by block, to its digest and to a file."""
        state = hashlib.sha256()
        try:
            with self.guarded():
                stream = self._fs.open_input_file(self._key(entry.path))
        except FileNotFoundError as error:
            raise missing_file(self.uri(entry.path)) from error
        with stream:
            while True:
                with self.guarded():
                    block = stream.read_buffer(_BLOCK_BYTES)
                if not block.size:
                    return state
                state.update(block)
                if file is not None:
                    file.write(block)

    def parquet_metadata(self, entry: FileEntry) -> pq.FileMetaData:
        """Return the footer of a data file, without fetching the file."""
        import pyarrow.parquet as pq

        if self._is_here(entry):
            return super().parquet_metadata(entry)
        try:
            with self.guarded():
                return pq.read_metadata(self._key(entry.path), filesystem=self._fs)
        except FileNotFoundError as error:
            raise missing_file(self.uri(entry.path)) from error

    def has(self, entries: Iterable[FileEntry]) -> bool:
        """Tell whether all files are in the store, in their full size."""
        wanted = list(entries)
        if not wanted:
            return True
        with self.guarded(), ThreadPoolExecutor(min(_PARALLEL, len(wanted))) as pool:
            found = pool.map(lambda entry: self._fs.get_file_info(self._key(entry.path)), wanted)
            return all(info.size == entry.bytes for info, entry in zip(found, wanted, strict=True))

    def digest(self, entry: FileEntry) -> str:
        """Return the digest of the bytes that lie in the store now."""
        return str(self._read(entry).hexdigest()[:ID_HEX_DIGITS])

    def listing(self) -> list[Found]:
        """Return all objects below the prefix, by path; a request for each thousand."""
        from pyarrow import fs

        infos = []
        # Not `allow_not_found`: a bucket that is not there would look like an empty one.
        with self.guarded(), contextlib.suppress(FileNotFoundError):
            infos = self._fs.get_file_info(fs.FileSelector(self.bucket.path, recursive=True))
        start = len(self.bucket.path) + 1
        return sorted(
            (
                Found(info.path[start:], info.size, info.mtime_ns / 1e9)
                for info in infos
                if info.type == fs.FileType.File
            ),
            key=lambda found: found.path,
        )

    def remove(self, path: str) -> None:
        """Remove an object and its copy, if they are there."""
        with self.guarded(), contextlib.suppress(FileNotFoundError):
            self._fs.delete_file(self._key(path))
        super().remove(path)

    def prune(self) -> None:
        """Drop the copies that were unused for longest, until the rest is no more than allowed.

        Those used within the last hours stay, whatever the limit: a query may be about to read
        them.
        """
        now = time.time()
        files = list(_copies(self.folder))
        for path, info in files:
            if path.name.startswith(".part-") and info.st_mtime < now - _LEFT_OVER_SECONDS:
                path.unlink(missing_ok=True)
        total = sum(info.st_size for _, info in files)
        for path, info in sorted(files, key=lambda file: file[1].st_mtime):
            if total <= self.bucket.cache_bytes or info.st_mtime > now - _IN_USE_SECONDS:
                return
            path.unlink(missing_ok=True)
            total -= info.st_size

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn what goes wrong with the store, in Iceberg's hands too, into our errors.

        A `FileNotFoundError` passes: what it means is known only where it happens.
        """
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise storage_error(error, self.bucket) from error


def _copies(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in folder.rglob("*"):
        # Another process may be dropping the same.
        with contextlib.suppress(FileNotFoundError):
            if path.is_file():
                yield path, path.stat()


def _room_error(error: OSError, folder: Path) -> SetupError:
    return SetupError(
        f"A copy of a data file cannot be kept on this machine: {error.strerror or error}.",
        where=str(folder),
        fix="Free disk space or choose a workspace that you may write to, then run the same "
        "command again.",
    )
