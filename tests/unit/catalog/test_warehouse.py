"""A folder of data files is what it was: found, measured, listed and removed by path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prefdata.catalog._objects.warehouse import ObjectWarehouse
from prefdata.catalog.state import FileEntry
from prefdata.catalog.warehouse import Warehouse, open_warehouse
from prefdata.catalog.workspace import Bucket, Workspace
from prefdata.core.fingerprint import file_digest

if TYPE_CHECKING:
    from pathlib import Path

_ENTRY = FileEntry("prompts/data/a b/x.parquet", "x", 3, 5, 7)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "w")
    warehouse.prepare()
    path = warehouse.folder / _ENTRY.path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"12345")
    return warehouse


def test_the_settings_decide_what_kind_of_warehouse_it_is(tmp_path: Path) -> None:
    folder = Workspace(tmp_path, "sqlite://", tmp_path / "w")
    store = Workspace(tmp_path, "sqlite://", tmp_path / "w", Bucket("prefs", "team"))
    assert type(open_warehouse(folder)) is Warehouse
    assert type(open_warehouse(store)) is ObjectWarehouse
    assert (open_warehouse(folder).is_remote, open_warehouse(store).is_remote) == (False, True)
    assert open_warehouse(store).uri("a/b") == "s3://prefs/team/a/b"


def test_a_file_of_a_folder_has_an_address_that_iceberg_can_open(warehouse: Warehouse) -> None:
    assert warehouse.uri(_ENTRY.path) == (warehouse.folder / _ENTRY.path).as_uri()
    assert warehouse.uri(_ENTRY.path).startswith(f"{warehouse.address}/")
    assert warehouse.name(_ENTRY.path) == str(warehouse.folder / _ENTRY.path)
    assert warehouse.properties() == {}


def test_files_of_a_folder_are_there_or_not(warehouse: Warehouse) -> None:
    (path,) = warehouse.fetch([_ENTRY])
    warehouse.publish(_ENTRY)
    warehouse.prune()
    assert warehouse.has([_ENTRY])
    assert file_digest(path).startswith(warehouse.digest(_ENTRY))
    (found,) = warehouse.listing()
    assert (found.path, found.bytes) == (_ENTRY.path, 5)
    path.write_bytes(b"1")
    assert not warehouse.has([_ENTRY])
    warehouse.remove(_ENTRY.path)
    warehouse.remove(_ENTRY.path)
    assert warehouse.listing() == []
    with warehouse.guarded(), pytest.raises(OSError, match="No such file"):
        path.open()
