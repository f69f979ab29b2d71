"""The scripted hub answers as the hub's clients expect, and fails as it is told to."""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from prefdata.testing._hub_server.card import problems
from prefdata.testing._hub_server.faults import Faults
from prefdata.testing._hub_server.objects import xet_files
from prefdata.testing.hub_server import (
    Fault,
    HubServer,
    client_environment,
    clients_of,
    example_table,
    git_oid,
    stage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from huggingface_hub import HfApi

__all__: list[str] = []

_TOKEN = "hf_scripted"  # noqa: S105 - of a scripted hub
_TOY = "ada/toy"
_API = f"/api/datasets/{_TOY}"
# huggingface_hub hands files to httpx2 in a way that is to go.
_OF_THE_CLIENT = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
_DEFAULT = "{{config_name: {0}, data_files: {0}, default: true}}"
_CARD = "---\nlicense: mit\n---\n# Toy\n"


class _Said(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def _ask(
    hub: HubServer,
    method: str,
    path: str,
    body: Any = None,
    *,
    token: str | None = _TOKEN,
    **headers: str,
) -> _Said:
    """Ask with urllib, a stranger to the clients of the hub."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - loopback
        hub.endpoint + path, data, headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return _Said(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return _Said(error.code, dict(error.headers), error.read())


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer(page_size=2) as server:
        server.add_token(_TOKEN, "ada", organizations=("lab",))
        server.add_token("hf_reader", "ada", role="read")
        server.add_token("hf_other", "bob")
        yield server


@pytest.fixture
def api(hub: HubServer, tmp_path: Path) -> Iterator[HfApi]:
    from huggingface_hub import HfApi

    with clients_of(hub.endpoint, _TOKEN, tmp_path):
        yield HfApi(endpoint=hub.endpoint, token=_TOKEN)


def _commit(hub: HubServer, *lines: tuple[str, dict[str, Any]], query: str = "") -> _Said:
    header = {"summary": "Change"}
    ndjson = [{"key": key, "value": value} for key, value in (("header", header), *lines)]
    body = "\n".join(map(json.dumps, ndjson)).encode()
    return _ask(hub, "POST", f"{_API}/commit/main{query}", body)


def test_a_dataset_begins_with_the_commit_that_the_hub_makes(hub: HubServer) -> None:
    made = _ask(hub, "POST", "/api/repos/create", {"name": "toy", "type": "dataset"})
    again = _ask(hub, "POST", "/api/repos/create", {"name": "toy", "type": "dataset"})
    info = _ask(hub, "GET", _API).json
    assert (made.status, again.status) == (200, 409)
    assert made.json["url"] == again.json["url"] == f"{hub.endpoint}/datasets/{_TOY}"
    assert info["siblings"] == [{"rfilename": ".gitattributes"}]
    assert (info["private"], info["gated"]) == (False, False)
    assert [commit["title"] for commit in _ask(hub, "GET", f"{_API}/commits/main").json] == [
        "initial commit"
    ]
    _ask(hub, "DELETE", "/api/repos/delete", {"name": "toy", "type": "dataset"})
    assert hub.repos == {}


def test_whose_token_it_is(hub: HubServer) -> None:
    said = _ask(hub, "GET", "/api/whoami-v2").json
    assert (said["name"], said["orgs"]) == ("ada", [{"name": "lab"}])
    assert said["auth"]["accessToken"]["role"] == "write"
    other = _ask(hub, "GET", "/api/whoami-v2", token="hf_reader").json  # noqa: S106
    assert other["auth"]["accessToken"]["role"] == "read"
    assert _ask(hub, "GET", "/api/whoami-v2", token=None).status == 401
    hub.revoke(_TOKEN)
    refused = _ask(hub, "GET", "/api/whoami-v2")
    assert refused.status == 401
    assert refused.headers["X-Error-Message"] == "Invalid credentials in Authorization header"


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        (None, 401, "RepoNotFound"),
        ("hf_other", 404, "RepoNotFound"),
        ("hf_wrong", 401, None),
        (_TOKEN, 200, None),
        ("hf_reader", 200, None),
    ],
)
def test_a_private_dataset_is_there_for_its_owner_alone(
    hub: HubServer, token: str | None, status: int, code: str | None
) -> None:
    hub.make_repo(_TOY, "ada", is_private=True)
    said = _ask(hub, "GET", _API, token=token)
    assert (said.status, said.headers.get("X-Error-Code")) == (status, code)


@pytest.mark.parametrize(
    ("token", "status"), [(None, 401), ("hf_other", 403), (_TOKEN, 200), ("hf_reader", 200)]
)
def test_files_of_a_gated_dataset_are_for_those_who_are_let_in(
    hub: HubServer, token: str | None, status: int
) -> None:
    hub.make_repo(_TOY, "ada")
    assert _ask(hub, "PUT", f"{_API}/settings", {"gated": "auto"}).json["gated"] == "auto"
    assert _ask(hub, "GET", _API, token=token).json["gated"] == "auto"
    said = _ask(hub, "GET", f"/datasets/{_TOY}/resolve/main/.gitattributes", token=token)
    assert said.status == status
    assert said.headers.get("X-Error-Code") == (None if status == 200 else "GatedRepo")


@pytest.mark.parametrize("token", [None, "hf_reader", "hf_other", "hf_wrong"])
def test_only_an_owner_with_a_token_for_writing_changes_a_dataset(
    hub: HubServer, token: str | None
) -> None:
    before = hub.make_repo(_TOY, "ada").head
    for method, path in [
        ("POST", f"{_API}/commit/main"),
        ("POST", f"{_API}/preupload/main"),
        ("PUT", f"{_API}/settings"),
        ("POST", f"{_API}/tag/main"),
        ("POST", f"{_API}/branch/dev"),
        ("DELETE", f"{_API}/branch/main"),
        ("POST", f"/datasets/{_TOY}.git/info/lfs/objects/batch"),
        ("POST", f"/datasets/{_TOY}.git/info/lfs/verify"),
        ("GET", f"{_API}/xet-write-token/main"),
    ]:
        assert _ask(hub, method, path, {}, token=token).status in {401, 403}
    assert hub.repos[_TOY].head == before


@_OF_THE_CLIENT
def test_small_and_large_files_come_and_go_by_commits(hub: HubServer, api: HfApi) -> None:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    hub.make_repo(_TOY, "ada")
    large = b"PAR1" + bytes(range(256)) * 40
    adds = [CommitOperationAdd("README.md", _CARD.encode())]
    adds += [CommitOperationAdd(f"data/{n}.parquet", large + bytes([n])) for n in range(3)]
    made = api.create_commit(_TOY, adds, commit_message="First", repo_type="dataset")
    assert hub.repos[_TOY].head.oid == made.oid
    assert hub.repos[_TOY].files["data/1.parquet"] == hashlib.sha256(large + b"\1").hexdigest()
    listed = {
        one.path: one for one in api.list_repo_tree(_TOY, recursive=True, repo_type="dataset")
    }
    assert list(listed) == [
        ".gitattributes",
        "README.md",
        "data",
        *(f"data/{n}.parquet" for n in range(3)),
    ]
    assert listed["README.md"].blob_id == git_oid(_CARD.encode())  # type: ignore[union-attr]
    assert listed["data/0.parquet"].lfs.size == len(large) + 1  # type: ignore[union-attr]
    flat = [one.path for one in api.list_repo_tree(_TOY, repo_type="dataset")]
    assert flat == [".gitattributes", "README.md", "data"]
    gone = [CommitOperationDelete("data/", is_folder=True), CommitOperationDelete("README.md")]
    api.create_commit(_TOY, gone, commit_message="Second", repo_type="dataset")
    assert list(hub.repos[_TOY].files) == [".gitattributes"]
    titles = [one.title for one in api.list_repo_commits(_TOY, repo_type="dataset")]
    assert titles == ["Second", "First", "initial commit"]
    infos = api.get_paths_info(
        _TOY, ["data", "README.md", "no"], revision=made.oid, expand=True, repo_type="dataset"
    )
    assert [one.path for one in infos] == ["data", "README.md"]
    assert infos[1].last_commit.oid == made.oid  # type: ignore[union-attr]


@_OF_THE_CLIENT
def test_large_files_come_in_parts_where_the_hub_wants_parts(tmp_path: Path) -> None:
    from huggingface_hub import CommitOperationAdd, HfApi

    data = bytes(range(256)) * 9
    with (
        HubServer(part_size=1000) as hub,
        clients_of(hub.endpoint, _TOKEN, tmp_path),
    ):
        hub.add_token(_TOKEN, "ada")
        hub.make_repo(_TOY, "ada")
        HfApi(endpoint=hub.endpoint).create_commit(
            _TOY, [CommitOperationAdd("a.bin", data)], commit_message="x", repo_type="dataset"
        )
        sha256 = hashlib.sha256(data).hexdigest()
        assert len(hub.log.find(r"^PUT /lfs/[0-9a-f]+/\d 200")) == 3
        assert hub.repos[_TOY].files["a.bin"] == sha256
        assert hub.objects.path(sha256).read_bytes() == data
        wrong = _ask(hub, "POST", f"/lfs/{'0' * 64}/join", {"parts": [{}]})
        assert wrong.status == 400


def test_bytes_that_are_not_what_they_claim_are_refused(hub: HubServer) -> None:
    hub.make_repo(_TOY, "ada")
    digest = hashlib.sha256(b"right").hexdigest()
    assert _ask(hub, "PUT", f"/lfs/{digest}", b"wrong").status == 400
    assert digest not in hub.objects
    assert _ask(hub, "PUT", f"/lfs/{digest}/1", b"wrong").status == 200
    assert _ask(hub, "POST", f"/lfs/{digest}/join", {"parts": [{}]}).status == 400
    verify = f"/datasets/{_TOY}.git/info/lfs/verify"
    assert _ask(hub, "POST", verify, {"oid": digest, "size": 5}).status == 404
    value = {"path": "a.parquet", "algo": "sha256", "oid": digest, "size": 5}
    assert _commit(hub, ("lfsFile", value)).status == 400
    assert _commit(hub, ("odd", {})).status == 400
    assert _commit(hub, ("deletedFile", {"path": "no"})).headers["X-Error-Code"] == "EntryNotFound"


def test_no_space_is_an_answer_and_leaves_nothing(hub: HubServer) -> None:
    hub.objects.space = 7
    digest = hashlib.sha256(b"12345678").hexdigest()
    assert _ask(hub, "PUT", f"/lfs/{digest}", b"12345678").status == 507
    assert not list(hub.objects.path(digest).parent.iterdir())


def test_a_commit_on_a_stale_parent_is_refused(hub: HubServer) -> None:
    first = hub.make_repo(_TOY, "ada").head
    second = hub.write(_TOY, {"a.txt": b"a"}, by="bob")
    assert second.parent == first.oid
    header = {"summary": "Late", "parentCommit": first.oid}
    body = json.dumps({"key": "header", "value": header}).encode()
    assert _ask(hub, "POST", f"{_API}/commit/main", body).status == 412
    assert hub.repos[_TOY].head == second


def test_ids_of_commits_follow_from_their_content() -> None:
    heads = set()
    for _ in range(2):
        with HubServer() as hub:
            hub.make_repo(_TOY, "ada")
            hub.write(_TOY, {"a.txt": b"a", "b.parquet": b"b"})
            heads.add(hub.write(_TOY, {"a.txt": None}).oid)
    assert len(heads) == 1
    assert git_oid(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"  # as git says


def test_references_name_commits_and_do_not_move(hub: HubServer, api: HfApi) -> None:
    from huggingface_hub.errors import HfHubHTTPError, RevisionNotFoundError

    first = hub.make_repo(_TOY, "ada").head.oid
    api.create_tag(_TOY, tag="v1", revision=first, repo_type="dataset")
    api.create_branch(_TOY, branch="dev", repo_type="dataset")
    second = hub.write(_TOY, {"a.txt": b"a"}).oid
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_tag(_TOY, tag="v1", revision=second, repo_type="dataset")
    assert caught.value.response.status_code == 409
    references = api.list_repo_refs(_TOY, repo_type="dataset")
    assert {one.name: one.target_commit for one in references.tags} == {"v1": first}
    branches = {one.name: one.target_commit for one in references.branches}
    assert branches == {"main": second, "dev": first}
    assert api.dataset_info(_TOY, revision="v1").sha == first
    api.delete_tag(_TOY, tag="v1", repo_type="dataset")
    api.delete_branch(_TOY, branch="dev", repo_type="dataset")
    for revision in ("v1", "dev"):
        with pytest.raises(RevisionNotFoundError):
            api.dataset_info(_TOY, revision=revision)
    with pytest.raises(RevisionNotFoundError):
        api.delete_tag(_TOY, tag="v1", repo_type="dataset")


def test_a_pull_request_leaves_the_branch_alone(hub: HubServer, api: HfApi) -> None:
    from huggingface_hub import CommitOperationAdd

    before = hub.make_repo(_TOY, "ada").head
    made = api.create_commit(
        _TOY,
        [CommitOperationAdd("a.txt", b"a")],
        commit_message="Offer",
        repo_type="dataset",
        create_pr=True,
    )
    assert hub.repos[_TOY].head == before
    assert made.pr_num == 1
    opened = list(api.get_repo_discussions(_TOY, repo_type="dataset", author="ada"))
    assert [(one.num, one.title, one.status) for one in opened] == [(1, "Offer", "open")]
    assert not list(api.get_repo_discussions(_TOY, repo_type="dataset", author="bob"))
    requests = api.list_repo_refs(
        _TOY, repo_type="dataset", include_pull_requests=True
    ).pull_requests
    assert requests is not None
    assert [(one.ref, one.target_commit) for one in requests] == [("refs/pr/1", made.oid)]
    assert api.dataset_info(_TOY, revision="refs/pr/1").sha == made.oid


@pytest.mark.parametrize(
    ("wanted", "status", "got"),
    [
        (None, 200, b"0123456789"),
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-99", 206, b"89"),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.parquet"])
def test_files_are_read_whole_or_in_part(
    hub: HubServer, name: str, wanted: str | None, status: int, got: bytes
) -> None:
    hub.make_repo(_TOY, "ada")
    commit = hub.write(_TOY, {name: b"0123456789"})
    path = f"/datasets/{_TOY}/resolve/{commit.oid}/{name}"
    said = _ask(hub, "GET", path, **({"Range": wanted} if wanted else {}))
    head = _ask(hub, "HEAD", path)
    assert (said.status, said.body) == (status, got)
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "10")
    assert head.headers["X-Repo-Commit"] == commit.oid
    if name == "a.parquet":
        digest = hashlib.sha256(b"0123456789").hexdigest()
        assert head.headers["X-Linked-Etag"] == f'"{digest}"'
        assert head.headers["X-Linked-Size"] == "10"
    missing = _ask(hub, "HEAD", f"{path}.no")
    assert (missing.status, missing.headers["X-Error-Code"]) == (404, "EntryNotFound")


def test_what_is_not_there_is_told_as_the_client_expects(hub: HubServer, api: HfApi) -> None:
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

    with pytest.raises(RepositoryNotFoundError):
        api.dataset_info(_TOY)
    hub.make_repo(_TOY, "ada")
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree(_TOY, "no", repo_type="dataset"))
    assert _ask(hub, "GET", "/no/such/route").status == 404


def test_a_renamed_dataset_is_found_under_its_old_name(hub: HubServer, api: HfApi) -> None:
    hub.make_repo(_TOY, "ada")
    hub.rename(_TOY, "ada/new")
    assert api.dataset_info(_TOY).id == "ada/new"
    assert [one.path for one in api.list_repo_tree(_TOY, recursive=True, repo_type="dataset")]


def test_a_gitignore_hides_files_unless_the_client_brings_another(hub: HubServer) -> None:
    hub.make_repo(_TOY, "ada")
    hub.write(_TOY, {".gitignore": b"# secret\n*.txt\n"})
    files = [{"path": "a.txt", "sample": "", "size": 0}, {"path": "b.md", "sample": "", "size": 0}]
    said = _ask(hub, "POST", f"{_API}/preupload/main", {"files": files}).json["files"]
    assert [one["shouldIgnore"] for one in said] == [True, False]
    body = {"files": files, "gitIgnore": "# nothing\n"}
    said = _ask(hub, "POST", f"{_API}/preupload/main", body).json["files"]
    assert [one["shouldIgnore"] for one in said] == [False, False]


@pytest.mark.parametrize(
    ("front", "wrong"),
    [
        ("license: mit\nlanguage: [en, pt-BR]\nsize_categories: [n<1K]\ntags: [dpo]", None),
        ("license: other\nlicense_name: mine\nlicense_link: LICENSE.md", None),
        ("configs: [{config_name: a, data_files: a/*, default: true}]", None),
        ("extra_gated_fields: {Name: text, Kind: {type: select}}", None),
        ("license: [unclosed", "Invalid YAML"),
        ("- a list", "mapping"),
        ("license: CC BY 4.0", "license"),
        ("license: other", "license_name"),
        ("language: no", "ISO 639"),
        ("size_categories: n<1K", "list"),
        ("size_categories: [n<2K]", "knows no"),
        ("tags: [1]", "tags"),
        ("configs: all", "configs"),
        ("configs: [{data_files: a/*}]", "config_name"),
        (
            f"configs: [{_DEFAULT.format('a')}, {_DEFAULT.format('b')}]",
            "only one",
        ),
        ("extra_gated_fields: [Name]", "mapping"),
        ("extra_gated_fields: {Name: colour}", "knows no kind"),
    ],
)
def test_the_metadata_of_a_card_is_checked(front: str, wrong: str | None) -> None:
    errors, warnings = problems(f"---\n{front}\n---\n# Toy\n")
    assert not warnings
    if wrong is None:
        assert not errors
    else:
        assert any(wrong in error for error in errors)


def test_a_card_without_metadata_is_warned_about(hub: HubServer) -> None:
    said = _ask(hub, "POST", "/api/validate-yaml", {"content": "# Toy\n", "repoType": "dataset"})
    assert (said.status, said.json["errors"]) == (200, [])
    assert "empty or missing" in said.json["warnings"][0]["message"]


def test_faults_wait_for_their_requests(hub: HubServer) -> None:
    hub.make_repo(_TOY, "ada")
    busy = {"Retry-After": "7"}
    hub.fail(Fault(r"^GET .*/refs$", skip=1, n=2, status=429, headers=busy))
    said = [_ask(hub, "GET", f"{_API}/refs") for _ in range(4)]
    assert [one.status for one in said] == [200, 429, 429, 200]
    assert said[1].headers["Retry-After"] == "7"
    assert [str(one) for one in hub.log.find("/refs 429")] == [f"GET {_API}/refs 429"] * 2
    hub.fail(Fault("/refs", n=9, delay_seconds=0.01, status=500))
    hub.faults.clear()
    hub.log.clear()
    assert _ask(hub, "GET", f"{_API}/refs").status == 200
    assert [one.user for one in hub.log.requests] == ["ada"]


@pytest.mark.parametrize(("when", "n_commits"), [("before", 1), ("after", 2)])
def test_a_connection_that_is_cut_may_have_done_its_work(
    hub: HubServer, when: str, n_commits: int
) -> None:
    hub.make_repo(_TOY, "ada")
    hub.fail(Fault.from_json({"route": "/commit/", "drop": when}))
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        _commit(hub, ("file", {"path": "a.txt", "content": "YQ==", "encoding": "base64"}))
    assert len(hub.repos[_TOY].commits) == n_commits
    assert [one.status for one in hub.log.requests] == [None]


def test_a_fault_may_revoke_the_token_or_act_itself(hub: HubServer) -> None:
    hub.make_repo(_TOY, "ada")
    hub.fail(Fault("/refs", call=lambda: hub.write(_TOY, {"a.txt": b"a"}, by="bob")))
    hub.fail(Fault("/settings", revoke=True))
    assert _ask(hub, "GET", f"{_API}/refs").status == 200
    assert hub.repos[_TOY].head.author == "bob"
    assert _ask(hub, "PUT", f"{_API}/settings", {}).status == 401
    assert Faults().take("GET /") is None


def test_it_serves_as_a_process_and_takes_faults_from_outside(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "prefdata.testing.hub_server", "--attached"]
    command += ["--token", "hf_one:ada", "--token", "hf_two:bob:read"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        place = child.stdout.readline().strip()

        class There:
            endpoint = place

        there: Any = There()
        fault = {"route": "whoami", "status": 503}
        assert _ask(there, "POST", "/scripted/faults", fault, token=None).status == 200
        said = [
            _ask(there, "GET", "/api/whoami-v2", token=t) for t in ("hf_one", "hf_one", "hf_two")
        ]
        assert [one.status for one in said] == [503, 200, 200]
        assert [one.json["name"] for one in said[1:]] == ["ada", "bob"]
        log = _ask(there, "GET", "/scripted/log", token=None).json
        assert [one["status"] for one in log] == [503, 200, 200]
        assert child.stdin is not None
        child.stdin.close()
    assert child.returncode == 0


def test_shards_of_hf_xet_tell_which_file_is_which() -> None:
    def record(head: bytes, flags: int = 0, n: int = 0) -> bytes:
        return head + struct.pack("<II", flags, n) + bytes(8)

    name, sha256 = bytes(range(32)), bytes(range(32, 64))
    plain = record(bytes([9]) * 32, 0, 1) + bytes(48)
    full = record(name, 3 << 30, 2) + bytes(48) * 4 + sha256 + bytes(16)
    end = record(b"\xff" * 32)
    found = xet_files(bytes(48) + plain + full + end + bytes(48))
    assert found == {
        "27262524232221202f2e2d2c2b2a292837363534333231303f3e3d3c3b3a3938": (
            "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918"
        )
    }


def test_xet_tokens_are_for_a_hub_with_xet(hub: HubServer) -> None:
    hub.make_repo(_TOY, "ada")
    assert _ask(hub, "GET", f"{_API}/xet-read-token/main").status == 404
    with HubServer(is_xet=True) as other:
        other.add_token(_TOKEN, "ada")
        other.make_repo(_TOY, "ada")
        said = _ask(other, "GET", f"{_API}/xet-write-token/None?create_pr=1")
        assert said.json["casUrl"] == said.headers["X-Xet-Cas-Url"]
        assert said.json["casUrl"] == f"local://{other.objects.xet_folder}"


def test_the_same_rows_are_staged_as_the_same_bytes(tmp_path: Path) -> None:
    tables = {"a": {"train": [example_table(3), example_table(2, first=3)]}}
    one, two, three = (
        stage(tmp_path / name, tables, more=more)
        for name, more in [("1", ""), ("2", ""), ("3", "more")]
    )
    assert one.files == two.files != three.files
    assert one.configs == two.configs == three.configs
    assert one.configs[0].splits[0].rows == 5
    assert not problems((tmp_path / "1" / "README.md").read_text())[0]


def test_clients_of_other_processes_are_told_by_variables(tmp_path: Path) -> None:
    told = client_environment("http://127.0.0.1:1", None, tmp_path, is_xet=True)
    assert told["HF_ENDPOINT"] == "http://127.0.0.1:1"
    assert told["HF_HUB_DISABLE_XET"] == "0"
    assert "HF_TOKEN" not in told
