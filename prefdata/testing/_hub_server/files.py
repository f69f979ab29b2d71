"""The routes of the hub's API by which files come and go."""

from __future__ import annotations

import base64
import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from prefdata.testing._hub_server.repos import Entry, Refused
from prefdata.testing._hub_server.routes import DATASET, api
from prefdata.testing._hub_server.wire import Answer

if TYPE_CHECKING:
    from prefdata.testing._hub_server.repos import Commit, Repo
    from prefdata.testing._hub_server.state import HubState
    from prefdata.testing._hub_server.wire import Asked

__all__: list[str] = []

_REVISION = r"(?P<revision>refs%2F[^/]+|refs/pr/\d+|[^/]+)"
_LARGE_SUFFIXES = {".parquet", ".arrow", ".bin", ".zip", ".gz"}
_LARGE_BYTES = 10 << 20


@api.add("POST", f"/api/datasets/{DATASET}/preupload/{_REVISION}")
def _preupload(hub: HubState, asked: Asked, repo: str, revision: str) -> Answer:
    hub.accounts.require_write(asked, repo)
    said = asked.json()
    files = hub.seen(asked, repo).find(revision).files
    ignored = said.get("gitIgnore")
    if ignored is None:
        ignore = files.get(".gitignore")
        ignored = (ignore.content or b"").decode() if ignore else ""
    patterns = [line for line in ignored.splitlines() if line and not line.startswith("#")]

    def told(one: dict[str, Any]) -> dict[str, Any]:
        path = PurePosixPath(one["path"])
        sample = base64.b64decode(one["sample"])
        is_large = path.suffix in _LARGE_SUFFIXES or one["size"] > _LARGE_BYTES or b"\0" in sample
        there = files.get(one["path"])
        return {
            "path": one["path"],
            "uploadMode": "lfs" if is_large else "regular",
            "shouldIgnore": any(path.match(pattern) for pattern in patterns),
            "oid": None if there is None else there.sha256 or there.oid,
        }

    return Answer.of({"files": [told(one) for one in said["files"]]})


@api.add("POST", rf"/datasets/{DATASET}\.git/info/lfs/objects/batch")
def _batch(hub: HubState, asked: Asked, repo: str) -> Answer:
    hub.accounts.require_write(asked, repo)
    hub.seen(asked, repo)
    listed = [_upload(hub, repo, one["oid"], one["size"]) for one in asked.json()["objects"]]
    return Answer.of({"transfer": "multipart" if hub.part_size else "basic", "objects": listed})


