"""The server of tests keeps objects, counts requests, refuses strangers and fails when told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from pyarrow import fs

from prefdata.catalog import Workspace
from prefdata.core.errors import MissingExtraError
from prefdata.testing.object_store import ENVIRONMENT, Fault, ObjectStore, object_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUCKET = "server-itself"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    store = object_store()
    store.make_bucket(_BUCKET)
    store.requests.clear()
    yield store
    store.faults.clear()


def _client(store: ObjectStore, key: str | None = None) -> fs.S3FileSystem:
    return fs.S3FileSystem(
        endpoint_override=store.url,
        region="us-east-1",
        access_key=key,
        secret_key=key,
        allow_delayed_open=True,
        # Three seconds are the default, which a busy machine can need.
        request_timeout=60,
        connect_timeout=60,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1),
    )


def test_objects_are_kept_counted_aged_and_removed(store: ObjectStore) -> None:
    client = _client(store)
    with client.open_output_stream(f"{_BUCKET}/a/b") as stream:
        stream.write(b"content")
    assert store.keys(_BUCKET) == {"a/b": b"content"}
    assert store.requests == {"PUT": 1}
    before = client.get_file_info(f"{_BUCKET}/a/b").mtime_ns
    store.age(_BUCKET, 3600)
    assert before - client.get_file_info(f"{_BUCKET}/a/b").mtime_ns == 3600 * 10**9
    store.put(_BUCKET, "a/b", b"other")
    assert store.keys(_BUCKET) == {"a/b": b"other"}
    store.remove(_BUCKET, "a/b")
    assert store.keys(_BUCKET) == {}
    assert store.uploads(_BUCKET) == 0


def test_a_key_that_it_does_not_know_is_refused(store: ObjectStore) -> None:
    with pytest.raises(OSError, match="INVALID_ACCESS_KEY_ID"):
        _client(store, "AKIASTRANGER").get_file_info(fs.FileSelector(_BUCKET))


def test_it_fails_as_often_as_it_is_told_or_only_waits(store: ObjectStore) -> None:
    client = _client(store)
    selector = fs.FileSelector(_BUCKET)
    store.faults.append(Fault(method="GET", within=_BUCKET, times=1))
    with pytest.raises(OSError, match="INTERNAL_FAILURE"):
        client.get_file_info(selector)
    assert client.get_file_info(selector) == []
    store.faults[:] = [Fault(method="GET", hold_seconds=0.01)]
    assert client.get_file_info(selector) == []


def test_the_settings_of_a_workspace_name_the_server(store: ObjectStore, tmp_path: Path) -> None:
    bucket = Workspace.find(store.write_settings(tmp_path / "w", _BUCKET)).bucket
    assert bucket is not None
    assert (bucket.address, bucket.endpoint) == (f"s3://{_BUCKET}/team/prefs", store.url)


def test_without_the_server_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moto.moto_server.werkzeug_app", None)
    with pytest.raises(MissingExtraError, match="dev"):
        object_store.__wrapped__()
