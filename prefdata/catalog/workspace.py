"""A workspace: one folder with its settings, its catalog database and its data files."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from prefdata.core.errors import WorkspaceError

__all__ = ["SETTINGS", "Workspace"]

SETTINGS = "prefdata.toml"
_TEMPLATE = """\
# A prefdata workspace. Paths are relative to this file.
[catalog]
uri = "sqlite:///catalog.db"    # or postgresql+psycopg2://… for a team
warehouse = "warehouse"
"""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where one catalog lives."""

    root: Path
    uri: str
    """SQLAlchemy URL of the catalog's database."""
    warehouse: Path
    """Folder of the data and metadata files."""

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
        here = Path.cwd()
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
            settings = tomllib.loads(path.read_text())["catalog"]
            uri, warehouse = str(settings["uri"]), str(settings["warehouse"])
        except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
            raise WorkspaceError(
                f"The settings cannot be read: {error}.",
                where=str(path),
                fix="It needs [catalog] with uri and warehouse.",
            ) from error
        root = root.resolve()
        relative = "sqlite:///"
        if uri.startswith(relative) and not uri.startswith(relative + "/"):
            uri = relative + str(root / uri.removeprefix(relative))
        return cls(root=root, uri=uri, warehouse=root / warehouse)
