"""Files of an object store are sent whole, fetched once, and dropped here when there is no room."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prefdata.catalog._objects.errors import storage_error
from prefdata.catalog._objects.warehouse import ObjectWarehouse
from prefdata.catalog.state import FileEntry
from prefdata.catalog.workspace import Bucket
from prefdata.core.errors import DataError, SetupError
from prefdata.core.fingerprint import ID_HEX_DIGITS, file_digest
from prefdata.testing.object_store import ENVIRONMENT, Fault, ObjectStore, object_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUCKET = "objects"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    store = object_store()
    store.make_bucket(_BUCKET)
    yield store
    store.faults.clear()


@pytest.fixture
def warehouse(store: ObjectStore, tmp_path: Path) -> ObjectWarehouse:
    bucket = Bucket(_BUCKET, "team", store.url, "us-east-1", cache_bytes=1000)
    warehouse = ObjectWarehouse(bucket, tmp_path / "copies")
    warehouse.prepare()
    store.requests.clear()
    return warehouse


def _file(warehouse: ObjectWarehouse, n_rows: int = 10, folder: str = "t/data/a%20b") -> FileEntry:
    """Write a data file as the writer of partitions does, up to where it is published."""
    part = warehouse.folder / "part"
    pq.write_table(pa.table({"x": range(n_rows)}), part)
    digest = file_digest(part)[:ID_HEX_DIGITS]
    entry = FileEntry(f"{folder}/{digest}.parquet", digest, n_rows, part.stat().st_size, 1)
    path = warehouse.folder / entry.path
    path.parent.mkdir(parents=True, exist_ok=True)
    part.replace(path)
    return entry


def _drop(warehouse: ObjectWarehouse, entry: FileEntry) -> Path:
    path = warehouse.folder / entry.path
    path.unlink()
    return path


def test_a_file_is_sent_once_and_read_from_its_copy(
    store: ObjectStore, warehouse: ObjectWarehouse
) -> None:
    entry = _file(warehouse)
    assert not warehouse.has([entry])
    warehouse.publish(entry)
    warehouse.publish(entry)
    assert warehouse.has([entry])
    assert warehouse.has([])
    assert store.requests["PUT"] == 1
    store.requests.clear()
    (path,) = warehouse.fetch([entry])
    assert store.keys(_BUCKET) == {f"team/{entry.path}": path.read_bytes()}
    assert not store.requests


def test_an_object_that_may_be_cleaned_away_meanwhile_is_sent_again(
    store: ObjectStore, warehouse: ObjectWarehouse
) -> None:
    entry = _file(warehouse)
    warehouse.publish(entry)
    store.age(_BUCKET, 13 * 3600)
    warehouse.publish(entry)
    assert store.requests["PUT"] == 2
    (found,) = warehouse.listing()
    assert found.modified > time.time() - 3600


def test_a_copy_that_is_gone_or_cut_is_fetched_again(
    store: ObjectStore, warehouse: ObjectWarehouse
) -> None:
    entries = [_file(warehouse, n) for n in (10, 20)]
    for entry in entries:
        warehouse.publish(entry)
    path = _drop(warehouse, entries[0])
    assert warehouse.parquet_metadata(entries[0]).num_rows == 10
    assert not path.exists(), "the footer is read where it is"
    (warehouse.folder / entries[1].path).write_bytes(b"cut")
    places = warehouse.fetch(entries)
    assert [pq.read_metadata(place).num_rows for place in places] == [10, 20]
    assert warehouse.parquet_metadata(entries[0]).num_rows == 10
    assert not list(warehouse.folder.rglob(".part-*"))


def test_what_is_missing_or_has_other_bytes_is_the_fault_of_the_data(
    store: ObjectStore, warehouse: ObjectWarehouse
) -> None:
    entry = _file(warehouse)
    warehouse.publish(entry)
    _drop(warehouse, entry)
    store.put(_BUCKET, f"team/{entry.path}", b"x" * entry.bytes)
    assert warehouse.digest(entry) != entry.digest
    with pytest.raises(DataError, match="other bytes"):
        warehouse.fetch([entry])
    store.remove(_BUCKET, f"team/{entry.path}")
    for ask in (warehouse.fetch, lambda one: warehouse.parquet_metadata(one[0])):
        with pytest.raises(DataError, match="not in the object store") as caught:
            ask([entry])
        assert caught.value.where == warehouse.uri(entry.path)
    assert not list(warehouse.folder.rglob("*.parquet"))


def test_objects_are_listed_and_removed_below_the_prefix_only(
    store: ObjectStore, warehouse: ObjectWarehouse
) -> None:
    entry = _file(warehouse)
    warehouse.publish(entry)
    store.put(_BUCKET, "teams/other", b"of others")
    assert [(f.path, f.bytes) for f in warehouse.listing()] == [(entry.path, entry.bytes)]
    warehouse.remove(entry.path)
    warehouse.remove(entry.path)
    assert warehouse.listing() == []
    assert not (warehouse.folder / entry.path).exists()
    assert "teams/other" in store.keys(_BUCKET)


def test_copies_unused_for_longest_go_first_and_those_in_use_stay(
    warehouse: ObjectWarehouse,
) -> None:
    entries = [_file(warehouse, n) for n in range(1, 4)]
    paths = [warehouse.folder / entry.path for entry in entries]
    left = warehouse.folder / ".part-1-1-x"
    left.write_bytes(b"of a killed process")
    day = 24 * 3600.0
    for path, age in zip((*paths, left), (2 * day, 3 * day, 0.0, 2 * day), strict=True):
        os.utime(path, (time.time() - age,) * 2)
    warehouse.fetch(entries[:1])
    warehouse.prune()
    assert [path.exists() for path in (*paths, left)] == [True, False, True, False]


def test_a_folder_without_room_for_copies_is_told(
    warehouse: ObjectWarehouse, tmp_path: Path
) -> None:
    entry = _file(warehouse)
    warehouse.publish(entry)
    (tmp_path / "file").write_text("no folder")
    other = ObjectWarehouse(warehouse.bucket, tmp_path / "file")
    with pytest.raises(SetupError, match="copy of a data file cannot be kept"):
        other.fetch([entry])


@pytest.mark.parametrize(("method", "query"), [("POST", "uploads"), ("PUT", "partNumber=2")])
def test_an_upload_that_fails_leaves_nothing_half(
    method: str, query: str, store: ObjectStore, warehouse: ObjectWarehouse
) -> None:
    (warehouse.folder / "big").write_bytes(os.urandom(12 << 20))
    entry = FileEntry("big", "x", 0, 12 << 20, 0)
    # It is sent in parts, whose beginning or second never arrives.
    store.faults.append(Fault(method=method, within="big", query=query))
    with pytest.raises(SetupError, match="object store failed") as caught:
        warehouse.publish(entry)
    assert caught.value.retryable
    assert store.keys(_BUCKET) == {}
    store.faults.clear()
    warehouse.publish(entry)
    assert len(store.keys(_BUCKET)["team/big"]) == entry.bytes


_SAID = "AWS Error {} during PutObject operation: AKIAXYZ1 said so"


@pytest.mark.parametrize(
    ("error", "what", "is_retryable"),
    [
        (OSError(_SAID.format("NETWORK_CONNECTION")), "cannot be reached", True),
        (OSError(_SAID.format("NO_SUCH_BUCKET")), "no such bucket", False),
        (OSError(_SAID.format("ACCESS_DENIED")), "refuses these credentials", False),
        (PermissionError("Cannot open file, access denied"), "refuses these", False),
        (OSError(_SAID.format("SIGNATURE_DOES_NOT_MATCH")), "refuses these", False),
        (OSError(_SAID.format("UNKNOWN (HTTP status 503)")), "object store failed", True),
        (OSError(_SAID.format("SLOW_DOWN")), "object store failed", True),
        (OSError(_SAID.format("UNKNOWN (HTTP status 301)")), "another region", False),
        (
            OSError(
                "AWS Error UNKNOWN (HTTP status 400) during PutObject operation: Unable to parse "
                "ExceptionName: ExpiredToken Message: AKIAXYZ1"
            ),
            "refuses these credentials",
            False,
        ),
        (
            OSError(_SAID.format("UNKNOWN (HTTP status 418)")),
            r"not do what it was asked \(UNKNOWN, status 418\)",
            False,
        ),
        (OSError("AKIAXYZ1"), r"not do what it was asked \(OSError\)", False),
    ],
)
def test_an_answer_of_the_store_says_who_acts_and_repeats_no_key(
    error: OSError, what: str, *, is_retryable: bool
) -> None:
    raised = storage_error(error, Bucket("prefs", "team", "http://minio:9000"))
    assert raised.retryable is is_retryable
    assert str(raised.where).startswith("s3://prefs/team at http://minio:9000")
    assert "XYZ1" not in str(raised)
    with pytest.raises(SetupError, match=what):
        raise raised
