"""A scan reads the partitions that it is asked for, and nothing where nothing is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.catalog import Catalog
from prefdata.catalog.scan import data_files, scan
from prefdata.schema import polars_schema, table_schema
from prefdata.testing.rows import prompt_rows

if TYPE_CHECKING:
    from pathlib import Path


def test_a_scan_reads_the_partitions_it_is_asked_for(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "w")
    with catalog.write() as write:
        for source, n in (("a", 2), ("ab", 3)):
            write.put("prompts", (source,), prompt_rows(source, n))
        write.commit("two sources")
    state = catalog.head().state
    assert scan(catalog.workspace, state, "prompts").collect().height == 5
    assert scan(catalog.workspace, state, "prompts", ("a",)).collect().height == 2
    assert len(data_files(catalog.workspace, state, "prompts", ("ab",))) == 1
    assert data_files(catalog.workspace, state, "prompts", ("c",)) == []


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "w")
    frame = scan(catalog.workspace, catalog.head().state, "flags").collect()
    assert frame.schema == polars_schema(table_schema("flags"))
    assert frame.is_empty()
