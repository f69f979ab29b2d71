"""Sending a staged folder: one commit, whatever fails on the way, then the tag."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import ConflictError, InternalError, PrefdataError, UserError
from prefdata.core.events import Note, Progress, StepStarted
from prefdata.publishers._hub.client import KIND
from prefdata.publishers._hub.comparing import holds
from prefdata.publishers._hub.problems import AGAIN, patiently, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prefdata.core.events import Report
    from prefdata.protocols.publishing import Change, Contents
    from prefdata.publishers._hub.client import Client

__all__ = ["Sending", "elsewhere", "make_tag"]

_FILES_AT_ONCE = 64
_BYTES_AT_ONCE = 1 << 29
# The hub reads the patterns of a file that somebody put there, and would leave files out silently.
_IGNORE_NOTHING = "# All that is staged is published.\n"
_EXISTS = 409


@dataclass(frozen=True, slots=True)
class Sending:
    """One commit that is to be there, once."""

    client: Client
    contents: Contents
    changes: Sequence[Change]
    branch: str
    parent: str | None
    """Head that the changes were computed from."""
    message: str

    @property
    def is_empty(self) -> bool:
        """Whether all of it is there."""
        return all(change.action in {"same", "foreign"} for change in self.changes)

    @property
    def deleted(self) -> frozenset[str]:
        """Files that it removes."""
        return frozenset(change.path for change in self.changes if change.action == "delete")

    def operations(self) -> list[Any]:
        """Return what the commit does, in the words of the hub's client."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        adds = [
            CommitOperationAdd(change.path, self.contents.folder / change.path)
            for change in self.changes
            if change.action in {"add", "update"}
        ]
        return [*adds, *(CommitOperationDelete(path) for path in sorted(self.deleted))]

    def upload(self, operations: list[Any], report: Report, *, create_pr: bool) -> None:
        """Bring the bytes to the hub, where nobody sees them before the commit."""
        adds = [one for one in operations if hasattr(one, "upload_info")]
        staged = {file.path: file for file in self.contents.files}
        step = f"upload:{self.client.target}"
        report(
            StepStarted(step, "hub", sum(staged[one.path_in_repo].size for one in adds), "bytes")
        )
        done = 0
        for some in _grouped(adds):
            with self.client.explained(), warnings.catch_warnings():
                # The client hands files to httpx2 in a way that is to go.
                warnings.simplefilter("ignore", DeprecationWarning)
                # It retries by itself; an upload that comes twice is the same upload.
                self.client.api.preupload_lfs_files(
                    self.client.target,
                    additions=some,
                    repo_type=KIND,
                    revision=self.branch,
                    create_pr=create_pr,
                    free_memory=False,
                    gitignore_content=_IGNORE_NOTHING,
                )
            for one in some:
                if one.upload_info.sha256.hex() != staged[one.path_in_repo].sha256:
                    raise self._changed(one.path_in_repo)
                done += one.upload_info.size
            report(Progress(step, done))

    def commit(self, report: Report) -> str:
        """Make the commit, and return its id.

        Raises:
            ConflictError: If somebody else committed first.
            PrefdataError: If it could not be made; it says what to do.
        """
        if (landed := self.landed()) is not None:
            return landed
        operations = self.operations()
        self.check_card()
        self.upload(operations, report, create_pr=False)
        commit = self._ask_once(
            lambda: str(self._create(operations, report, create_pr=False).oid), self.landed
        )
        if not self._is_ours(commit):
            raise InternalError(
                f"The commit {commit[:12]} of {self.client.target} is not what was sent.",
                where=f"{self.client.page}/commit/{commit}",
                fix="Do not use it, and report this.",
            )
        return str(commit)

    def offer(self, user: str | None, report: Report) -> tuple[str, str, bool]:
        """Open a pull request; return its commit, its address, and whether it is new."""
        if (found := self.offered(user)) is not None:
            return (*found, False)
        operations = self.operations()
        self.check_card()
        self.upload(operations, report, create_pr=True)

        def create() -> tuple[str, str]:
            made = self._create(operations, report, create_pr=True)
            return str(made.oid), str(made.pr_url)

        return (*self._ask_once(create, lambda: self.offered(user)), True)

    def check_card(self) -> None:
        """Let the hub read the card before anything is uploaded.

        Raises:
            UserError: If the hub refuses it.
        """
        if not any(one.path == "README.md" and one.action != "same" for one in self.changes):
            return
        from huggingface_hub import get_session, hf_raise_for_status

        text = (self.contents.folder / "README.md").read_text(encoding="utf-8")
        address = f"{self.client.base}/api/validate-yaml"

        def ask() -> list[str]:
            answer = get_session().post(address, json={"content": text, "repoType": KIND})
            if answer.status_code == 400:  # noqa: PLR2004
                return [str(error.get("message")) for error in answer.json().get("errors", [])]
            hf_raise_for_status(answer)
            return []

        if errors := self.client.ask(ask):
            raise UserError(
                f"The hub refuses the card: {'; '.join(errors)}.",
                where=str(self.contents.folder / "README.md"),
                fix="Correct it: most of it comes from `publication` in the recipe, some from "
                "the card that is on the hub. Nothing was sent.",
            )

    def landed(self) -> str | None:
        """Return the commit of ours that follows the parent; None where nothing follows it.

        Raises:
            ConflictError: If a commit of somebody else follows it.
        """
        head = self.client.head(self.branch)
        if head is None or head == self.parent:
            return None
        history = self.client.commits(head)
        followers = [
            after for after, before in pairwise(history) if before.commit_id == self.parent
        ]
        # Without the parent among its ancestors, the history was rewritten.
        first = followers[0] if followers else history[0]
        if followers and self._is_ours(first.commit_id):
            return str(first.commit_id)
        raise self._conflict(str(first.commit_id), ", ".join(first.authors), first.title)

    def offered(self, user: str | None) -> tuple[str, str] | None:
        """Return commit and address of the user's open pull request that is ours, or None."""
        client = self.client
        opened = client.ask(
            lambda: list(
                client.api.get_repo_discussions(
                    client.target,
                    repo_type=KIND,
                    author=user,
                    discussion_type="pull_request",
                    discussion_status="open",
                )
            )
        )
        if not opened:
            return None
        requests = client.references(with_requests=True).pull_requests or []
        heads = {one.ref: str(one.target_commit) for one in requests}
        for one in opened:
            oid = heads.get(f"refs/pr/{one.num}")
            if oid is not None and self._is_ours(oid):
                return oid, f"{client.page}/discussions/{one.num}"
        return None

    def _create(self, operations: list[Any], report: Report, *, create_pr: bool) -> Any:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            made = self.client.api.create_commit(
                self.client.target,
                operations,
                commit_message=self.message,
                repo_type=KIND,
                revision=self.branch,
                parent_commit=self.parent,
                create_pr=create_pr,
            )
        for warning in caught:
            report(Note(f"hub: {' '.join(str(warning.message).split())}"))
        return made

    def _ask_once(self, create: Callable[[], Any], look: Callable[[], Any]) -> Any:
        """Create what must not be there twice: after any error, look before asking again."""
        with self.client.explained():
            for attempt in patiently():
                with attempt:
                    try:
                        return create()
                    except Exception as error:
                        if (found := self._looked(look, error)) is not None:
                            return found
                        raise
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    def _looked(self, look: Callable[[], Any], error: Exception) -> Any:
        """Look whether it came through, although there was an error."""
        try:
            return look()
        except ConflictError:
            raise
        except PrefdataError as unknown:
            # The first error says more, unless it is only that the answer was lost.
            if status_of(error) is not None:
                return None
            unknown.fix = (
                f"It is not known whether the commit is there. {AGAIN} It looks there first."
            )
            raise

    def _changed(self, path: str) -> ConflictError:
        return ConflictError(
            f"The staged file {path} changed while it was sent.",
            where=str(self.contents.folder / path),
            fix="Leave the staged folder alone, and run the same command again. Nothing was "
            "committed.",
        )

    def _is_ours(self, commit: str) -> bool:
        return holds(self.client.files(commit), self.contents, self.deleted)

    def _conflict(self, commit: str, who: str, title: str) -> ConflictError:
        return ConflictError(
            f"{who or 'Somebody'} changed {self.client.target} meanwhile: commit {commit[:12]}, "
            f"{title!r}.",
            where=f"{self.client.page}/commit/{commit}",
            fix="Look at it, then run the same command again: it builds on that commit. Nothing "
            "of yours was committed.",
        )


