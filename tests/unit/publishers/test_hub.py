"""A staged folder becomes one commit on the hub, and what loads from there is what was staged."""

from __future__ import annotations

import dataclasses
import datetime as dt
import errno
import hashlib
import sys
import traceback
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError as ParamsError

from prefdata.core.errors import (
    ConflictError,
    FetchError,
    MissingExtraError,
    PrefdataError,
    SetupError,
    UserError,
    ValidationError,
)
from prefdata.core.events import Event, Note, Progress, StepStarted, silent
from prefdata.protocols.publishing import Change, Contents, Receipt, RemoteFile, StagedFile
from prefdata.publishers._hub import checking, loading, problems
from prefdata.publishers._hub.client import connect
from prefdata.publishers._hub.comparing import compare, listed
from prefdata.publishers.hub import HubParams, hub
from prefdata.registry import plugin
from prefdata.testing.hub_server import HubServer, clients_of, example_table, git_oid, stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__: list[str] = []

_TOKEN = "hf_scriptedSECRET"  # noqa: S105 - of a scripted hub
_PAIRS = "ada/pairs"
_OPEN = HubParams(private=False)


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer(page_size=3) as running:
        running.add_token(_TOKEN, "ada")
        running.add_token("hf_reader", "ada", role="read")
        running.add_token("hf_other", "bob")
        yield running


