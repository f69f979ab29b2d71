"""What is missing or damaged is found; what nobody needs can be removed; the rest stays."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prefdata.catalog import Catalog
from prefdata.catalog.verify import verify
from prefdata.core.errors import DataError
from prefdata.testing.rows import prompt_rows as prompts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog.create(tmp_path / "w")
    for n in (3, 4):
        with catalog.write() as write:
            write.put("prompts", ("a",), prompts("a", n))
            write.commit(f"put {n}")
    return catalog


def test_a_whole_catalog_has_no_problem_and_no_orphan(catalog: Catalog) -> None:
    found = verify(catalog, is_deep=True)
    assert found.problems == ()
    assert (found.snapshots, found.files, found.orphans) == (3, 2, 0)


def test_a_missing_file_of_an_old_snapshot_is_named(catalog: Catalog) -> None:
    path = catalog.files("prompts", at=catalog.snapshot("#1"))[0]
    path.unlink()
    (problem,) = verify(catalog).problems
    assert path.name in problem
    assert "#1" in problem
    with pytest.raises(DataError, match="missing or damaged"):
        raise verify(catalog).error()


def test_flipped_bytes_are_found_by_a_deep_look(catalog: Catalog) -> None:
    path = catalog.files("prompts")[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert verify(catalog).problems == ()
    assert len(verify(catalog, is_deep=True).problems) == 1
    path.write_bytes(data[:-1])
    assert "bytes instead of" in verify(catalog).problems[0]


def test_orphans_go_when_they_are_old(catalog: Catalog) -> None:
    with catalog.write() as write:
        write.put("prompts", ("b",), prompts("b", 2))
        write.finish("prompts", ("b",))
    assert verify(catalog, is_clean=True).removed == 0
    orphans = [p for p in catalog.workspace.warehouse.rglob("*.parquet") if "/b/" in p.as_posix()]
    os.utime(orphans[0], (1, 1))
    found = verify(catalog, is_clean=True)
    assert (found.orphans, found.removed) == (1, 1)
    assert verify(catalog).orphans == 0
    assert catalog.sql("SELECT count(*) FROM prompts", at="#1").fetchall() == [(3,)]
    assert catalog.sql("SELECT count(*) FROM prompts").fetchall() == [(4,)]
