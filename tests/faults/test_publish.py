"""Whatever fails while a dataset is published: no half of it, no second commit, and a next step."""

from __future__ import annotations

import itertools
import os
import pickle
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import stamina

from prefdata.core.errors import ConflictError, FetchError, SetupError, UserError
from prefdata.core.events import silent
from prefdata.publishers.hub import HubParams, hub
from prefdata.testing.hub_server import (
    Fault,
    HubServer,
    client_environment,
    clients_of,
    example_table,
    stage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prefdata.protocols.publishing import Contents, Receipt
    from prefdata.testing.hub_server import Repo

__all__: list[str] = []

_TOKEN = "hf_scriptedSECRET"  # noqa: S105 - of a scripted hub
_PAIRS = "ada/pairs"
_PARAMS = HubParams(private=False, gated="auto")
_COMMIT = r"^POST .*/commit/"
_CHILD = """
import pickle, sys
from prefdata.core.events import silent
from prefdata.publishers.hub import hub
contents, params, tag = pickle.load(sys.stdin.buffer)
receipt = hub.send(contents, hub.look("ada/pairs", params), params, tag, "Pairs", silent)
sys.stdout.buffer.write(pickle.dumps(receipt))
"""


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as running:
        running.add_token(_TOKEN, "ada")
        yield running


@pytest.fixture(autouse=True)
def client(server: HubServer, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """Point the clients of this process at the hub; they try again at once."""
    with (
        clients_of(server.endpoint, _TOKEN, tmp_path / "home") as patch,
        stamina.set_testing(True, attempts=6, cap=True),
    ):
        yield patch


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    tables = {
        "commercial": {"train": [example_table(5)], "test": [example_table(2, first=5)]},
        "research": {"train": [example_table(3, first=20)]},
    }
    return stage(tmp_path / "staged", tables)


def _publish(contents: Contents, params: HubParams = _PARAMS) -> Receipt:
    return hub.send(contents, hub.look(_PAIRS, params), params, "v1.0.0", "Pairs", silent)


def _published(repo: Repo, *, more: int = 0) -> bool:
    """Tell whether all of it is there, by one commit besides those of others."""
    ours = [commit for commit in repo.commits.values() if commit.title == "Pairs"]
    return len(ours) == 1 and len(repo.commits) == 2 + more and repo.tags == {"v1.0.0": ours[0].oid}


def _is_untouched(server: HubServer) -> bool:
    """Tell whether nobody can see any of it."""
    repo = server.repos.get(_PAIRS)
    return repo is None or (len(repo.commits) == 1 and not repo.tags and repo.is_private)


def _holds(repo: Repo, contents: Contents) -> bool:
    return {file.path: file.sha256 for file in contents.files}.items() <= repo.files.items()


# --- killed --------------------------------------------------------------------------------------


class _KilledError(BaseException):
    """Ends the work as a signal does: nothing in between handles it."""


@contextmanager
def _killed_after(n: int) -> Iterator[None]:
    """Let the client of this process die after the answer to its n-th request, from 0."""
    import httpx2
    import huggingface_hub
    from huggingface_hub.utils import _http

    counter = itertools.count()

    def count(_: Any) -> None:
        if next(counter) == n:
            raise _KilledError

    def factory() -> httpx2.Client:
        hooks = {"response": [count]}
        return httpx2.Client(follow_redirects=True, timeout=None, event_hooks=hooks)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_http, "_GLOBAL_CLIENT_FACTORY", factory)
        huggingface_hub.close_session()
        try:
            yield
        finally:
            huggingface_hub.close_session()


def _is_killed_after(n: int, contents: Contents) -> bool:
    try:
        with _killed_after(n):
            _publish(contents)
    except _KilledError:
        return True
    return False


def test_killed_after_any_answer_it_goes_on_to_the_same_end(tmp_path: Path) -> None:
    contents = stage(tmp_path / "one", {"one": {"train": [example_table(5)]}})
    commits, is_killed, n = set(), True, 0
    while is_killed:
        with HubServer() as server, clients_of(server.endpoint, _TOKEN, tmp_path):
            server.add_token(_TOKEN, "ada")
            is_killed = _is_killed_after(n, contents)
            repo = server.repos.get(_PAIRS)
            if repo is not None:
                has_data = len(repo.commits) > 1
                assert len(repo.commits) <= 2
                assert _holds(repo, contents) is has_data
                assert not has_data or repo.gated == "auto"
                assert repo.is_private or repo.tags
            commits.add(_publish(contents).commit)
            repo = server.repos[_PAIRS]
            assert _published(repo)
            assert _holds(repo, contents)
            assert (repo.is_private, repo.gated) == (False, "auto")
        n += 1
    assert n > 15
    assert len(commits) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_is_killed_at_the_commit_leaves_all_or_nothing(
    server: HubServer, contents: Contents, tmp_path: Path, when: str
) -> None:
    with _child(server, contents, tmp_path) as child:
        if when == "before":
            server.fail(Fault(_COMMIT, call=lambda: os.kill(child.pid, signal.SIGKILL)))
        else:
            # The first request that comes when the commit is there.
            server.fail(Fault("/tree/", skip=1, call=lambda: os.kill(child.pid, signal.SIGKILL)))
        out, _ = child.communicate(pickle.dumps((contents, _PARAMS, "v1.0.0")))
    assert (child.returncode, out) == (-signal.SIGKILL, b"")
    server.faults.clear()
    repo = server.repos[_PAIRS]
    assert len(repo.commits) <= 2  # the request may have been read before the signal came
    assert _holds(repo, contents) is (len(repo.commits) == 2)
    assert len(repo.commits) == 2 or when == "before"
    assert repo.is_private
    server.log.clear()
    receipt = _publish(contents)
    assert receipt.commit == repo.head.oid
    assert _published(repo)
    assert not server.log.find("^PUT /lfs"), "what was uploaded is not uploaded again"


def _child(
    server: HubServer, contents: Contents, tmp_path: Path, *, is_xet: bool = False
) -> subprocess.Popen[bytes]:
    variables = client_environment(server.endpoint, _TOKEN, tmp_path / "other", is_xet=is_xet)
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **variables},
    )