@pytest.fixture
def patch(server: HubServer, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    with clients_of(server.endpoint, _TOKEN, tmp_path / "home") as patched:
        yield patched


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    return _stage(tmp_path / "v1")


def _stage(folder: Path, *, word: str = "pair", more: str = "") -> Contents:
    tables = {
        "commercial": {
            "train": [example_table(4, word=word), example_table(3, first=4)],
            "test": [example_table(2, first=9)],
        },
        "research": {"train": [example_table(3, first=20)]},
    }
    return stage(folder, tables, more=more)


def _publish(
    contents: Contents, params: HubParams = _OPEN, *, tag: str | None = "v1.0.0"
) -> Receipt:
    remote = hub.look(_PAIRS, params)
    return hub.send(contents, remote, params, tag, "Pairs", silent)


def _digests(contents: Contents) -> dict[str, str]:
    return {file.path: file.sha256 for file in contents.files}


def _actions(changes: list[Change]) -> dict[str, str]:
    return {change.path: change.action for change in changes}


# --- looking -------------------------------------------------------------------------------------


def test_it_is_found_by_its_name() -> None:
    assert plugin("publisher", "hub") is hub


def test_what_is_not_there_yet_is_told_as_absent(
    server: HubServer, patch: pytest.MonkeyPatch
) -> None:
    remote = hub.look(_PAIRS, HubParams())
    assert (remote.exists, remote.commit, remote.files, remote.user) == (False, None, {}, "ada")


def test_looking_tells_everything_and_changes_nothing(
    server: HubServer, patch: pytest.MonkeyPatch
) -> None:
    repo = server.make_repo(_PAIRS, "ada", is_private=True)
    repo.gated = "manual"
    card = "# Pärs\n"
    commit = server.write(_PAIRS, {"README.md": card.encode(), "a.parquet": b"1", "b.txt": b"2"})
    repo.tags["v0"] = commit.oid
    remote = hub.look(_PAIRS, HubParams())
    assert remote.commit == commit.oid
    assert (remote.card, remote.tags, remote.gated) == (card, {"v0": commit.oid}, "manual")
    assert remote.is_private
    assert set(remote.files) == {".gitattributes", "README.md", "a.parquet", "b.txt"}
    assert remote.files["a.parquet"] == RemoteFile(
        "a.parquet", 1, hashlib.sha256(b"1").hexdigest(), None
    )
    assert remote.files["b.txt"] == RemoteFile("b.txt", 1, None, git_oid(b"2"))
    assert {one.method for one in server.log.requests} <= {"GET", "HEAD"}


def test_a_branch_that_is_not_there_has_no_commit(
    server: HubServer, patch: pytest.MonkeyPatch
) -> None:
    server.make_repo(_PAIRS, "ada")
    remote = hub.look(_PAIRS, HubParams(branch="next"))
    assert (remote.exists, remote.commit) == (True, None)


def test_a_public_dataset_is_looked_at_without_a_token(server: HubServer, tmp_path: Path) -> None:
    server.make_repo(_PAIRS, "ada")
    with clients_of(server.endpoint, None, tmp_path):
        assert hub.look(_PAIRS, HubParams()).user is None
        assert not server.log.find("whoami")


def test_a_dataset_that_was_renamed_is_not_taken_for_another(
    server: HubServer, patch: pytest.MonkeyPatch
) -> None:
    server.make_repo(_PAIRS, "ada")
    server.rename(_PAIRS, "ada/new")
    with pytest.raises(UserError, match=r"named ada/new now"):
        hub.look(_PAIRS, HubParams())


@pytest.mark.parametrize(
    ("target", "says"), [("pairs", "whose dataset"), ("a/b/c", "no name"), ("ada/-x", "no name")]
)
def test_a_target_is_an_owner_and_a_name(patch: pytest.MonkeyPatch, target: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        hub.look(target, HubParams())


def test_a_machine_without_a_network_says_so(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("PREFDATA_OFFLINE", "1")
    with pytest.raises(FetchError, match=r"PREFDATA_OFFLINE=1 is set"):
        hub.look(_PAIRS, HubParams())


def test_a_hub_that_nobody_answers_for_is_an_error_that_may_pass(patch: pytest.MonkeyPatch) -> None:
    import stamina

    patch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with stamina.set_testing(True, attempts=2), pytest.raises(FetchError) as caught:
        hub.look(_PAIRS, HubParams())
    assert caught.value.retryable
    assert "check the network" in str(caught.value.fix)


def test_without_the_library_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"prefdata\[hub\]"):
        hub.look(_PAIRS, HubParams())


# --- planning ------------------------------------------------------------------------------------

_PATHS = st.sampled_from(["a.md", "b.md", "c.md", "d.md", ".gitattributes"])
_BYTES = st.sampled_from([b"", b"1", b"2", b"33"])


@given(
    staged=st.dictionaries(_PATHS, _BYTES),
    there=st.dictionaries(_PATHS, st.tuples(_BYTES, st.booleans())),
    before=st.dictionaries(_PATHS, _BYTES),
)
def test_every_file_has_one_change_and_only_our_own_are_deleted(
    tmp_path_factory: pytest.TempPathFactory,
    staged: dict[str, bytes],
    there: dict[str, tuple[bytes, bool]],
    before: dict[str, bytes],
) -> None:
    folder = tmp_path_factory.mktemp("staged")
    for path, data in staged.items():
        (folder / path).write_bytes(data)
    remote = {path: _remote(path, *about) for path, about in there.items()}
    listing = "".join(f"{_sha256(data)}  {path}\n" for path, data in before.items()).encode()
    remote["checksums.sha256"] = _remote("checksums.sha256", listing, is_large=False)
    bytes_there = {**{path: data for path, (data, _) in there.items()}, "checksums.sha256": listing}
    changes = compare(_contents(folder, staged), remote, read=bytes_there.__getitem__, most=9)
    actions = _actions(changes)
    assert [change.path for change in changes] == sorted(staged.keys() | remote.keys())
    for path, data in staged.items():
        same = path in there and there[path][0] == data
        assert actions[path] == ("same" if same else "update" if path in there else "add")
    for path in remote.keys() - staged.keys():
        is_ours = path in before and before[path] == bytes_there[path]
        is_ours = is_ours and path != ".gitattributes"  # the hub's
        assert actions[path] == ("delete" if is_ours else "foreign")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _remote(path: str, data: bytes, is_large: bool) -> RemoteFile:
    sha256, oid = (_sha256(data), None) if is_large else (None, git_oid(data))
    return RemoteFile(path, len(data), sha256, oid)


def _contents(folder: Path, staged: Mapping[str, bytes]) -> Contents:
    files = [StagedFile(path, len(data), _sha256(data)) for path, data in sorted(staged.items())]
    return Contents(folder, tuple(files), ())


@given(st.text())
def test_any_text_is_read_as_a_list_of_checksums(text: str) -> None:
    assert all(len(digest) == 64 for digest in listed(text).values())


def test_checksums_are_read_as_sha256sum_writes_them() -> None:
    digest = "0a" * 32
    assert listed(f"{digest}  a b.txt\n{digest} *./c/d.txt\nodd\n") == {
        "a b.txt": digest,
        "c/d.txt": digest,
    }


def test_more_files_than_one_commit_takes_are_refused(contents: Contents) -> None:
    with pytest.raises(UserError, match=r"one commit takes 2"):
        compare(contents, {}, read=lambda _: b"", most=2)


# --- sending -------------------------------------------------------------------------------------


def test_a_new_dataset_is_one_commit_with_its_gate_before_and_its_doors_open_after(
    server: HubServer, patch: pytest.MonkeyPatch, contents: Contents
) -> None:
    told: list[Event] = []
    params = HubParams(private=False, gated="auto")
    remote = hub.look(_PAIRS, params)
    assert set(_actions(hub.plan(contents, remote, params)).values()) == {"add"}
    receipt = hub.send(contents, remote, params, "v1.0.0", "Pairs v1.0.0", told.append)
    repo = server.repos[_PAIRS]
    assert [commit.title for commit in repo.history("main")] == ["Pairs v1.0.0", "initial commit"]
    assert {**_digests(contents), ".gitattributes": repo.files[".gitattributes"]} == repo.files
    assert repo.tags == {"v1.0.0": repo.head.oid}
    assert (repo.is_private, repo.gated) == (False, "auto")
    assert (receipt.commit, receipt.tag, receipt.is_new) == (repo.head.oid, "v1.0.0", True)
    assert receipt.files == _digests(contents)
    assert receipt.url == f"{server.endpoint}/datasets/{_PAIRS}/tree/v1.0.0"
    changing = [one.path.split("/")[-2:] for one in server.log.find(r"^(PUT|POST) /api")]
    assert [path for path in changing if "validate-yaml" not in path] == [
        ["repos", "create"],
        ["pairs", "settings"],
        ["preupload", "main"],
        ["commit", "main"],
        ["tag", repo.head.oid],
        ["pairs", "settings"],
    ]
    size = sum(file.size for file in contents.files)
    assert told == [
        StepStarted(f"upload:{_PAIRS}", "hub", size, "bytes"),
        Progress(f"upload:{_PAIRS}", size),
        Note(f"{_PAIRS} is public from now on"),
    ]


def test_publishing_again_changes_nothing(
    server: HubServer, patch: pytest.MonkeyPatch, contents: Contents
) -> None:
    first = _publish(contents)
    commits = dict(server.repos[_PAIRS].commits)
    server.log.clear()
    again = _publish(contents)
    assert again == dataclasses.replace(first, is_new=False)
    assert server.repos[_PAIRS].commits == commits
    assert not server.log.find(r"^(PUT|POST|DELETE)")
    assert len(server.log.requests) <= 8


def test_a_new_version_updates_removes_what_was_ours_and_leaves_the_rest(
    server: HubServer, patch: pytest.MonkeyPatch, contents: Contents, tmp_path: Path
) -> None:
    _publish(contents)
    theirs = {"scripts/eval.py": b"print()", "extra.parquet": b"PAR1"}
    server.write(_PAIRS, theirs, by="bob")
    tables = {
        "commercial": {"train": [example_table(7)]},
        "research": {"train": [example_table(3, first=20)]},
    }
    second = stage(tmp_path / "v2", tables)
    remote = hub.look(_PAIRS, _OPEN)
    assert _actions(hub.plan(second, remote, _OPEN)) == {
        ".gitattributes": "foreign",
        "README.md": "update",
        "checksums.sha256": "update",
        "commercial/test-00000-of-00001.parquet": "delete",
        "commercial/train-00000-of-00001.parquet": "add",
        "commercial/train-00000-of-00002.parquet": "delete",
        "commercial/train-00001-of-00002.parquet": "delete",
        "extra.parquet": "foreign",
        "research/train-00000-of-00001.parquet": "same",
        "scripts/eval.py": "foreign",
    }
    receipt = hub.send(second, remote, _OPEN, "v2.0.0", "Pairs 2", silent)
    files = server.repos[_PAIRS].files
    assert set(files) == {*_digests(second), *theirs, ".gitattributes"}
    assert _digests(second).items() <= files.items()
    assert server.repos[_PAIRS].tags["v2.0.0"] == receipt.commit


def test_a_new_dataset_stays_private_unless_it_is_to_be_public(
    server: HubServer, patch: pytest.MonkeyPatch, contents: Contents
) -> None:
    told: list[Event] = []
    remote = hub.look(_PAIRS, HubParams())
    hub.send(contents, remote, HubParams(), None, "Pairs", told.append)
    assert server.repos[_PAIRS].is_private
    assert Note(f"{_PAIRS} is private: only its owner sees it") in told
    assert server.repos[_PAIRS].tags == {}
    _publish(contents, HubParams(private=False))
    assert not server.repos[_PAIRS].is_private
    hub.send(
        contents,
        hub.look(_PAIRS, HubParams()),
        HubParams(private=True),
        None,
        "Pairs",
        told.append,
    )
    assert server.repos[_PAIRS].is_private
    assert told[-1] == Note(f"{_PAIRS} was public, and is private from now on")
    assert len(server.repos[_PAIRS].commits) == 2


def test_a_branch_is_made_where_there_is_none(
    server: HubServer, patch: pytest.MonkeyPatch, contents: Contents
) -> None:
    before = server.make_repo(_PAIRS, "ada").head
    receipt = _publish(contents, HubParams(branch="next"))
    repo = server.repos[_PAIRS]
    assert (repo.branches["next"], repo.head) == (receipt.commit, before)
    assert repo.commits[receipt.commit].parent == before.oid


def test_a_pull_request_is_opened_once_and_nothing_else_changes(
    server: HubServer, patch: pytest.MonkeyPatch, contents: Contents
) -> None:
    before = server.make_repo(_PAIRS, "ada").head
    server.write(_PAIRS, {"a.txt": b"a"}, by="bob")
    server.repos[_PAIRS].offer({}, title="Another", author="ada")
    params = HubParams(create_pr=True)
    first = _publish(contents, params)
    again = _publish(contents, params)
    repo = server.repos[_PAIRS]
    assert before.oid in repo.commits
    assert (repo.head.author, repo.tags) == ("bob", {})
    assert [one.title for one in repo.pull_requests] == ["Another", "Pairs"]
    assert first.pull_request == f"{server.endpoint}/datasets/{_PAIRS}/discussions/2"
    assert (first.commit, first.tag, first.is_new) == (repo.pull_requests[1].head, None, True)
    assert again == dataclasses.replace(first, is_new=False)


def test_what_somebody_wants_ignored_is_published_all_the_same(
    server: HubServer, patch: pytest.MonkeyPatch, contents: Contents
) -> None:
    server.make_repo(_PAIRS, "ada")
    server.write(_PAIRS, {".gitignore": b"*.sha256\n*.parquet\n"})
    _publish(contents)
    assert _digests(contents).items() <= server.repos[_PAIRS].files.items()


def test_a_card_that_the_hub_refuses_is_told_before_anything_is_sent(
    server: HubServer, patch: pytest.MonkeyPatch, contents: Contents
) -> None:
    card = contents.folder / "README.md"
    card.write_text(card.read_text().replace("cc-by-4.0", "CC BY"))
    server.make_repo(_PAIRS, "ada")
    with pytest.raises(UserError, match=r'refuses the card: "license" must be'):
        _publish(contents)
    assert not server.log.find("preupload|lfs|commit")


def test_warnings_of_the_hub_are_told(
    server: HubServer, patch: pytest.MonkeyPatch, contents: Contents
) -> None:
    data = b"# No metadata\n"
    (contents.folder / "README.md").write_bytes(data)
    file = StagedFile("README.md", len(data), _sha256(data))
    told: list[Event] = []
    alone = Contents(contents.folder, (file,), ())
    remote = hub.look(_PAIRS, _OPEN)
    hub.send(alone, remote, _OPEN, None, "Pairs", told.append)
    assert any(isinstance(one, Note) and "empty or missing yaml" in one.text for one in told)


def test_a_staged_file_that_changes_meanwhile_is_not_committed(
    server: HubServer, patch: pytest.MonkeyPatch, contents: Contents
) -> None:
    (contents.folder / "commercial/test-00000-of-00001.parquet").write_bytes(b"PAR1")
    with pytest.raises(ConflictError, match=r"changed while it was sent"):
        _publish(contents)
    assert len(server.repos[_PAIRS].commits) == 1


def test_a_tag_that_names_something_else_stops_everything_before_it_is_sent(
    server: HubServer, patch: pytest.MonkeyPatch, contents: Contents
) -> None:
    repo = server.make_repo(_PAIRS, "ada")
    for there in (repo.head, server.write(_PAIRS, {"a.txt": b"a"})):
        repo.tags["v1.0.0"] = there.oid
        with pytest.raises(UserError, match=rf"v1.0.0 of ada/pairs names commit {there.oid[:12]}"):
            _publish(contents)
    assert not server.log.find("preupload|lfs|/commit/")


def test_a_tag_that_names_the_same_files_is_the_publication(
    server: HubServer, patch: pytest.MonkeyPatch, contents: Contents
) -> None:
    first = _publish(contents)
    server.write(_PAIRS, {"README.md": b"# Somebody wrote another card\n"}, by="bob")
    again = _publish(contents)
    assert again == dataclasses.replace(first, is_new=False)
    assert server.repos[_PAIRS].head.author == "bob"


@pytest.mark.parametrize(
    "wrong",
    [
        {"branch": "refs/pr/1"},
        {"branch": "-x"},
        {"create_pr": True, "branch": "next"},
        {"gated": "yes"},
        {"max_files": 30_000},
    ],
)
def test_parameters_that_the_hub_refuses_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParamsError):
        HubParams(**wrong)


# --- who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "says", "advice"),
    [
        (None, "wants a token, and there is none", "hf auth login"),
        ("hf_wrongSECRET", "does not take the token", "hf auth login"),
        ("hf_reader", "may not change ada/pairs", "role `write` of a member of ada"),
        ("hf_other", "may not change ada/pairs", "role `write` of a member of ada"),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_token_that_is_of_no_use_is_told_with_what_to_do(
    server: HubServer,
    contents: Contents,
    tmp_path: Path,
    token: str | None,
    says: str,
    advice: str,
    *,
    is_there: bool,
) -> None:
    if is_there:
        server.make_repo(_PAIRS, "ada")
    told: list[Event] = []
    with clients_of(server.endpoint, token, tmp_path), pytest.raises(SetupError) as caught:
        hub.send(contents, hub.look(_PAIRS, _OPEN), _OPEN, "v1", "Pairs", told.append)
    assert says in caught.value.what
    assert advice in str(caught.value.fix)
    if token is not None:
        everything = "".join(traceback.format_exception(caught.value)) + repr(told)
        assert token not in everything.replace("hf_reader:", "")
    assert is_there == (_PAIRS in server.repos)
    assert not server.log.find(r"lfs|/commit/.* 200")


@pytest.mark.parametrize(
    ("token", "is_there", "says"),
    [
        (None, False, "wants a token, and there is none"),
        ("hf_reader", True, "its role is `read`"),
        ("hf_other", False, "bob is no member of ada"),
        (_TOKEN, False, None),
    ],
)
def test_a_token_that_cannot_write_is_refused_before_any_work(
    server: HubServer, tmp_path: Path, token: str | None, says: str | None, *, is_there: bool
) -> None:
    if is_there:
        server.make_repo(_PAIRS, "ada")
    assert hub.ready is not None
    with clients_of(server.endpoint, token, tmp_path):
        remote = hub.look(_PAIRS, _OPEN)
        if says is None:
            hub.ready(remote, _OPEN)
            return
        with pytest.raises(SetupError) as caught:
            hub.ready(remote, _OPEN)
    assert says in caught.value.what
    assert "hf auth login" in str(caught.value.fix)


def test_a_gated_dataset_of_others_is_told_as_one(server: HubServer, tmp_path: Path) -> None:
    server.make_repo(_PAIRS, "ada").gated = "manual"
    with clients_of(server.endpoint, "hf_other", tmp_path), pytest.raises(SetupError) as caught:
        hub.look(_PAIRS, HubParams())
    assert "is gated, and this user is not let in" in caught.value.what


def test_tokens_are_taken_out_of_texts() -> None:
    text = "Bearer abc.def hf_abcdefgh0123 and Secret0"
    assert problems.scrubbed(text, "Secret0") == "Bearer hf_… hf_… and hf_…"
    assert problems.scrubbed("half_life hf_hub", None) == "half_life hf_hub"


# --- what the client raises ----------------------------------------------------------------------


def _refused(status: int, **headers: str) -> Exception:
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    request = httpx2.Request("POST", "http://127.0.0.1/api")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HfHubHTTPError("No.", response=httpx2.Response(status, headers=named, request=request))


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (_refused(400), False),
        (_refused(507), False),
        (_refused(503), True),
        (_refused(429, Retry_After="7"), 7.0),
        (_refused(503, Retry_After="99999"), 60.0),
        (_refused(429, Retry_After="soon"), True),
        (_refused(429, RateLimit='"api";r=0;t=55'), 56.0),
        (_refused(429, RateLimit='"api";r=3;t=55', Retry_After="2"), 2.0),
        (ConnectionError("no"), False),
        (FetchError("no"), False),
    ],
)
def test_waiting_is_for_what_passes_and_as_long_as_the_hub_asks(
    error: Exception, waits: float | bool
) -> None:
    assert problems._passing(error) == waits