def _grouped(adds: list[Any]) -> Iterator[list[Any]]:
    """Cut a list of files into groups, so that progress is told now and then."""
    group: list[Any] = []
    for one in adds:
        group.append(one)
        size = sum(member.upload_info.size for member in group)
        if len(group) == _FILES_AT_ONCE or size >= _BYTES_AT_ONCE:
            yield group
            group = []
    if group:
        yield group


def make_tag(client: Client, tag: str, commit: str) -> None:
    """Let a tag name a commit; where it does already, nothing happens.

    Raises:
        UserError: If it names another commit.
    """
    with client.explained():
        for attempt in patiently():
            with attempt:
                try:
                    client.api.create_tag(client.target, tag=tag, revision=commit, repo_type=KIND)
                except Exception as error:
                    there = client.tags().get(tag)
                    if there == commit:
                        return
                    if there is not None:
                        raise elsewhere(client, tag, there, commit) from error
                    if status_of(error) == _EXISTS:
                        raise InternalError(f"The hub has a tag {tag!r} that it hides.") from error
                    raise
                return


def elsewhere(client: Client, tag: str, there: str, wanted: str | None) -> UserError:
    """Return the error for a tag that names another commit."""
    what = "a state that is new" if wanted is None else f"commit {wanted[:12]}"
    return UserError(
        f"The tag {tag} of {client.target} names commit {there[:12]}, and you publish {what}.",
        where=f"{client.page}/tree/{tag}",
        fix="Choose another `version` in the recipe: what others cite never changes."
        + ("" if wanted is None else " The files are there; only the tag is missing."),
    )
