"""The routes of the hub's API that its client calls to make, read and change a dataset."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from prefdata.testing._hub_server import card
from prefdata.testing._hub_server.repos import Refused
from prefdata.testing._hub_server.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.testing._hub_server.repos import Repo
    from prefdata.testing._hub_server.state import HubState
    from prefdata.testing._hub_server.wire import Asked

    Route = Callable[..., Answer]

__all__ = ["DATASET", "Routes", "api"]

DATASET = r"(?P<repo>[^/]+/[^/]+)"
_REVISION = r"(?P<revision>[^/]+)"
_TOKEN_SECONDS = 3600


class Routes:
    """A table of methods and patterns of paths, and the functions that answer."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Route]] = []

    def add(self, method: str, pattern: str) -> Callable[[Route], Route]:
        """Register a function for a method and a pattern that fits a whole path."""

        def register(route: Route) -> Route:
            self._routes.append((method, re.compile(pattern), route))
            return route

        return register

    def answer(self, hub: HubState, asked: Asked) -> Answer:
        """Answer by the first route that fits.

        Raises:
            Refused: If there is none, or the route refuses.
        """
        for method, pattern, route in self._routes:
            if method == asked.method and (found := pattern.fullmatch(asked.path)):
                named = {name: unquote(value) for name, value in found.groupdict("").items()}
                return route(hub, asked, **named)
        raise Refused(404, f"There is nothing at {asked.method} {asked.path}.")


api = Routes()


@api.add("GET", "/api/whoami-v2")
def _whoami(hub: HubState, asked: Asked) -> Answer:
    account = hub.accounts.require(asked)
    return Answer.of(
        {
            "type": "user",
            "name": account.user,
            "orgs": [{"name": name} for name in account.organizations],
            "auth": {"type": "access_token", "accessToken": {"role": account.role}},
        }
    )


@api.add("POST", "/api/validate-yaml")
def _validate(hub: HubState, asked: Asked) -> Answer:
    del hub  # all cards are alike to it
    errors, warnings = card.problems(asked.json()["content"])
    told = {
        "errors": [{"message": error} for error in errors],
        "warnings": [{"message": warning} for warning in warnings],
    }
    return Answer.of(told, 400 if errors else 200)


@api.add("POST", "/api/repos/create")
def _create(hub: HubState, asked: Asked) -> Answer:
    said = asked.json()
    owner = said.get("organization") or hub.accounts.require(asked).user
    repo_id = f"{owner}/{said['name']}"
    account = hub.accounts.require_write(asked, repo_id)
    url = f"{hub.endpoint}/datasets/{repo_id}"
    if repo_id in hub.repos:
        raise Refused(409, "You already created this dataset repo", url=url)
    hub.make_repo(repo_id, account.user, is_private=said.get("visibility") == "private")
    return Answer.of({"url": url, "name": repo_id})


@api.add("DELETE", "/api/repos/delete")
def _delete(hub: HubState, asked: Asked) -> Answer:
    said = asked.json()
    owner = said.get("organization") or hub.accounts.require(asked).user
    repo_id = f"{owner}/{said['name']}"
    hub.accounts.require_write(asked, repo_id)
    hub.repos.pop(hub.seen(asked, repo_id).id)
    return Answer.of({})


@api.add("GET", f"/api/datasets/{DATASET}(/revision/{_REVISION})?")
def _info(hub: HubState, asked: Asked, repo: str, revision: str) -> Answer:
    found = hub.seen(asked, repo)
    commit = found.find(revision or "main")
    return Answer.of(
        {
            "id": found.id,
            "author": found.id.partition("/")[0],
            "sha": commit.oid,
            "lastModified": commit.date,
            "createdAt": commit.date,
            "private": found.is_private,
            "gated": found.gated,
            "tags": [],
            "siblings": [{"rfilename": path} for path in sorted(commit.files)],
        }
    )


