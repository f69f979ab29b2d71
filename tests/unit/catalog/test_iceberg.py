"""Tables follow their contracts: made once, gaining columns, old files still readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.catalog import Catalog, session
from prefdata.catalog.iceberg import IcebergTables
from prefdata.core.errors import SetupError
from prefdata.schema import Column, TableSchema, conform, table_schema
from prefdata.testing.rows import prompt_rows

if TYPE_CHECKING:
    from pathlib import Path


def _wider() -> TableSchema:
    """Return the contract of prompts with one column more, as a later prefdata has it."""
    schema = table_schema("prompts")
    mood = Column(name="mood", type="string", nullable=True, description="Added later.")
    return schema.model_copy(update={"columns": {**schema.columns, "mood": mood}})


def test_two_connections_make_one_table(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "w")
    one, two = IcebergTables(catalog.workspace), IcebergTables(catalog.workspace)
    assert one.ensure("prompts").metadata.table_uuid == two.ensure("prompts").metadata.table_uuid


def test_partitions_and_key_columns_are_as_in_the_contract(tmp_path: Path) -> None:
    tables = IcebergTables(Catalog.create(tmp_path / "w").workspace)
    table = tables.ensure("flags")
    assert [field.name for field in table.spec().fields] == ["source", "stage"]
    required = {field.name for field in table.schema().fields if field.required}
    assert {"id", "source", "flag", "stage"} <= required


def test_a_column_that_is_added_is_null_in_old_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = Catalog.create(tmp_path / "w")
    with catalog.write() as write:
        write.put("prompts", ("a",), prompt_rows("a", 2))
        write.commit("narrow")
    wider = _wider()

    def schema_of(name: str) -> TableSchema:
        return wider if name == "prompts" else table_schema(name)

    for module in ("iceberg", "write", "session", "scan"):
        monkeypatch.setattr(f"prefdata.catalog.{module}.table_schema", schema_of)
    rows = conform(prompt_rows("b", 3).with_columns(mood=pl.lit("calm")), wider)
    later = Catalog.open(tmp_path / "w")
    with later.write() as write:
        write.put("prompts", ("b",), rows)
        write.commit("wide")
    counted = later.sql("SELECT source, count(*), count(mood) FROM prompts GROUP BY 1 ORDER BY 1")
    assert counted.fetchall() == [("a", 2, 0), ("b", 3, 3)]
    assert later.scan("prompts").collect()["mood"].null_count() == 2
    assert later.iceberg_table("prompts").scan().to_arrow().column("mood").null_count == 2
    assert session.Session(later.workspace, later.snapshot("#1").state).sql(
        "SELECT count(*), count(mood) FROM prompts"
    ).fetchall() == [(2, 0)]


def test_a_workspace_that_was_moved_is_read_and_says_why_it_is_not_written(
    tmp_path: Path,
) -> None:
    catalog = Catalog.create(tmp_path / "here")
    with catalog.write() as write:
        write.put("prompts", ("a",), prompt_rows("a", 2))
        write.commit("two")
    (tmp_path / "here").rename(tmp_path / "there")
    moved = Catalog.open(tmp_path / "there")
    assert moved.sql("SELECT count(*) FROM prompts").fetchall() == [(2,)]
    with pytest.raises(SetupError, match="absolute paths"):
        moved.iceberg_table("prompts")
    with pytest.raises(SetupError, match="moved or copied"):
        moved.write()