# --- answers that are lost, late or wrong --------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("route", [_COMMIT, "/tag/", "/repos/create", "/settings", "/refs"])
def test_a_connection_that_breaks_is_made_again_and_nothing_comes_twice(
    server: HubServer, contents: Contents, route: str, when: Any
) -> None:
    server.fail(Fault(route, drop=when, n=2))
    assert _publish(contents).is_new
    assert _published(server.repos[_PAIRS])
    assert _holds(server.repos[_PAIRS], contents)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_storm_at_the_commit_passes(server: HubServer, contents: Contents, status: int) -> None:
    headers = {"Retry-After": "0"}
    for route in (_COMMIT, "/tag/", "/settings"):
        server.fail(Fault(route, n=3, status=status, headers=headers))
    assert _publish(contents).is_new
    assert _published(server.repos[_PAIRS])
    assert len(server.log.find(rf"{_COMMIT}main {status}")) == 3


def test_a_storm_that_does_not_pass_is_told_and_leaves_nothing(
    server: HubServer, contents: Contents
) -> None:
    server.fail(Fault(_COMMIT, n=99, status=503))
    with pytest.raises(FetchError, match=r"busy \(503\)") as caught:
        _publish(contents)
    assert caught.value.retryable
    assert "Run the same command again" in str(caught.value.fix)
    assert len(server.log.find(_COMMIT)) == 6
    assert _is_untouched(server)
    server.faults.clear()
    assert _publish(contents).is_new
    assert _published(server.repos[_PAIRS])


def test_an_upload_that_is_refused_for_a_while_is_made_again(
    server: HubServer, contents: Contents
) -> None:
    # The client of the hub waits a second more than it is told to.
    server.fail(Fault("^PUT /lfs", status=429, headers={"Retry-After": "0"}))
    assert _publish(contents).is_new
    assert _published(server.repos[_PAIRS])


