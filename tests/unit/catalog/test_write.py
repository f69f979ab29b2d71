"""A write sees its own rows before anybody else does, and restores what was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.catalog.scan import data_files, scan
from prefdata.core.errors import InternalError
from prefdata.schema import conform, table_schema
from prefdata.testing.rows import prompt_rows

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.create(tmp_path / "w")


def test_finished_rows_are_seen_by_the_write_alone(catalog: Catalog) -> None:
    with catalog.write() as write:
        write.put("prompts", ("a",), prompt_rows("a", 3))
        write.finish("prompts", ("a",))
        assert scan(catalog.workspace, write.state(), "prompts").collect().height == 3
        assert catalog.scan("prompts").collect().height == 0
        write.commit("now")
    assert catalog.scan("prompts").collect().height == 3
    assert len(data_files(catalog.workspace, catalog.head().state, "prompts", ("a",))) == 1


def test_files_that_were_finished_can_be_adopted_later(catalog: Catalog) -> None:
    with catalog.write() as write:
        write.put("prompts", ("a",), prompt_rows("a", 3))
        entries = write.finish("prompts", ("a",))
    with catalog.write() as write:
        write.adopt("prompts", ("a",), entries)
        write.commit("adopted")
    assert catalog.scan("prompts").collect().height == 3


def test_a_replaced_partition_without_rows_is_emptied(catalog: Catalog) -> None:
    for n in (3, 0):
        with catalog.write() as write:
            write.replace("prompts", ("a",))
            write.put("prompts", ("a",), prompt_rows("a", n))
            write.commit(f"put {n}")
    assert catalog.scan("prompts").collect().height == 0
    assert catalog.head().state.sources() == []


def test_log_tables_only_grow_and_are_not_rolled_back(catalog: Catalog) -> None:
    for i in range(3):
        row = pl.DataFrame(
            {
                "run_id": f"{i}",
                "command": "test",
                "code_version": "0",
                "versions": "{}",
                "started_at": [None],
                "duration_seconds": 0.0,
            }
        ).with_columns(started_at=pl.datetime(2024, 1, 1))
        with catalog.write() as write:
            write.put("runs", (), conform(row, table_schema("runs")))
            write.put("prompts", ("a",), prompt_rows("a", i + 1))
            write.commit("logged")
    catalog.rollback("#1")
    assert catalog.scan("prompts").collect().height == 1
    assert catalog.scan("runs").collect().height == 3


def test_a_key_of_the_wrong_length_is_our_fault(catalog: Catalog) -> None:
    with catalog.write() as write, pytest.raises(InternalError, match="does not match"):
        write.put("prompts", ("a", "b"), prompt_rows("a", 1))