@pytest.mark.parametrize(
    ("error", "kind", "says", "advice"),
    [
        (_refused(400), SetupError, r"refuses \(400\)", "Correct what it names"),
        (_refused(412), ConflictError, "changed ada/pairs meanwhile", "same command again"),
        (_refused(507), SetupError, "no space left for ada/pairs", "Free storage"),
        (_refused(503), FetchError, r"busy \(503\)", "nothing is committed twice"),
        (OSError(errno.ENOSPC, "full", "/t/x"), SetupError, "no space left on this", "TMPDIR"),
        (ValueError("Invalid metadata in README.md"), UserError, "refuses the card", "Correct"),
        (RuntimeError("odd"), FetchError, "did not answer: odd", "check the network"),
    ],
)
def test_each_error_of_the_client_says_what_to_do(
    error: Exception, kind: type[PrefdataError], says: str, advice: str
) -> None:
    with (
        pytest.raises(kind, match=says) as caught,
        problems.explained(_PAIRS, "https://hub/datasets/ada/pairs", None),
    ):
        raise error
    assert advice in str(caught.value.fix)


def test_the_token_is_not_in_the_cause_of_an_error_either() -> None:
    with (
        pytest.raises(FetchError) as caught,
        problems.explained(_PAIRS, "https://hub", "verysecret"),
    ):
        raise RuntimeError("verysecret")
    assert "verysecret" not in "".join(traceback.format_exception(caught.value, chain=False))
    assert "verysecret" not in str(caught.value.__cause__)