def test_nobody_knows_whether_a_commit_is_there_when_the_hub_goes_away(
    server: HubServer, contents: Contents
) -> None:
    server.fail(Fault(_COMMIT, drop="after"))
    server.fail(Fault("/refs", skip=2, n=99, drop="before"))
    with pytest.raises(FetchError) as caught:
        _publish(contents)
    assert "not known whether the commit is there" in str(caught.value.fix)
    assert "Run the same command again" in str(caught.value.fix)
    server.faults.clear()
    receipt = _publish(contents)
    assert (receipt.is_new, receipt.commit) == (False, server.repos[_PAIRS].head.oid)
    assert _published(server.repos[_PAIRS])


def test_a_commit_whose_answer_is_lost_is_found_under_that_of_somebody_else(
    server: HubServer, contents: Contents
) -> None:
    server.make_repo(_PAIRS, "ada", is_private=True)
    server.fail(Fault(_COMMIT, drop="after"))
    theirs = {"scripts/eval.py": b"print()"}
    server.fail(Fault("/refs", skip=2, call=lambda: server.write(_PAIRS, theirs, by="bob")))
    receipt = _publish(contents)
    repo = server.repos[_PAIRS]
    assert repo.head.author == "bob"
    assert receipt.commit == repo.head.parent
    assert _published(repo, more=1)


# --- somebody else -------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["/preupload/", _COMMIT, r"^GET .*/refs"])
def test_a_commit_of_somebody_else_in_between_is_told_and_built_upon(
    server: HubServer, contents: Contents, route: str
) -> None:
    server.make_repo(_PAIRS, "ada", is_private=True)
    remote = hub.look(_PAIRS, _PARAMS)
    theirs = {"README.md": b"---\nlicense: mit\n---\nTheirs.\n"}
    written = []
    server.fail(
        Fault(route, call=lambda: written.append(server.write(_PAIRS, theirs, by="mallory")))
    )
    with pytest.raises(ConflictError, match=r"mallory changed ada/pairs meanwhile") as caught:
        hub.send(contents, remote, _PARAMS, "v1.0.0", "Pairs", silent)
    repo = server.repos[_PAIRS]
    assert written[0].oid[:12] in caught.value.what
    assert "run the same command again" in str(caught.value.fix)
    assert (repo.head, len(repo.commits), repo.tags) == (written[0], 2, {})
    _publish(contents)
    assert repo.head.parent == written[0].oid
    assert _published(repo, more=1)


def test_a_history_that_was_rewritten_is_a_conflict(server: HubServer, contents: Contents) -> None:
    server.make_repo(_PAIRS, "ada")
    remote = hub.look(_PAIRS, _PARAMS)
    server.repos.clear()
    server.make_repo(_PAIRS, "bob")
    server.write(_PAIRS, {"a.txt": b"a"}, by="bob")
    with pytest.raises(ConflictError, match=r"bob changed ada/pairs meanwhile"):
        hub.send(contents, remote, _PARAMS, None, "Pairs", silent)
    assert not _holds(server.repos[_PAIRS], contents)


def test_a_dataset_that_somebody_makes_meanwhile_is_a_conflict(
    server: HubServer, contents: Contents
) -> None:
    def make() -> None:
        server.make_repo(_PAIRS, "bob")
        server.write(_PAIRS, {"README.md": b"# Mine\n"}, by="bob")

    server.fail(Fault("/repos/create", call=make))
    with pytest.raises(ConflictError, match=r"Somebody made ada/pairs meanwhile, with a README.md"):
        _publish(contents)
    assert server.repos[_PAIRS].head.author == "bob"


def test_two_who_publish_the_same_at_once_make_one_commit(
    server: HubServer, contents: Contents
) -> None:
    receipts = []
    server.fail(Fault(_COMMIT, call=lambda: receipts.append(_publish(contents))))
    receipts.append(_publish(contents))
    assert len({receipt.commit for receipt in receipts}) == 1
    assert _published(server.repos[_PAIRS])


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_pull_request_is_not_opened_twice(
    server: HubServer, contents: Contents, when: Any
) -> None:
    server.make_repo(_PAIRS, "ada")
    server.fail(Fault(_COMMIT, drop=when))
    params = HubParams(create_pr=True)
    receipt = _publish(contents, params)
    assert [one.head for one in server.repos[_PAIRS].pull_requests] == [receipt.commit]


