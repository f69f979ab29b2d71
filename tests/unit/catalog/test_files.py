"""Data files are named by their bytes, written once, and never half there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow.parquet as pq
import pytest

from prefdata.catalog import Catalog
from prefdata.catalog.files import PartitionWriter, column_statistics, folder_of
from prefdata.catalog.warehouse import Warehouse
from prefdata.core.errors import InternalError, SetupError
from prefdata.core.fingerprint import file_digest
from prefdata.schema import table_schema
from prefdata.testing.rows import prompt_rows as prompts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.create(tmp_path / "w")


def _writer(catalog: Catalog) -> PartitionWriter:
    tables = catalog._tables()
    arrow = tables.arrow(tables.ensure("prompts"))
    return PartitionWriter(catalog.warehouse, table_schema("prompts"), arrow, ("s",))


def test_equal_rows_give_equal_bytes_however_they_come(catalog: Catalog) -> None:
    rows = prompts("s", 10)
    one, two = _writer(catalog), _writer(catalog)
    one.put(rows)
    for part in rows.iter_slices(3):
        two.put(part)
    assert one.close() == two.close()


def test_a_file_is_named_by_its_digest_and_reads_back(catalog: Catalog) -> None:
    rows = prompts("s", 5)
    writer = _writer(catalog)
    writer.put(rows)
    (entry,) = writer.close()
    path = catalog.workspace.warehouse / entry.path
    assert file_digest(path).startswith(entry.digest)
    assert path.stem == entry.digest
    assert pl.read_parquet(path).equals(rows, null_equal=True)
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


def test_no_rows_make_no_file(catalog: Catalog) -> None:
    writer = _writer(catalog)
    writer.put(prompts("s", 0))
    assert writer.close() == ()


def test_an_aborted_writer_leaves_nothing(catalog: Catalog) -> None:
    writer = _writer(catalog)
    writer.put(prompts("s", 3))
    writer._flush()
    writer.abort()
    assert not [p for p in catalog.workspace.warehouse.rglob("*") if p.name.startswith(".part")]


def test_a_frame_of_other_columns_is_our_fault(catalog: Catalog) -> None:
    with pytest.raises(InternalError, match="columns of its contract"):
        _writer(catalog).put(prompts("s", 1).drop("turn"))


def test_a_folder_that_cannot_be_written_is_the_operators_matter(
    catalog: Catalog, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    tables = catalog._tables()
    arrow = tables.arrow(tables.ensure("prompts"))
    writer = PartitionWriter(Warehouse(tmp_path / "file"), table_schema("prompts"), arrow, ("s",))
    writer.put(prompts("s", 1))
    with pytest.raises(SetupError, match="cannot be written"):
        writer.close()


@pytest.mark.parametrize("value", ["../x", "a/b", "..", "", "é", "a b"])
def test_no_partition_value_leaves_its_folder(value: str) -> None:
    parts = folder_of("prompts", (value,)).split("/")
    assert len(parts) == 3
    assert parts[2] not in ("", ".", "..")


def test_statistics_are_kept_for_what_filters_use() -> None:
    kept = column_statistics(table_schema("responses"))
    assert "response_id" in kept
    assert not {"text", "messages", "raw"} & set(kept)
