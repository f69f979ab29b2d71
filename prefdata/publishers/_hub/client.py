"""One dataset on the hub through the hub's own client: reads that outlast hiccups."""

from __future__ import annotations

import os
import tempfile
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from prefdata.core.errors import MissingExtraError, UserError
from prefdata.fetch.offline import offline_reason
from prefdata.protocols.publishing import RemoteFile
from prefdata.publishers._hub.problems import (
    explained,
    may_not_write,
    needs_login,
    offline,
    patiently,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["KIND", "Client", "connect"]

KIND = "dataset"
"""The kind of repository, in the hub's words."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Client:
    """A dataset, and the client that speaks for one user."""

    target: str
    base: str
    """Address of the hub."""
    api: Any = field(repr=False)
    token: str | None = field(repr=False)

    @property
    def page(self) -> str:
        """Address of the dataset."""
        return f"{self.base}/datasets/{self.target}"

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raise errors of the hub's client as ours, and draw none of its bars."""
        with explained(self.target, self.page, self.token), _without_bars():
            yield

    def ask(self, question: Callable[[], Result]) -> Result:
        """Return an answer of the hub to what may be asked again.

        Raises:
            PrefdataError: If there is none; it says what to do.
        """
        with self.explained():
            for attempt in patiently():
                with attempt:
                    return question()
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    def require_token(self) -> None:
        """Check that there is a token.

        Raises:
            SetupError: If there is none.
        """
        if self.token is None:
            raise needs_login(self.target, self.base)

    def require_writer(self, *, is_new: bool) -> None:
        """Check what the hub says of the token; it decides again when something is sent.

        Args:
            is_new: Whether the dataset is still to be made, by its owner.

        Raises:
            SetupError: If there is no token, it is for reading, or its user is no owner.
        """
        self.require_token()
        who = self.ask(self.api.whoami)
        token = who.get("auth", {}).get("accessToken", {})
        if token.get("role") == "read":
            raise may_not_write(self.target, self.base, "its role is `read`")
        owner = self.target.partition("/")[0]
        names = {who["name"], *(one["name"] for one in who.get("orgs", ()))}
        if is_new and owner not in names:
            raise may_not_write(self.target, self.base, f"{who['name']} is no member of {owner}")

    def user(self) -> str | None:
        """Return whose token it is; None without one."""
        if self.token is None:
            return None
        return str(self.ask(lambda: self.api.whoami()["name"]))

    def references(self, *, with_requests: bool = False) -> Any:
        """Return branches, tags and, if asked for, pull requests, with the commit of each."""
        return self.ask(
            lambda: self.api.list_repo_refs(
                self.target, repo_type=KIND, include_pull_requests=with_requests
            )
        )

    def head(self, branch: str) -> str | None:
        """Return the commit of a branch; None where there is no such branch."""
        heads = {one.name: str(one.target_commit) for one in self.references().branches}
        return heads.get(branch)

    def tags(self) -> dict[str, str]:
        """Return the commit of each tag."""
        return {one.name: str(one.target_commit) for one in self.references().tags}

    def files(self, commit: str) -> dict[str, RemoteFile]:
        """Return all files of a commit."""
        listed = self.ask(
            lambda: list(
                self.api.list_repo_tree(
                    self.target, recursive=True, revision=commit, repo_type=KIND
                )
            )
        )
        return {
            one.path: RemoteFile(
                path=one.path,
                size=int(one.size),
                sha256=one.lfs.sha256 if one.lfs else None,
                git_oid=None if one.lfs else one.blob_id,
            )
            for one in listed
            if hasattr(one, "blob_id")  # the others are folders
        }

    def data(self, path: str, commit: str) -> bytes:
        """Return the bytes of a small file."""
        with tempfile.TemporaryDirectory(prefix="prefdata-hub-") as folder:
            place = self.ask(
                lambda: self.api.hf_hub_download(
                    self.target, path, repo_type=KIND, revision=commit, cache_dir=folder
                )
            )
            return Path(place).read_bytes()

    def commits(self, revision: str) -> list[Any]:
        """Return a commit and its ancestors, newest first."""
        return list(
            self.ask(
                lambda: self.api.list_repo_commits(self.target, repo_type=KIND, revision=revision)
            )
        )


def _without_bars() -> AbstractContextManager[Any]:
    """Keep the client's bars from the terminal, where ours are, unless the user insists."""
    from huggingface_hub import constants
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]

    if constants.HF_HUB_DISABLE_PROGRESS_BARS is False:
        return nullcontext()
    return disable_progress_bars()


def connect(target: str) -> Client:
    """Return a client for a dataset; nothing is asked yet.

    The address is that of the environment (``HF_ENDPOINT``), the token that of the environment
    (``HF_TOKEN``) or of the hub's own login.

    Raises:
        FetchError: If the network may not be used.
        MissingExtraError: If huggingface_hub is not installed.
        UserError: If the target has not the form ``<owner>/<name>``.
    """
    try:
        from huggingface_hub import HfApi, constants, get_token
        from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]
    except ModuleNotFoundError as error:
        raise MissingExtraError("Publishing to the Hugging Face Hub", extra="hub") from error
    base = os.environ.get("HF_ENDPOINT", "").rstrip("/") or constants.ENDPOINT
    page = f"{base}/datasets/{target}"
    if (reason := offline_reason(offline=False)) is not None:
        raise offline(reason, page)
    with explained(target, page, None):
        validate_repo_id(target)
        token = get_token()
    if "/" not in target:
        raise UserError(
            f"{target!r} does not say whose dataset it is.",
            where=target,
            fix=f"Write <user or organization>/{target}.",
        )
    # False, not None: None would look for a token elsewhere.
    api = HfApi(endpoint=base, token=token or False, library_name="prefdata")
    return Client(target, base, api, token)
