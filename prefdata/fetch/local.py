"""Raw files that are already on a disk: one file, or all of a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from prefdata.core.errors import FetchError, UserError
from prefdata.protocols import RawFile

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_data", "local_files"]


def is_data(name: str) -> bool:
    """Return whether a file can hold rows, by its name within the dataset.

    Hidden files, READMEs, licences and Markdown accompany data and are not data.

    Examples:
        >>> is_data("data/train.parquet"), is_data("README.md"), is_data(".cache/train.parquet")
        (True, False, False)
    """
    *_, last = parts = name.split("/")
    is_hidden = any(part.startswith(".") for part in parts)
    is_about = last.upper().startswith(("README", "LICENSE", "LICENCE")) or last.endswith(".md")
    return not (is_hidden or is_about)


def local_files(origin: Path) -> list[RawFile]:
    """Return the file, or the data files below the folder, sorted by name.

    Names are relative to the folder, as they stand there; paths are resolved, so that a symbolic
    link keeps its name and gives the bytes that it points to.

    Raises:
        UserError: If nothing is there, or no data file is in the folder.
        FetchError: If a symbolic link points to nothing, or a folder cannot be read.
    """
    if origin.is_file():
        return [RawFile(path=origin.resolve(), name=origin.name)]
    if not origin.is_dir():
        raise UserError(
            "There is no such file or folder.",
            where=str(origin),
            fix="Give an existing file or folder, hf://datasets/<org>/<name>, or https://…",
        )
    found = {path.relative_to(origin).as_posix(): path for path in _walk(origin)}
    names = sorted(name for name in found if is_data(name))
    if not names:
        raise UserError(
            "The folder holds no data files.",
            where=str(origin),
            fix="Give the folder that holds the published files; hidden files, READMEs, licences "
            "and *.md do not count.",
        )
    broken = [name for name in names if not found[name].exists()]
    if broken:
        raise FetchError(
            f"A symbolic link points to nothing: {', '.join(broken)}.",
            where=str(found[broken[0]]),
            fix="Remove the link or restore what it points to.",
        )
    # What is neither a file nor a broken link is a socket or a pipe, and holds no rows.
    files = [name for name in names if found[name].is_file()]
    return [RawFile(path=found[name].resolve(), name=name) for name in files]


def _walk(root: Path) -> Iterator[Path]:
    """Yield all files below a folder; a folder is entered once, however many links lead to it."""
    seen: set[Path] = set()
    for folder, folders, files in os.walk(root, followlinks=True, onerror=_refuse):
        place = Path(folder)
        real = place.resolve()
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            yield place / name


def _refuse(error: OSError) -> None:
    raise FetchError(
        f"A folder cannot be read: {error.strerror or error}.",
        where=str(error.filename),
        fix="Grant read access to it.",
    ) from error