def _upload(hub: HubState, repo: str, oid: str, size: int) -> dict[str, Any]:
    told: dict[str, Any] = {"oid": oid, "size": size}
    if oid in hub.objects:
        return told
    base = f"{hub.endpoint}/lfs/{oid}"
    header: dict[str, str] = {}
    href = base
    if hub.part_size and size > hub.part_size:
        n_parts = -(-size // hub.part_size)
        header = {str(part): f"{base}/{part}" for part in range(1, n_parts + 1)}
        header["chunk_size"] = str(hub.part_size)
        href = f"{base}/join"
    verify = f"{hub.endpoint}/datasets/{repo}.git/info/lfs/verify"
    told["actions"] = {"upload": {"href": href, "header": header}, "verify": {"href": verify}}
    return told


@api.add("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})")
def _put(hub: HubState, asked: Asked, oid: str) -> Answer:
    found = hub.objects.receive(asked.pieces, hub.objects.path(oid))
    if found != oid:
        hub.objects.path(oid).unlink()
        raise Refused(400, f"These are the bytes of {found}.")
    return Answer.of({})


@api.add("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})/(?P<part>\d+)")
def _put_part(hub: HubState, asked: Asked, oid: str, part: str) -> Answer:
    found = hub.objects.receive(asked.pieces, hub.objects.part(oid, int(part)))
    return Answer.of({}, ETag=f'"{found}"')


@api.add("POST", r"/lfs/(?P<oid>[0-9a-f]{64})/join")
def _join(hub: HubState, asked: Asked, oid: str) -> Answer:
    hub.objects.join(oid, len(asked.json()["parts"]))
    return Answer.of({})


@api.add("POST", rf"/datasets/{DATASET}\.git/info/lfs/verify")
def _verify(hub: HubState, asked: Asked, repo: str) -> Answer:
    hub.accounts.require_write(asked, repo)
    if asked.json()["oid"] not in hub.objects:
        raise Refused(404, "The object is not there.")
    return Answer.of({})


@api.add("POST", f"/api/datasets/{DATASET}/commit/{_REVISION}")
def _commit(hub: HubState, asked: Asked, repo: str, revision: str) -> Answer:
    account = hub.accounts.require_write(asked, repo)
    lines = [json.loads(line) for line in asked.text().splitlines() if line]
    header = next(line["value"] for line in lines if line["key"] == "header")
    found = hub.seen(asked, repo)
    changes = _changes(hub, found, [line for line in lines if line["key"] != "header"])
    how = {
        "title": header["summary"],
        "author": account.user,
        "branch": revision,
        "parent": header.get("parentCommit"),
    }
    page = f"{hub.endpoint}/datasets/{found.id}"
    told = {"success": True, "hookOutput": ""}
    if asked.query.get("create_pr"):
        request = found.offer(changes, **how)
        oid = request.head
        told["pullRequestUrl"] = f"{page}/discussions/{request.number}"
    else:
        oid = found.commit(changes, **how).oid
    return Answer.of({**told, "commitOid": oid, "commitUrl": f"{page}/commit/{oid}"})


def _changes(hub: HubState, repo: Repo, lines: list[dict[str, Any]]) -> dict[str, Entry | None]:
    changes: dict[str, Entry | None] = {}
    for line in lines:
        value = line["value"]
        match line["key"]:
            case "file":
                changes[value["path"]] = Entry.small(base64.b64decode(value["content"]))
            case "lfsFile":
                if value["oid"] not in hub.objects:
                    raise Refused(400, f"The large file of {value['path']} was not uploaded.")
                changes[value["path"]] = Entry.large(value["oid"], value["size"])
            case "deletedFile":
                changes[value["path"]] = None
            case "deletedFolder":
                inside = [path for path in repo.head.files if path.startswith(value["path"])]
                changes |= dict.fromkeys(inside)
            case key:
                raise Refused(400, f"There is no operation {key!r}.")
    return changes


@api.add("GET", f"/api/datasets/{DATASET}/tree/{_REVISION}(/(?P<path>.*))?")
def _tree(hub: HubState, asked: Asked, repo: str, revision: str, path: str) -> Answer:
    found = hub.seen(asked, repo)
    hub.accounts.require_files(asked, found)
    commit = found.find(revision)
    prefix = f"{path.strip('/')}/" if path.strip("/") else ""
    entries = _entries(hub, asked, commit)
    listed = [entries[name] for name in sorted(entries) if name.startswith(prefix)]
    if asked.query.get("recursive", "").lower() not in {"true", "1"}:
        listed = [one for one in listed if "/" not in one["path"].removeprefix(prefix)]
    if prefix and not listed:
        raise Refused(404, f"{path} does not exist on {revision!r}", "EntryNotFound")
    start = int(asked.query.get("cursor", 0))
    stop = start + hub.page_size
    answer = Answer.of(listed[start:stop])
    if stop < len(listed):
        more = "&".join(f"{key}={value}" for key, value in asked.query.items() if key != "cursor")
        address = f"{hub.endpoint}{asked.path}?{more}&cursor={stop}"
        answer.headers["Link"] = f'<{address}>; rel="next"'
    return answer


@api.add("POST", f"/api/datasets/{DATASET}/paths-info/{_REVISION}")
def _paths_info(hub: HubState, asked: Asked, repo: str, revision: str) -> Answer:
    found = hub.seen(asked, repo)
    commit = found.find(revision)
    said = parse_qs(asked.text().decode())
    asked.query["expand"] = said.get("expand", ["false"])[-1]
    entries = _entries(hub, asked, commit)
    return Answer.of([entries[name] for name in said.get("paths", []) if name in entries])


def _entries(hub: HubState, asked: Asked, commit: Commit) -> dict[str, dict[str, Any]]:
    """Return files and folders, as ``tree`` tells them, by path."""
    entries = {
        path: entry.to_json(path, hub.objects.xet_hash(entry.sha256) if entry.sha256 else None)
        for path, entry in commit.files.items()
    }
    for path, oid in commit.folders().items():
        entries[path] = {"type": "directory", "oid": oid, "size": 0, "path": path}
    if asked.query.get("expand", "").lower() in {"true", "1"}:
        last = {"id": commit.oid, "title": commit.title, "date": commit.date}
        for entry in entries.values():
            entry["lastCommit"] = last
    return entries


@api.add("HEAD", f"/datasets/{DATASET}/resolve/{_REVISION}/(?P<path>.+)")
@api.add("GET", f"/datasets/{DATASET}/resolve/{_REVISION}/(?P<path>.+)")
def _resolve(hub: HubState, asked: Asked, repo: str, revision: str, path: str) -> Answer:
    found = hub.seen(asked, repo)
    hub.accounts.require_files(asked, found)
    commit = found.find(revision)
    headers = {"X-Repo-Commit": commit.oid}
    entry = commit.files.get(path)
    if entry is None:
        answer = Answer(b"Entry not found", 404, headers)
        answer.headers |= {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}
        return answer
    headers |= {"Accept-Ranges": "bytes", "ETag": f'"{entry.sha256 or entry.oid}"'}
    if entry.sha256 is None:
        return Answer(entry.content or b"", 200, headers)
    headers |= {"X-Linked-Etag": f'"{entry.sha256}"', "X-Linked-Size": str(entry.size)}
    if (xet_hash := hub.objects.xet_hash(entry.sha256)) is not None:
        route = f"{hub.endpoint}/api/datasets/{quote(found.id)}/xet-read-token/{commit.oid}"
        headers |= {"X-Xet-Hash": xet_hash, "X-Xet-Refresh-Route": route}
    place = hub.objects.path(entry.sha256)
    if place.is_file():
        return Answer(place, 200, headers)
    if asked.method == "HEAD":
        return Answer(b"", 200, headers)
    raise Refused(501, "The bytes are with hf_xet alone, which is to fetch them itself.")
