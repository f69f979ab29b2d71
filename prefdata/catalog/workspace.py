"""A workspace: one folder with its settings, its catalog database and its data files."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefdata.core.errors import WorkspaceError

__all__ = ["SETTINGS", "Bucket", "Workspace"]

SETTINGS = "prefdata.toml"
_TEMPLATE = """\
# A prefdata workspace. Paths are relative to this file.
[catalog]
uri = "sqlite:///catalog.db"    # or postgresql+psycopg2://… for a team
warehouse = "warehouse"         # or s3://bucket/prefix, see docs/storage.md
"""
_GIB = 1 << 30
_CACHE_GIB = 50
# What needs no quoting in an address, so that ours and Iceberg's are the same text.
_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9._=-]+)*)/?")
_STORAGE = frozenset({"endpoint", "region", "cache_gib"})


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where a warehouse lies in an object store; never with credentials."""

    name: str
    prefix: str
    """Beginning of all keys, without a slash at either end; may be empty."""
    endpoint: str | None = None
    """Address of the server; AWS where it is None."""
    region: str | None = None
    cache_bytes: int = _CACHE_GIB * _GIB
    """How much of the warehouse is kept on this machine beyond what was used of late."""

    @property
    def address(self) -> str:
        """The warehouse as Iceberg's metadata writes it."""
        return f"s3://{self.path}"

    @property
    def path(self) -> str:
        """Bucket and prefix, as file systems take them."""
        return f"{self.name}/{self.prefix}" if self.prefix else self.name


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where one catalog lives."""

    root: Path
    uri: str
    """SQLAlchemy URL of the catalog's database."""
    warehouse: Path
    """Folder of the data and metadata files; with a bucket, of the copies on this machine."""
    bucket: Bucket | None = None
    """The object store that holds the warehouse; None when it is the folder."""

    @property
    def scratch(self) -> Path:
        """Folder for temporary files."""
        return self.root / ".scratch"

    @classmethod
    def find(cls, start: Path | str | None = None) -> Workspace:
        """Open the workspace at ``start``, or the one at or above the current folder.

        ``PREFDATA_HOME`` names it when ``start`` is None.

        Raises:
            WorkspaceError: If there is none, or its settings cannot be read.
        """
        if start is not None:
            return cls._load(Path(start))
        if home := os.environ.get("PREFDATA_HOME"):
            return cls._load(Path(home))
        try:
            here = Path.cwd()
        except FileNotFoundError as error:
            raise WorkspaceError(
                "The current folder was removed.", fix="Change to a folder that is there."
            ) from error
        for folder in (here, *here.parents):
            if (folder / SETTINGS).is_file():
                return cls._load(folder)
        raise WorkspaceError(
            "There is no workspace here.",
            where=str(here),
            fix="Make one with `prefdata init`, or name one with --workspace or PREFDATA_HOME.",
        )

    @classmethod
    def create(cls, root: Path | str) -> Workspace:
        """Make a workspace in a folder, or open the one that is there.

        Raises:
            WorkspaceError: If the folder holds other files, or cannot be written.
        """
        folder = Path(root)
        if (folder / SETTINGS).is_file():
            return cls._load(folder)
        if folder.exists() and not folder.is_dir():
            raise WorkspaceError(
                "A file stands where the workspace should be.",
                where=str(folder),
                fix="Name a folder.",
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            part = folder / f".{SETTINGS}.{os.getpid()}"
            part.write_text(_TEMPLATE)
            part.replace(folder / SETTINGS)
        except OSError as error:
            raise WorkspaceError(
                f"The workspace cannot be written: {error.strerror}.",
                where=str(folder),
                fix="Choose a folder that you may write to.",
            ) from error
        return cls._load(folder)

    @classmethod
    def _load(cls, root: Path) -> Workspace:
        path = root / SETTINGS
        if not path.is_file():
            raise WorkspaceError(
                f"There is no {SETTINGS} in this folder.",
                where=str(root),
                fix=f"Make a workspace there with `prefdata init {root}`.",
            )
        try:
            settings = tomllib.loads(path.read_text())
            uri, warehouse = (str(settings["catalog"][name]) for name in ("uri", "warehouse"))
            bucket = _bucket(warehouse, settings.get("storage", {}))
            _check_printable(uri, warehouse)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise WorkspaceError(
                f"The settings cannot be read: {error}.",
                where=str(path),
                fix="It needs [catalog] with uri and warehouse.",
            ) from error
        root = root.resolve()
        relative = "sqlite:///"
        if uri.startswith(relative) and not uri.startswith(relative + "/"):
            uri = relative + str(root / uri.removeprefix(relative))
        folder = root / (warehouse if bucket is None else "cache/warehouse")
        return cls(root=root, uri=uri, warehouse=folder, bucket=bucket)


def _check_printable(*addresses: str) -> None:
    if not "".join(addresses).isprintable():
        message = "uri or warehouse holds a character that cannot be printed"
        raise ValueError(message)


def _bucket(warehouse: str, storage: dict[str, Any]) -> Bucket | None:
    """Read where the warehouse is; messages repeat no address, for there may be a key in it."""
    if unknown := sorted(storage.keys() - _STORAGE):
        message = (
            f"[storage] knows {', '.join(sorted(_STORAGE))}, not {', '.join(unknown)}; "
            "credentials stay in the environment or in ~/.aws"
        )
        raise ValueError(message)
    if "://" not in warehouse:
        return None
    parts = _ADDRESS.fullmatch(warehouse)
    if parts is None or ".." in warehouse:
        message = "warehouse is a folder or s3://bucket/prefix of plain letters, digits and ._=-"
        raise ValueError(message)
    endpoint, region = (storage.get(name) for name in ("endpoint", "region"))
    if endpoint is not None and not re.fullmatch(r"https?://[^/@?#\s]+/?", str(endpoint)):
        message = "the endpoint is http://host:port or https://host, without a user or a path"
        raise ValueError(message)
    return Bucket(
        name=parts[1],
        prefix=parts[2].strip("/"),
        endpoint=None if endpoint is None else str(endpoint).rstrip("/"),
        region=None if region is None else str(region),
        cache_bytes=int(float(storage.get("cache_gib", _CACHE_GIB)) * _GIB),
    )
