"""A warehouse in an object store gives what a folder gives, whatever happens on the way."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from prefdata import api
from prefdata.catalog import Catalog
from prefdata.catalog.describe import describe_columns, list_relations
from prefdata.catalog.diff import diff
from prefdata.catalog.verify import verify
from prefdata.core.errors import DataError, SetupError
from prefdata.testing.object_store import ENVIRONMENT, Fault, ObjectStore, object_store
from prefdata.testing.rows import prompt_rows as prompts
from prefdata.testing.world import WorldSpec, write_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DAY = 24 * 3600.0


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    store = object_store()
    store.requests.clear()
    yield store
    store.faults.clear()


@pytest.fixture
def catalog(store: ObjectStore, tmp_path: Path) -> Catalog:
    """A catalog of one small commit."""
    store.make_bucket("faults")
    catalog = Catalog.create(store.write_settings(tmp_path / "w", "faults"))
    _put(catalog, "a")
    return catalog


def _put(catalog: Catalog, source: str, n: int = 3) -> str:
    with catalog.write() as write:
        write.put("prompts", (source,), prompts(source, n))
        return write.commit(f"put {source}").name


def test_a_bucket_gives_the_snapshot_and_the_export_of_a_folder(
    store: ObjectStore, tmp_path: Path
) -> None:
    write_world(tmp_path, WorldSpec(seed=1, scale=0.002, sources=("hh-rlhf",)))
    store.make_bucket("equal")
    local, remote = tmp_path / "local", store.write_settings(tmp_path / "remote", "equal")
    names, exports = [], []
    for folder in (local, remote):
        Catalog.create(folder)
        api.ingest("hh-rlhf", tmp_path / "hh-rlhf", workspace=folder)
        store.requests.clear()
        names.append(api.run("clean", workspace=folder).snapshot.name)
        exports.append([p.read_bytes() for p in sorted((folder / "exports/clean-trl").iterdir())])
    assert names[0] == names[1]
    assert exports[0] == exports[1]
    assert exports[0]
    assert sum(store.requests.values()) < 150, "requests cost money; docs/storage.md says how many"

    # Another machine of the team: the same settings, no copies.
    shutil.rmtree(remote / "cache")
    catalog = Catalog.open(remote)
    store.requests.clear()
    count = "SELECT count(*) FROM pairs"
    with catalog.session(is_locked=True) as session:
        rows = {row["name"]: row["rows"] for row in list_relations(session)}
        assert describe_columns(session, "responses")
        assert not store.requests, "what a session knows without its files is not fetched"
        assert session.sql(count).fetchall() == [(rows["pairs"],)]
        copies = remote / "cache" / "warehouse"
        assert {p.relative_to(copies).parts[0] for p in copies.rglob("*.parquet")} == {"pairs"}
    assert catalog.sql(count).fetchall() == Catalog.open(local).sql(count).fetchall()
    again = api.export("trl", tmp_path / "again", workspace=remote)
    assert again is not None
    assert verify(catalog, is_deep=True).problems == ()
    changes = [c for c in diff(catalog, "#1", "#2") if c.table == "pairs"]
    assert sum(change.added for change in changes) == rows["pairs"]


_CHILD = """
import sys
from prefdata.catalog import Catalog
from prefdata.testing.rows import prompt_rows
with Catalog.open(sys.argv[1]).write() as write:
    write.put("prompts", ("b",), prompt_rows("b", 4))
    write.commit("put b")