@api.add("GET", f"/api/datasets/{DATASET}/refs")
def _refs(hub: HubState, asked: Asked, repo: str) -> Answer:
    found = hub.seen(asked, repo)

    def listed(kind: str, refs: dict[str, str]) -> list[dict[str, str]]:
        return [
            {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": oid}
            for name, oid in sorted(refs.items())
        ]

    requests = {str(one.number): one.head for one in found.pull_requests}
    told: dict[str, Any] = {
        "branches": listed("heads", found.branches),
        "tags": listed("tags", found.tags),
        "converts": [],
    }
    if asked.query.get("include_prs"):
        told["pullRequests"] = listed("pr", requests)
    return Answer.of(told)


@api.add("GET", f"/api/datasets/{DATASET}/commits/{_REVISION}")
def _commits(hub: HubState, asked: Asked, repo: str, revision: str) -> Answer:
    history = hub.seen(asked, repo).history(revision)
    return Answer.of(
        [
            {
                "id": one.oid,
                "title": one.title,
                "message": "",
                "date": one.date,
                "authors": [{"user": one.author}],
            }
            for one in history
        ]
    )


@api.add("GET", f"/api/datasets/{DATASET}/discussions")
def _discussions(hub: HubState, asked: Asked, repo: str) -> Answer:
    found = hub.seen(asked, repo)
    author, status = asked.query.get("author"), asked.query.get("status")
    listed = [
        {
            "num": one.number,
            "title": one.title,
            "author": {"name": one.author},
            "createdAt": found.commits[one.head].date,
            "status": one.status,
            "isPullRequest": True,
            "repo": {"name": found.id, "type": "dataset"},
        }
        for one in reversed(found.pull_requests)
        if author in (None, one.author) and status in (None, "all", one.status)
    ]
    return Answer.of({"discussions": listed, "count": len(listed), "start": 0})


@api.add("PUT", f"/api/datasets/{DATASET}/settings")
def _settings(hub: HubState, asked: Asked, repo: str) -> Answer:
    hub.accounts.require_write(asked, repo)
    found, said = hub.seen(asked, repo), asked.json()
    if "gated" in said:
        found.gated = said["gated"]
    if "visibility" in said:
        found.is_private = said["visibility"] == "private"
    return Answer.of({"private": found.is_private, "gated": found.gated})


@api.add("POST", f"/api/datasets/{DATASET}/tag/{_REVISION}")
def _tag(hub: HubState, asked: Asked, repo: str, revision: str) -> Answer:
    hub.accounts.require_write(asked, repo)
    return _refer(asked, hub.seen(asked, repo), revision, "tag")


@api.add("POST", f"/api/datasets/{DATASET}/branch/{_REVISION}")
def _branch(hub: HubState, asked: Asked, repo: str, revision: str) -> Answer:
    hub.accounts.require_write(asked, repo)
    return _refer(asked, hub.seen(asked, repo), revision, "branch")


@api.add("DELETE", f"/api/datasets/{DATASET}/(?P<kind>tag|branch)/{_REVISION}")
def _forget(hub: HubState, asked: Asked, repo: str, kind: str, revision: str) -> Answer:
    hub.accounts.require_write(asked, repo)
    found = hub.seen(asked, repo)
    if (found.tags if kind == "tag" else found.branches).pop(revision, None) is None:
        raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    return Answer.of({})


def _refer(asked: Asked, repo: Repo, revision: str, kind: str) -> Answer:
    said = asked.json()
    if kind == "tag":
        refs, name, target = repo.tags, said["tag"], revision
    else:
        refs, name, target = repo.branches, revision, said.get("startingPoint") or "main"
    if name in refs:
        raise Refused(409, f"Reference {name} already exists")
    refs[name] = repo.find(target).oid
    return Answer.of({})


@api.add("GET", f"/api/datasets/{DATASET}/xet-(?P<kind>read|write)-token/{_REVISION}")
def _xet_token(hub: HubState, asked: Asked, repo: str, kind: str, revision: str) -> Answer:
    del revision  # of a pull request, nobody knows it yet
    if kind == "write":
        hub.accounts.require_write(asked, repo)
    else:
        hub.accounts.require_files(asked, hub.seen(asked, repo))
    if hub.objects.xet_folder is None:
        raise Refused(404, "This hub has no xet storage.")
    expires = int(time.time()) + _TOKEN_SECONDS
    place = f"local://{hub.objects.xet_folder}"
    return Answer.of(
        {"casUrl": place, "accessToken": "scripted", "exp": expires},
        X_Xet_Cas_Url=place,
        X_Xet_Access_Token="scripted",  # noqa: S106 - it opens a folder
        X_Xet_Token_Expiration=str(expires),
    )
