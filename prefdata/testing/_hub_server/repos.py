"""Repositories as git sees them: trees, commits whose ids follow from content, branches, tags."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Commit", "Entry", "PullRequest", "Refused", "Repo", "git_oid"]

_ATTRIBUTES = b"*.arrow filter=lfs -text\n*.parquet filter=lfs -text\n"

# A clock would make the ids of commits differ from run to run.
_DAWN = datetime(2026, 1, 1, tzinfo=UTC)


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """A request that is answered with an error, as the hub words it.

    Args:
        status: Of the answer.
        message: What the header ``X-Error-Message`` says.
        code: What the header ``X-Error-Code`` says, if anything.
        more: Further keys of the JSON body.
    """

    def __init__(self, status: int, message: str, code: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.more = more


def git_oid(data: bytes, kind: str = "blob") -> str:
    """Return the id that git gives an object."""
    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data).hexdigest()  # noqa: S324 - git's


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a commit."""

    size: int
    oid: str
    """Id that git gives what it holds: the bytes, or of a large file its pointer."""
    sha256: str | None = None
    """Of large files."""
    content: bytes | None = None
    """Of small files."""

    @classmethod
    def small(cls, content: bytes) -> Entry:
        """Return a file whose bytes git holds."""
        return cls(len(content), git_oid(content), None, content)

    @classmethod
    def large(cls, sha256: str, size: int) -> Entry:
        """Return a file to which git holds a pointer."""
        text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
        return cls(size, git_oid(text.encode()), sha256)

    def to_json(self, path: str, xet_hash: str | None) -> dict[str, Any]:
        """Return it as ``tree`` and ``paths-info`` tell it."""
        told: dict[str, Any] = {"type": "file", "oid": self.oid, "size": self.size, "path": path}
        if self.sha256 is not None:
            told["lfs"] = {"oid": self.sha256, "size": self.size, "pointerSize": 134}
        if xet_hash is not None:
            told["xetHash"] = xet_hash
        return told


@dataclass(frozen=True, slots=True)
class Commit:
    """All files at one time."""

    oid: str
    parent: str | None
    title: str
    author: str
    number: int
    files: Mapping[str, Entry]

    @property
    def date(self) -> str:
        """When it was made, by a clock that commits move."""
        when = _DAWN + timedelta(seconds=self.number)
        return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def folders(self) -> dict[str, str]:
        """Return the folders, each with an id that follows from what is in it."""
        inside: dict[str, list[str]] = {}
        for path, entry in sorted(self.files.items()):
            parts = path.split("/")
            for depth in range(1, len(parts)):
                inside.setdefault("/".join(parts[:depth]), []).append(f"{entry.oid} {path}\n")
        return {name: git_oid("".join(lines).encode(), "tree") for name, lines in inside.items()}


@dataclass(slots=True)
class PullRequest:
    """A change that is offered."""

    number: int
    title: str
    author: str
    head: str
    status: str = "open"


@dataclass(slots=True)
class Repo:
    """One dataset."""

    id: str
    is_private: bool = False
    gated: str | bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    pull_requests: list[PullRequest] = field(default_factory=list)

    @property
    def head(self) -> Commit:
        """Head of the branch ``main``."""
        return self.commits[self.branches["main"]]

    @property
    def files(self) -> dict[str, str]:
        """Files of ``main``, with the SHA-256 of each."""
        return {
            path: entry.sha256 or hashlib.sha256(entry.content or b"").hexdigest()
            for path, entry in sorted(self.head.files.items())
        }

    def begin(self, author: str) -> Commit:
        """Make the commit that the hub gives a new dataset."""
        first = {".gitattributes": Entry.small(_ATTRIBUTES)}
        return self.commit(first, title="initial commit", author=author)

    def find(self, revision: str) -> Commit:
        """Return the commit of a branch, tag, reference or id.

        Raises:
            Refused: If there is none.
        """
        requests = {f"refs/pr/{one.number}": one.head for one in self.pull_requests}
        places = ({**self.tags, **self.branches, **requests}, {oid: oid for oid in self.commits})
        for place in places:
            if (oid := place.get(revision.removeprefix("refs/heads/"))) is not None:
                return self.commits[oid]
        raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def history(self, revision: str) -> Iterable[Commit]:
        """Yield a commit and its ancestors, newest first."""
        commit: Commit | None = self.find(revision)
        while commit is not None:
            yield commit
            commit = None if commit.parent is None else self.commits[commit.parent]

    def commit(
        self,
        changes: Mapping[str, Entry | None],
        *,
        title: str,
        author: str,
        branch: str = "main",
        parent: str | None = None,
    ) -> Commit:
        """Add a commit to a branch.

        Args:
            changes: Path to what becomes of it; None removes it.
            title: First line of the message.
            author: Who makes it.
            branch: Where.
            parent: The head that the author knew; None takes any.

        Raises:
            Refused: If the branch has another head, or a file to be removed is not there.
        """
        made = self._prepare(changes, title, author, branch, parent)
        self.branches[branch] = made.oid
        return made

    def offer(
        self,
        changes: Mapping[str, Entry | None],
        *,
        title: str,
        author: str,
        branch: str = "main",
        parent: str | None = None,
    ) -> PullRequest:
        """Open a pull request with one commit; arguments as of `commit`."""
        made = self._prepare(changes, title, author, branch, parent)
        request = PullRequest(len(self.pull_requests) + 1, title, author, made.oid)
        self.pull_requests.append(request)
        return request

    def _prepare(
        self,
        changes: Mapping[str, Entry | None],
        title: str,
        author: str,
        branch: str,
        parent: str | None,
    ) -> Commit:
        head = self.branches.get(branch)
        if head is None and self.commits:
            raise Refused(404, f"Invalid rev id: {branch}", "RevisionNotFound")
        if parent is not None and parent != head:
            raise Refused(412, f"The parent commit {parent} is not the head of {branch}.")
        files = dict(self.commits[head].files) if head else {}
        for path, entry in changes.items():
            if entry is not None:
                files[path] = entry
            elif files.pop(path, None) is None:
                raise Refused(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")
        number = len(self.commits)
        lines = [f"parent {head}", f"author {author} {number}", title]
        lines += [f"{entry.oid} {path}" for path, entry in sorted(files.items())]
        oid = git_oid("\n".join(lines).encode(), "commit")
        made = Commit(oid, head, title, author, number, files)
        self.commits[oid] = made
        return made
