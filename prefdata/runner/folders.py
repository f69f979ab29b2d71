"""A folder of files is there whole or not at all: written beside its place, then moved there.

Exports and reports share this. A folder that is written gets a mark with the kind of what wrote
it; what stands in the place without that mark is somebody else's and is never replaced.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefdata.core.disk import disk_told
from prefdata.core.errors import RecipeError, SetupError
from prefdata.core.fingerprint import file_digest
from prefdata.core.locks import is_alive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["PendingFolder", "prepare_folder", "refuse_foreign"]

_LEFTOVER_SECONDS = 24 * 3600
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class PendingFolder:
    """A folder that is complete beside its place; `publish` moves it there."""

    kind: str
    """What wrote it: ``export`` or ``report``."""
    part: Path
    place: Path
    digests: dict[str, str]
    """File name to SHA-256."""

    def publish(self) -> None:
        """Put the folder in its place, replacing what was written there before.

        Raises:
            SetupError: If the folder cannot be replaced.
        """
        old = self.place.with_name(f".{self.place.name}.old-{os.getpid()}")
        try:
            if self.place.exists():
                self.place.rename(old)
            self.part.rename(self.place)
            shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise SetupError(
                f"The {self.kind} cannot be put in its place: {error.strerror}.",
                where=str(self.place),
                fix=f"The finished files are in {self.part}; move them, or run again.",
            ) from error

    def discard(self) -> None:
        """Remove what is not to be published."""
        shutil.rmtree(self.part, ignore_errors=True)


def prepare_folder(
    place: Path, kind: str, fill: Callable[[Path], list[Path]], *, note: str, where: str
) -> PendingFolder:
    """Write a folder beside its place.

    Args:
        place: Where it will be.
        kind: What writes it: ``export`` or ``report``.
        fill: Writes the files into the folder it is given, and returns them.
        note: What is written, in words; it stands in the mark.
        where: Who asks, for errors.

    Raises:
        RecipeError: If the place holds what nothing of that kind wrote.
        SetupError: If nothing can be written there.
    """
    refuse_foreign(place, kind, where=where)
    _remove_leftovers(place)
    part = place.with_name(f".{place.name}.part-{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
    except OSError as error:
        raise SetupError(
            f"The {kind} cannot be written: {error.strerror}.",
            where=str(place),
            fix="Choose another folder.",
        ) from error
    try:
        with disk_told(str(place)):
            files = fill(part)
            _write_mark(part, kind, note)
            digests = {f.relative_to(part).as_posix(): file_digest(f) for f in sorted(files)}
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return PendingFolder(kind, part, place, digests)


def refuse_foreign(place: Path, kind: str, *, where: str) -> None:
    """Refuse to replace what nothing of that kind wrote.

    Raises:
        RecipeError: If the place holds such files, or others beside those that were written.
    """
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not (place / _mark(kind)).is_file():
        what = "The folder holds files" if place.is_dir() else "In its place is a file"
        raise RecipeError(
            f"{what} that no {kind} wrote.", where=f"{where}: {place}", fix="Name a new folder."
        )
    if added := _added(place, kind):
        raise RecipeError(
            f"The folder holds what was put there after the {kind} was written: "
            f"{', '.join(added[:_SHOWN])}{', …' if len(added) > _SHOWN else ''}.",
            where=f"{where}: {place}",
            fix="Move it elsewhere, or name a new folder: all of this one is replaced.",
        )


def _write_mark(folder: Path, kind: str, note: str) -> None:
    """Say who wrote the folder, and list what it holds."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    text = "".join(f"{line}\n" for line in (f"written by prefdata: {note}", *names))
    (folder / _mark(kind)).write_text(text, encoding="utf-8")


def _added(place: Path, kind: str) -> list[str]:
    """Return what is in the folder and not in the list of what was written."""
    written = (place / _mark(kind)).read_text(encoding="utf-8").splitlines()[1:]
    if not written:  # a mark of a version that wrote no list
        return []
    known = {_mark(kind), *written}
    names = (path.relative_to(place).as_posix() for path in place.rglob("*"))
    return sorted(name for name in names if name not in known)


def _mark(kind: str) -> str:
    return f".prefdata-{kind}"


def _remove_leftovers(place: Path) -> None:
    """Remove what writers that were killed left beside this place, once nobody can be at it."""
    limit = time.time() - _LEFTOVER_SECONDS
    for kind in ("part", "old"):
        for folder in place.parent.glob(f".{place.name}.{kind}-*"):
            # The age alone says little where clocks jump; another machine's process has no other.
            if folder.stat().st_mtime < limit and not is_alive(folder.name.rpartition("-")[2]):
                shutil.rmtree(folder, ignore_errors=True)
