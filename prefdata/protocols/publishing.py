"""Where a dataset can be published: what a publisher sees there, sends there, and proves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from prefdata.core.events import Report
    from prefdata.protocols.params import Params

__all__ = [
    "Change",
    "Checked",
    "ConfigContents",
    "Contents",
    "Publisher",
    "Receipt",
    "Remote",
    "RemoteFile",
    "SplitContents",
    "StagedFile",
]


@dataclass(frozen=True, slots=True)
class SplitContents:
    """The rows of one split, so that somebody who loads them can prove that they are the same."""

    name: str
    files: tuple[str, ...]
    """Paths in the staged folder, with forward slashes, in the order of the rows."""
    rows: int
    digest: str
    """`prefdata.publishing.contents.rows_digest` of its rows, in order."""


@dataclass(frozen=True, slots=True)
class ConfigContents:
    """One configuration: tables of one schema, by split."""

    name: str
    splits: tuple[SplitContents, ...]
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One file that is to be published."""

    path: str
    """Within the folder, with forward slashes."""
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """A folder that is ready to be published, and what is in it."""

    folder: Path
    files: tuple[StagedFile, ...]
    """All files, sorted by path."""
    configs: tuple[ConfigContents, ...]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file that is there already."""

    path: str
    size: int
    sha256: str | None
    """Of large files, which the remote stores by it."""
    git_oid: str | None
    """Of small files: the object id that git gives the bytes."""


@dataclass(frozen=True, slots=True)
class Remote:
    """What is there before anything is sent."""

    target: str
    exists: bool
    commit: str | None = None
    """Head of the branch; None where nothing is there."""
    files: Mapping[str, RemoteFile] = field(default_factory=dict)
    card: str | None = None
    """Text of its README.md, which the new one is merged with."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tag to commit."""
    is_private: bool | None = None
    gated: str | None = None
    """``auto`` or ``manual``; None when it is open."""
    user: str | None = None
    """Who the token belongs to."""


@dataclass(frozen=True, slots=True)
class Change:
    """What publishing does to one file."""

    path: str
    action: Literal["add", "update", "same", "delete", "foreign"]
    """``foreign``: there, by somebody else, and left alone."""
    size: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a folder is published."""

    target: str
    commit: str
    tag: str | None
    url: str
    files: Mapping[str, str]
    """Path to SHA-256."""
    is_new: bool
    """False when all of it was there before."""
    pull_request: str | None = None
    """Address of the pull request that holds it, where one was asked for."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What loading the published data again gave."""

    commit: str
    rows: Mapping[str, int]
    """``<config>/<split>`` to rows."""
    n_files: int
    """Files whose bytes were compared."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Puts a staged folder where others can load it: all of it in one step, or nothing.

    Every call may be repeated after any fault: what is there already is not sent again, and never
    makes a second commit.

    Attributes:
        name: In kebab case.
        version: Raised when what it sends for the same folder changes.
        params: Model of its parameters: visibility, gate, branch.
        look: Reads what is there, without changing anything; ``(target, params) -> Remote``.
        plan: Compares; ``(contents, remote, params) -> list[Change]``, sorted by path.
        send: Makes what is missing, as one commit whose parent is ``remote.commit``, and the tag;
            ``(contents, remote, params, tag, message, report) -> Receipt``.
        ready: Refuses at once what `send` would refuse after all the work, such as a missing token;
            ``(remote, params) -> None``.
        check: Loads the published data by its commit, as a user would, and compares rows, digests
            and bytes; ``(receipt, contents, params, report) -> Checked``.
    """

    name: str
    version: int
    params: type[Params]
    look: Callable[[str, Any], Remote]
    plan: Callable[[Contents, Remote, Any], list[Change]]
    send: Callable[[Contents, Remote, Any, str | None, str, Report], Receipt]
    check: Callable[[Receipt, Contents, Any, Report], Checked]
    ready: Callable[[Remote, Any], None] | None = None
    summary: str = ""