# --- loading it again ----------------------------------------------------------------------------


def _odd_table() -> pa.Table:
    """Return a row of everything and a row of nothing, of each type that loads."""
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    day = dt.datetime(2026, 3, 1, 12, 30, 0, 123456)  # noqa: DTZ001 - a type without a zone
    columns: list[tuple[str, pa.DataType, Any]] = [
        ("text", pa.large_string(), "ä\u2028\n\"'"),
        ("category", pa.dictionary(pa.int32(), pa.string()), "b"),
        ("wide_category", pa.dictionary(pa.int8(), pa.large_string()), "c"),
        ("truth", pa.bool_(), True),
        ("small", pa.int8(), -1),
        ("large", pa.uint64(), 2**64 - 1),
        ("ratio", pa.float32(), 0.1),
        ("exact", pa.float64(), 0.1),
        ("decimal", pa.decimal128(12, 3), Decimal("1.250")),
        ("date", pa.date32(), day.date()),
        ("clock", pa.time64("us"), day.time()),
        ("second", pa.timestamp("s"), day.replace(microsecond=0)),
        ("when", pa.timestamp("us"), day),
        ("nano", pa.timestamp("ns"), day),
        ("zoned", pa.timestamp("us", "UTC"), day.replace(tzinfo=dt.UTC)),
        ("vector", pa.list_(pa.float32(), 2), [0.5, 1.5]),
        ("flags", pa.list_(pa.string()), []),
        ("large_list", pa.large_list(pa.int32()), [1, None]),
        ("turns", pa.list_(turn), [{"role": "user", "content": None}, None]),
        ("turn", turn, {"role": None, "content": ""}),
        ("deep", pa.list_(pa.list_(turn)), [[], [{"role": "a", "content": "b"}]]),
        ("nothing", pa.null(), None),
    ]
    return pa.table({name: pa.array([value, None, value], kind) for name, kind, value in columns})