def test_a_tag_that_somebody_takes_meanwhile_stays_theirs(
    server: HubServer, contents: Contents
) -> None:
    repo = server.make_repo(_PAIRS, "ada", is_private=True)
    first = repo.head.oid
    server.fail(Fault("/tag/", call=lambda: repo.tags.update({"v1.0.0": first})))
    with pytest.raises(UserError, match=rf"names commit {first[:12]}") as caught:
        _publish(contents)
    assert "Choose another `version`" in str(caught.value.fix)
    assert repo.tags == {"v1.0.0": first}
    assert repo.is_private, "nobody sees it before all of it is there"
    receipt = hub.send(contents, hub.look(_PAIRS, _PARAMS), _PARAMS, "v1.0.1", "Pairs", silent)
    assert (receipt.commit, receipt.is_new, len(repo.commits)) == (repo.head.oid, False, 2)


# --- rights and space ----------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["/preupload/", "/objects/batch", _COMMIT, "/tag/"])
def test_a_token_that_is_revoked_on_the_way_is_told_and_another_goes_on(
    server: HubServer, contents: Contents, client: pytest.MonkeyPatch, route: str
) -> None:
    server.fail(Fault(route, revoke=True))
    with pytest.raises(SetupError, match=r"does not take the token") as caught:
        _publish(contents)
    assert "hf auth login" in str(caught.value.fix)
    assert _TOKEN not in str(caught.value)
    assert route == "/tag/" or _is_untouched(server)
    server.add_token("hf_newSECRET", "ada")
    client.setenv("HF_TOKEN", "hf_newSECRET")
    _publish(contents)
    assert _published(server.repos[_PAIRS])


def test_no_space_at_the_hub_is_told_and_leaves_nothing(
    server: HubServer, contents: Contents
) -> None:
    server.objects.space = 5_000
    with pytest.raises(SetupError, match=r"no space left for ada/pairs") as caught:
        _publish(contents)
    assert "Free storage" in str(caught.value.fix)
    assert _is_untouched(server)
    server.objects.space = None
    _publish(contents)
    assert _published(server.repos[_PAIRS])


def test_no_space_on_this_machine_is_told_and_the_check_may_be_made_again(
    server: HubServer, contents: Contents
) -> None:
    receipt = _publish(contents)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256, hard))
    try:
        with pytest.raises(SetupError, match=r"no space left on this machine") as caught:
            hub.check(receipt, contents, _PARAMS, silent)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "TMPDIR" in str(caught.value.fix)
    assert _published(server.repos[_PAIRS])


def test_a_process_that_dies_while_it_loads_is_told(
    server: HubServer, contents: Contents, client: pytest.MonkeyPatch
) -> None:
    receipt = _publish(contents)
    client.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SetupError, match=r"ended with 1: it said nothing"):
        hub.check(receipt, contents, _PARAMS, silent)


# --- the other way for large files ---------------------------------------------------------------


def test_with_xet_too_it_is_one_commit_that_loads_as_it_was_staged(
    contents: Contents, tmp_path: Path
) -> None:
    with (
        HubServer(is_xet=True) as server,
        clients_of(server.endpoint, _TOKEN, tmp_path) as patch,
    ):
        server.add_token(_TOKEN, "ada")
        # In a process of its own, because it holds a lock on the storage while it lives.
        with _child(server, contents, tmp_path, is_xet=True) as child:
            out, _ = child.communicate(pickle.dumps((contents, _PARAMS, "v1.0.0")))
        receipt: Receipt = pickle.loads(out)  # noqa: S301 - of our own process
        assert server.log.find("xet-write-token")
        assert not server.log.find("/lfs")
        repo = server.repos[_PAIRS]
        assert _published(repo)
        assert _holds(repo, contents)
        patch.setenv("HF_HUB_DISABLE_XET", "0")
        checked = hub.check(receipt, contents, _PARAMS, silent)
        assert server.log.find("xet-read-token")
        assert checked.rows == {"commercial/test": 2, "commercial/train": 5, "research/train": 3}
        assert not _publish(contents).is_new
        assert _published(repo)
