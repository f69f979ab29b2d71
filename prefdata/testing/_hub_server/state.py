"""What the scripted hub holds: datasets, tokens, large files, faults and the log."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from prefdata.testing._hub_server.accounts import Account, Accounts
from prefdata.testing._hub_server.faults import Fault, Faults
from prefdata.testing._hub_server.log import HubLog
from prefdata.testing._hub_server.objects import Objects
from prefdata.testing._hub_server.repos import Commit, Entry, Refused, Repo
from prefdata.testing._hub_server.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prefdata.testing._hub_server.wire import Asked

__all__ = ["HubState"]

_LARGE = (".parquet", ".arrow")


class HubState:
    """All that requests read and change; tests look at it and change it too.

    Args:
        folder: Where large files lie.
        is_xet: Take large files by hf_xet instead of by LFS.
        part_size: LFS takes files above this many bytes in parts; 0 takes all whole.
        page_size: Files on one page of a listing.
    """

    endpoint: str

    def __init__(self, folder: Path, *, is_xet: bool, part_size: int, page_size: int) -> None:
        self.repos: dict[str, Repo] = {}
        self.accounts = Accounts()
        self.faults = Faults()
        self.log = HubLog()
        self.part_size = part_size
        self.page_size = page_size
        for name in ("lfs", "xet"):
            (folder / name).mkdir()
        self.objects = Objects(folder / "lfs", folder / "xet" if is_xet else None)
        self._moved: dict[str, str] = {}
        self._lock = threading.RLock()

    def add_token(
        self, token: str, user: str, *, role: str = "write", organizations: tuple[str, ...] = ()
    ) -> None:
        """Take a token from now on; its role is ``write`` or ``read``."""
        self.accounts.add(token, Account(user, role, organizations))

    def revoke(self, token: str) -> None:
        """Refuse a token from now on."""
        self.accounts.revoke(token)

    def fail(self, fault: Fault) -> None:
        """Let requests fail from now on."""
        self.faults.add(fault)

    def make_repo(self, repo_id: str, user: str, *, is_private: bool = False) -> Repo:
        """Make a dataset with the first commit that the hub gives it."""
        with self._lock:
            repo = Repo(repo_id, is_private=is_private)
            repo.begin(user)
            self.repos[repo_id] = repo
            return repo

    def rename(self, repo_id: str, new_id: str) -> None:
        """Give a dataset another name; requests for the old one are sent on."""
        with self._lock:
            repo = self.repos.pop(repo_id)
            repo.id = new_id
            self.repos[new_id] = repo
            self._moved[repo_id] = new_id

    def write(
        self,
        repo_id: str,
        changes: Mapping[str, bytes | None],
        *,
        by: str = "somebody",
        title: str = "Edit",
    ) -> Commit:
        """Commit as somebody else does; None removes a file."""
        entries = {
            path: None if data is None else self._entry(path, data)
            for path, data in changes.items()
        }
        with self._lock:
            return self.repos[repo_id].commit(entries, title=title, author=by)

    def _entry(self, path: str, data: bytes) -> Entry:
        if path.endswith(_LARGE):
            return Entry.large(self.objects.add(data), len(data))
        return Entry.small(data)

    def seen(self, asked: Asked, repo_id: str) -> Repo:
        """Return a dataset for a request.

        Raises:
            Refused: If it is not there for who asks.
        """
        repo = self.repos.get(repo_id)
        if repo is None or not self.accounts.may_see(asked, repo):
            status = 401 if asked.token is None else 404
            raise Refused(status, "Repository not found", "RepoNotFound")
        return repo

    def sent_on(self, asked: Asked) -> Answer | None:
        """Return where a request about a renamed dataset is sent, or None."""
        for old, new in self._moved.items():
            if f"/datasets/{old}" in asked.target:
                place = asked.target.replace(f"/datasets/{old}", f"/datasets/{new}", 1)
                return Answer(b"", 307, {"Location": f"{self.endpoint}{place}"})
        return None