def test_what_loads_by_the_commit_is_what_was_staged_whatever_its_types(
    server: HubServer, patch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tables = {
        "pairs": {
            "train": [example_table(4), example_table(3, first=4)],
            "test": [example_table(2, first=9)],
        },
        "odd": {"train": [_odd_table()]},
    }
    contents = stage(tmp_path / "odd", tables)
    receipt = _publish(contents, HubParams(gated="manual"))
    server.write(_PAIRS, {"README.md": b"# Changed later\n"}, by="bob")
    told: list[Event] = []
    checked = hub.check(receipt, contents, HubParams(), told.append)
    assert checked.commit == receipt.commit
    assert checked.rows == {"odd/train": 3, "pairs/test": 2, "pairs/train": 7}
    assert checked.n_files == len(contents.files)
    assert told[0] == StepStarted(f"load:{_PAIRS}", "hub", 12, "rows")
    assert told[-1] == Progress(f"load:{_PAIRS}", 12)


def test_what_cannot_be_loaded_is_the_fault_of_the_data_or_of_the_machine(
    patch: pytest.MonkeyPatch,
) -> None:
    def broken() -> None:
        raise ValueError("wrapped") from TypeError("no dtype for map")

    def full() -> None:
        raise RuntimeError("wrapped") from OSError(errno.ENOSPC, "full")

    client = connect(_PAIRS)
    with pytest.raises(ValidationError, match=r"'odd' of ada/pairs: TypeError: no dtype for map"):
        loading._loaded(client, "odd", broken)
    with pytest.raises(SetupError, match="no space left on this machine"):
        loading._loaded(client, "odd", full)


def _receipt(contents: Contents) -> Receipt:
    return Receipt(_PAIRS, "0" * 40, None, "https://hub/x", _digests(contents), is_new=True)


def test_a_file_with_other_bytes_is_told(contents: Contents) -> None:
    receipt = _receipt(contents)
    checking._compare_files(dict(receipt.files), receipt)
    for found in ({}, {**receipt.files, "README.md": "0" * 64}):
        with pytest.raises(ValidationError, match=r"The file README.md of ada/pairs"):
            checking._compare_files(found, receipt)


@pytest.mark.parametrize(
    ("names", "default", "says"),
    [
        (["commercial"], "commercial", "has the configurations commercial, and"),
        ([], None, "has the configurations none, and"),
        (["commercial", "research"], None, "gives no configuration, not commercial"),
        (["commercial", "research"], "research", "gives research, not commercial"),
    ],
)
def test_other_configurations_are_told(
    contents: Contents, names: list[str], default: str | None, says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        checking._compare_configs(names, default, contents.configs, _receipt(contents))


def _splits(contents: Contents) -> dict[str, dict[str, Any]]:
    return {
        f"{config.name}/{split.name}": {"rows": split.rows, "digest": split.digest}
        for config in contents.configs
        for split in config.splits
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"research/train": None}, "The split research/train of ada/pairs is missing"),
        ({"research/more": {}}, "The split research/more of ada/pairs was not staged"),
        ({"research/train": {"rows": 9}}, r"research/train of ada/pairs has 9 rows instead of 3"),
        ({"research/train": {"digest": "0"}}, "research/train of ada/pairs has other values"),
    ],
)
def test_other_rows_are_told_by_their_split(
    contents: Contents, change: dict[str, dict[str, Any] | None], says: str
) -> None:
    found = _splits(contents)
    checking._compare_splits(found, contents, _receipt(contents))
    for name, values in change.items():
        if values is None:
            del found[name]
        else:
            found[name] = {**found.get(name, {"rows": 0, "digest": ""}), **values}
    with pytest.raises(ValidationError, match=says):
        checking._compare_splits(found, contents, _receipt(contents))


def test_an_error_of_the_other_process_is_raised_here() -> None:
    error = checking._passed_on("fetch", "It failed.", "here", "Again.", retryable=True)
    assert isinstance(error, FetchError)
    assert (error.what, error.where, error.fix) == ("It failed.", "here", "Again.")
    assert error.retryable
    assert isinstance(
        checking._passed_on("validation", "Odd.", None, None, retryable=False), ValidationError
    )
