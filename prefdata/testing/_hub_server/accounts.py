"""Who may do what on the scripted hub: tokens with roles, private and gated datasets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefdata.testing._hub_server.repos import Refused

if TYPE_CHECKING:
    from prefdata.testing._hub_server.repos import Repo
    from prefdata.testing._hub_server.wire import Asked

__all__ = ["Account", "Accounts"]


@dataclass(frozen=True, slots=True)
class Account:
    """A user by a token."""

    user: str
    role: str = "write"
    """``write`` or ``read``."""
    organizations: tuple[str, ...] = ()


class Accounts:
    """All tokens."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}

    def add(self, token: str, account: Account) -> None:
        """Take a token from now on."""
        self._accounts[token] = account

    def revoke(self, token: str) -> None:
        """Refuse a token from now on."""
        self._accounts.pop(token, None)

    def of(self, asked: Asked) -> Account | None:
        """Return whose token a request brings; None where it brings none.

        Raises:
            Refused: If nobody has that token.
        """
        if asked.token is None:
            return None
        account = self._accounts.get(asked.token)
        if account is None:
            raise Refused(401, "Invalid credentials in Authorization header")
        return account

    def require(self, asked: Asked) -> Account:
        """Return whose token a request brings.

        Raises:
            Refused: If it brings none, or a wrong one.
        """
        account = self.of(asked)
        if account is None:
            raise Refused(401, "Invalid username or password.")
        return account

    def may_see(self, asked: Asked, repo: Repo | None) -> bool:
        """Tell whether a dataset is there for who asks."""
        account = self.of(asked)
        if repo is None:
            return False
        return not repo.is_private or (account is not None and _is_member(account, repo.id))

    def require_files(self, asked: Asked, repo: Repo) -> None:
        """Check that a user may read the files.

        Raises:
            Refused: If the dataset is gated, and the user is not among its own.
        """
        account = self.of(asked)
        if repo.gated and (account is None or not _is_member(account, repo.id)):
            status = 401 if account is None else 403
            raise Refused(status, f"Access to dataset {repo.id} is restricted.", "GatedRepo")

    def require_write(self, asked: Asked, repo_id: str) -> Account:
        """Return who changes a dataset.

        Raises:
            Refused: If the token is for reading, or the dataset is not the user's.
        """
        account = self.require(asked)
        if account.role != "write":
            raise Refused(403, "This token has no write permission")
        if not _is_member(account, repo_id):
            raise Refused(403, f"You don't have the rights to change {repo_id}")
        return account


def _is_member(account: Account, repo_id: str) -> bool:
    return repo_id.partition("/")[0] in {account.user, *account.organizations}