"""


def test_a_kill_between_upload_and_commit_changes_nothing(
    store: ObjectStore, catalog: Catalog, tmp_path: Path
) -> None:
    before = catalog.head().name
    # The data is there and Iceberg's metadata never arrives: the commit cannot have happened.
    store.faults.append(Fault(within="metadata", hold_seconds=1000))
    root = str(catalog.workspace.root)
    child = subprocess.Popen([sys.executable, "-c", _CHILD, root])
    ends = time.monotonic() + 60
    while not any("/data/b/" in key for key in store.keys("faults")):
        assert time.monotonic() < ends
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    store.faults.clear()

    again = Catalog.open(root)
    assert again.head().name == before
    found = verify(again, is_deep=True, is_clean=True)
    assert (found.problems, found.orphans, found.removed) == ((), 1, 0), "it is young"
    store.age("faults", 2 * _DAY)
    assert verify(again, is_clean=True).removed == 1
    assert verify(again).orphans == 0

    calm = Catalog.create(tmp_path / "calm")
    _put(calm, "a")
    assert _put(again, "b", 4) == _put(calm, "b", 4)
    assert verify(again, is_deep=True).problems == ()


def test_an_orphan_of_a_writer_that_gave_up_goes_and_the_rest_stays(
    store: ObjectStore, catalog: Catalog
) -> None:
    with catalog.write() as write:
        write.put("prompts", ("b",), prompts("b", 2))
        write.finish("prompts", ("b",))
    store.age("faults", 2 * _DAY)
    found = verify(catalog, is_clean=True)
    assert (found.orphans, found.removed, found.problems) == (1, 1, ())
    assert catalog.scan("prompts").collect().height == 3


def test_missing_and_damaged_objects_are_found(store: ObjectStore, catalog: Catalog) -> None:
    (key,) = (key for key in store.keys("faults") if "/data/" in key)
    content = store.keys("faults")[key]
    store.put("faults", key, content[:-1] + b"x")
    assert verify(catalog).problems == ()
    assert "other bytes" in verify(catalog, is_deep=True).problems[0]
    store.remove("faults", key)
    (problem,) = verify(catalog).problems
    assert problem == f"s3://faults/{key} is missing (snapshot #1)"


def test_metadata_that_is_gone_is_not_taken_for_a_move(
    store: ObjectStore, catalog: Catalog
) -> None:
    for key in list(store.keys("faults")):
        if "/metadata/" in key:
            store.remove("faults", key)
    with pytest.raises(DataError, match="not in the object store"):
        _put(catalog, "b")


def test_a_workspace_that_points_elsewhere_may_be_read_and_not_written(
    store: ObjectStore, catalog: Catalog
) -> None:
    root = catalog.workspace.root
    store.write_settings(root, "faults", prefix="team/elsewhere")
    moved = Catalog.open(root)
    with pytest.raises(SetupError, match="moved or copied"):
        _put(moved, "b")


def test_a_server_that_fails_for_a_while_is_waited_for(
    store: ObjectStore, catalog: Catalog
) -> None:
    store.faults.append(Fault(times=1))
    _put(catalog, "b")
    assert verify(catalog).problems == ()


@pytest.mark.parametrize("within", ["/data/", "/metadata/"])
def test_a_server_that_keeps_failing_is_told_and_the_command_finishes_later(
    within: str, store: ObjectStore, catalog: Catalog
) -> None:
    before = catalog.head()
    store.faults.append(Fault(within=within))
    with pytest.raises(SetupError, match="object store failed") as caught:
        _put(catalog, "b")
    assert caught.value.retryable
    assert catalog.head() == before
    store.faults.clear()
    _put(catalog, "b")
    assert catalog.sql("SELECT count(*) FROM prompts").fetchall() == [(6,)]


def test_wrong_keys_buckets_and_addresses_are_told_before_any_work(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = store.write_settings(tmp_path / "bucket", "no-such-bucket")
    with pytest.raises(SetupError, match="no such bucket"):
        Catalog.create(root)
    with monkeypatch.context() as changed:
        changed.setenv("AWS_ACCESS_KEY_ID", "AKIASTRANGER")
        with pytest.raises(SetupError, match="refuses these credentials") as caught:
            Catalog.create(root)
    assert "AKIA" not in str(caught.value)
    settings = root / "prefdata.toml"
    settings.write_text(settings.read_text().replace(store.url, "http://127.0.0.1:9"))
    with pytest.raises(SetupError, match="cannot be reached") as caught:
        Catalog.create(root)
    assert "http://127.0.0.1:9" in str(caught.value.where)
