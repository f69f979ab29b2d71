"""What is staged against what is there: which files to add, update, delete and leave alone."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from prefdata.core.errors import UserError
from prefdata.protocols.publishing import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from prefdata.protocols.publishing import Contents, RemoteFile, StagedFile

__all__ = ["CHECKSUMS", "compare", "holds", "is_same", "listed"]

CHECKSUMS = "checksums.sha256"
"""The file of a publication that lists its files, in the form of `sha256sum`."""

_ATTRIBUTES = ".gitattributes"
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
_PIECE = 1 << 20


def listed(text: str) -> dict[str, str]:
    r"""Read a list of checksums: path to SHA-256. Lines of another form do not count.

    Examples:
        >>> listed("ab" * 32 + "  data/train.parquet\n")
        {'data/train.parquet': 'abababababababababababababababababababababababababababababababab'}
    """
    found = filter(None, map(_LINE.fullmatch, text.splitlines()))
    return {line[2].removeprefix("./"): line[1] for line in found}


def is_same(staged: StagedFile, there: RemoteFile | None, folder: Path) -> bool:
    """Tell whether a file on the hub has the bytes of a staged one."""
    if there is None or there.size != staged.size:
        return False
    if there.sha256 is not None:
        return there.sha256 == staged.sha256
    return there.git_oid == _git_oid(folder / staged.path, staged.size)


def holds(files: Mapping[str, RemoteFile], contents: Contents, deleted: frozenset[str]) -> bool:
    """Tell whether a commit is the publication: all that is staged, nothing that it removes."""
    return deleted.isdisjoint(files) and all(
        is_same(staged, files.get(staged.path), contents.folder) for staged in contents.files
    )


def compare(
    contents: Contents,
    there: Mapping[str, RemoteFile],
    *,
    read: Callable[[str], bytes],
    most: int,
) -> list[Change]:
    """Return what publishing does to each file, sorted by path.

    Only files that the last publication listed, and that are as it left them, are deleted; all
    others are somebody else's.

    Args:
        contents: The staged folder.
        there: Files of the hub.
        read: Reads a small file of the hub.
        most: Most files of one commit.

    Raises:
        UserError: If there are more.
    """
    if len(contents.files) > most:
        raise UserError(
            f"{len(contents.files):,} files are staged, and one commit takes {most:,}.",
            where=str(contents.folder),
            fix="Publish larger shards or fewer configurations.",
        )
    changes = [_change(file, there, contents.folder) for file in contents.files]
    staged = {file.path for file in contents.files}
    others = [file for path, file in there.items() if path not in staged]
    # The hub's own file is in every dataset: for it alone, nothing is asked.
    is_asked = CHECKSUMS in there and any(other.path != _ATTRIBUTES for other in others)
    before = listed(read(CHECKSUMS).decode(errors="replace")) if is_asked else {}
    before.pop(_ATTRIBUTES, None)
    for other in others:
        is_ours = other.path in before and _sha256(other, read) == before[other.path]
        changes.append(Change(other.path, "delete" if is_ours else "foreign", other.size))
    return sorted(changes, key=lambda change: change.path)


def _change(staged: StagedFile, there: Mapping[str, RemoteFile], folder: Path) -> Change:
    if staged.path not in there:
        return Change(staged.path, "add", staged.size)
    same = is_same(staged, there[staged.path], folder)
    return Change(staged.path, "same" if same else "update", staged.size)


def _sha256(there: RemoteFile, read: Callable[[str], bytes]) -> str:
    return there.sha256 or hashlib.sha256(read(there.path)).hexdigest()


def _git_oid(path: Path, size: int) -> str:
    hasher = hashlib.sha1(f"blob {size}\0".encode())  # noqa: S324 - the id that git gives
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            hasher.update(piece)
    return hasher.hexdigest()
