"""The Hugging Face Hub: one commit, a tag, and the proof that what loads is what was staged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefdata.core.errors import ConflictError, UserError
from prefdata.core.events import Note
from prefdata.protocols.publishing import Publisher, Receipt, Remote
from prefdata.publishers._hub.checking import check
from prefdata.publishers._hub.client import KIND, Client, connect
from prefdata.publishers._hub.comparing import compare, holds, is_same
from prefdata.publishers._hub.params import HubParams
from prefdata.publishers._hub.sending import Sending, elsewhere, make_tag

if TYPE_CHECKING:
    from prefdata.core.events import Report
    from prefdata.protocols.publishing import Change, Contents

__all__ = ["HubParams", "hub"]

_ATTRIBUTES = ".gitattributes"
"""What the hub itself puts into a new dataset."""


def _look(target: str, params: HubParams) -> Remote:
    """Read what is there; nothing is changed, and a public dataset needs no token.

    Raises:
        FetchError: If the hub cannot be reached.
        SetupError: If it does not take the token.
        UserError: If the dataset has another name now.
    """
    client = connect(target)
    return _seen(client, params, client.user())


def _seen(client: Client, params: HubParams, user: str | None) -> Remote:
    from huggingface_hub.errors import RepositoryNotFoundError

    def info() -> Any:
        try:
            return client.api.dataset_info(client.target)
        except RepositoryNotFoundError:
            return None

    found = client.ask(info)
    if found is None:
        return Remote(client.target, exists=False, user=user)
    _require_name(client, found.id)
    references = client.references()
    heads = {one.name: str(one.target_commit) for one in references.branches}
    commit = heads.get(params.branch)
    files = {} if commit is None else client.files(commit)
    card = None
    if commit is not None and "README.md" in files:
        card = client.data("README.md", commit).decode(errors="replace")
    return Remote(
        target=client.target,
        exists=True,
        commit=commit,
        files=files,
        card=card,
        tags={one.name: str(one.target_commit) for one in references.tags},
        is_private=found.private,
        gated=found.gated or None,
        user=user,
    )


def _require_name(client: Client, name: str) -> None:
    """Refuse the old name of a dataset: its files would go where the user does not look."""
    if name != client.target:
        raise UserError(
            f"The dataset {client.target} is named {name} now.",
            where=client.page,
            fix=f"Publish to {name}, or choose a name that is free.",
        )


def _plan(contents: Contents, remote: Remote, params: HubParams) -> list[Change]:
    """Compare the staged folder with what is there.

    Raises:
        UserError: If there are more files than one commit takes.
    """

    def read(path: str) -> bytes:
        return connect(remote.target).data(path, str(remote.commit))

    return compare(contents, remote.files, read=read, most=params.max_files)


def _send(
    contents: Contents,
    remote: Remote,
    params: HubParams,
    tag: str | None,
    message: str,
    report: Report,
) -> Receipt:
    """Make what is missing: the dataset, its gate, one commit, the tag; public at the very end.

    Raises:
        ConflictError: If somebody changed the dataset since it was looked at.
        SetupError: If the token is missing, wrong or may not write, or space is lacking.
        FetchError: If the hub cannot be reached.
        UserError: If the tag names another commit, or the hub refuses the card.
    """
    client = connect(remote.target)
    client.require_token()
    if tag is not None and (there := remote.tags.get(tag)) not in {None, remote.commit}:
        _require_same(client, contents, remote, params, tag)
        _open_up(client, remote, params, report)
        return _receipt(client, contents, str(there), tag, is_new=False)
    remote = _prepared(client, contents, remote, params, report)
    changes = _plan(contents, remote, params)
    sending = Sending(client, contents, changes, params.branch, remote.commit, message)
    if sending.is_empty:
        commit = str(remote.commit)
    elif tag is not None and tag in remote.tags:
        raise elsewhere(client, tag, remote.tags[tag], None)
    elif params.create_pr:
        commit, request, is_new = sending.offer(remote.user, report)
        return _receipt(client, contents, commit, None, is_new=is_new, request=request)
    else:
        commit = sending.commit(report)
    if tag is not None and remote.tags.get(tag) != commit:
        make_tag(client, tag, commit)
    _open_up(client, remote, params, report)
    return _receipt(client, contents, commit, tag, is_new=not sending.is_empty)


def _require_same(
    client: Client, contents: Contents, remote: Remote, params: HubParams, tag: str
) -> None:
    """Refuse a tag of a commit that is not the publication; whatever came after it may differ."""
    there = remote.tags[tag]
    gone = {one.path for one in _plan(contents, remote, params) if one.action == "delete"}
    if not holds(client.files(there), contents, frozenset(gone)):
        raise elsewhere(client, tag, there, None)


def _prepared(
    client: Client, contents: Contents, remote: Remote, params: HubParams, report: Report
) -> Remote:
    """Make the dataset, its branch and its gate where they are missing; return what is there."""
    if not remote.exists:
        client.ask(
            lambda: client.api.create_repo(
                client.target, repo_type=KIND, visibility="private", exist_ok=True
            )
        )
        remote = _seen(client, params, remote.user)
        _require_new(client, contents, remote)
    settings: dict[str, object] = {}
    if params.gated is not None and remote.gated != params.gated:
        settings["gated"] = params.gated
    if params.private is True and not remote.is_private:
        settings["visibility"] = "private"
        report(Note(f"{client.target} was public, and is private from now on"))
    if settings:
        _set(client, settings)
    if remote.commit is None:
        client.ask(
            lambda: client.api.create_branch(
                client.target, branch=params.branch, repo_type=KIND, exist_ok=True
            )
        )
        remote = _seen(client, params, remote.user)
    return remote


def _require_new(client: Client, contents: Contents, remote: Remote) -> None:
    """Refuse a dataset that somebody made since it was not there, with files of their own."""
    staged = {file.path: file for file in contents.files}
    others = sorted(
        path
        for path, there in remote.files.items()
        if path != _ATTRIBUTES
        and (path not in staged or not is_same(staged[path], there, contents.folder))
    )
    if others:
        raise ConflictError(
            f"Somebody made {client.target} meanwhile, with a {others[0]} of theirs in it.",
            where=client.page,
            fix="Look at it, then run the same command again, or choose another name.",
        )


def _open_up(client: Client, remote: Remote, params: HubParams, report: Report) -> None:
    """Show the dataset to everybody, if that was asked for; all of it is there by now."""
    if params.private is False and remote.is_private:
        _set(client, {"visibility": "public"})
        report(Note(f"{client.target} is public from now on"))
    elif params.private is None and remote.is_private:
        report(Note(f"{client.target} is private: only its owner sees it"))


def _set(client: Client, settings: dict[str, object]) -> None:
    client.ask(lambda: client.api.update_repo_settings(client.target, repo_type=KIND, **settings))


def _receipt(
    client: Client,
    contents: Contents,
    commit: str,
    tag: str | None,
    *,
    is_new: bool,
    request: str | None = None,
) -> Receipt:
    return Receipt(
        target=client.target,
        commit=commit,
        tag=tag,
        url=request or f"{client.page}/tree/{tag or commit}",
        files={file.path: file.sha256 for file in contents.files},
        is_new=is_new,
        pull_request=request,
    )


def _ready(remote: Remote, params: HubParams) -> None:
    """Refuse a token that cannot do what is asked, before anything is computed.

    Raises:
        SetupError: If it is missing, for reading, or of somebody who does not own the dataset.
    """
    connect(remote.target).require_writer(is_new=not remote.exists and not params.create_pr)


hub = Publisher(
    name="hub",
    version=1,
    params=HubParams,
    look=_look,
    plan=_plan,
    send=_send,
    check=check,
    ready=_ready,
    summary="The Hugging Face Hub: a dataset repository, by one commit and a tag.",
)
