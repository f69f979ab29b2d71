"""An ingest accounts for every raw row, or changes nothing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.core.errors import (
    DataError,
    InternalError,
    RejectsError,
    SourceDriftError,
    UnknownNameError,
    UserError,
)
from prefdata.core.events import Committed, Event, Progress, StepFinished, StepStarted
from prefdata.protocols import Context, Params, RawFile, Source
from prefdata.recipes import Recipe
from prefdata.registry import plugin
from prefdata.runner import ingest, run

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.tables.bundle import Bundle

Add = Callable[[str, object], None]
Put = Callable[..., None]


_ROW = json.dumps({"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "c"})


def _files(source: Source, folder: Path) -> list[RawFile]:
    found = []
    for name, data in source.example.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        found.append(RawFile(path, name))
    return found


def _changed(source: Source, change: Callable[[Bundle], Bundle], name: str = "odd") -> Source:
    """Return an adapter whose bundles are changed on the way, under another name."""

    def read(files: Sequence[RawFile], params: Params, context: Context) -> Iterator[Bundle]:
        for bundle in source.read(files, params, context):
            tables = {
                table: frame.with_columns(source=pl.lit(name))
                for table, frame in bundle.tables.items()
            }
            yield change(dataclasses.replace(bundle, tables=tables))

    return dataclasses.replace(source, name=name, read=read)


def _with(bundle: Bundle, table: str, **columns: Any) -> Bundle:
    frame = bundle.tables[table].with_columns(**columns)
    return dataclasses.replace(bundle, tables={**bundle.tables, table: frame})


def test_the_ledger_of_each_file_adds_up(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "harmless-base" / "test.jsonl"
    path.parent.mkdir()
    path.write_text(f"{_ROW}\n" + '{"chosen": 1}\nnot json\n')
    result = ingest(catalog, "hh-rlhf", [RawFile(path, "harmless-base/test.jsonl")])
    assert (result.rows_in, result.rows_out, result.rejected) == (3, 1, 2)
    assert result.reasons == {"invalid-json": 1, "wrong-type": 1}
    (file,) = catalog.scan("source_files").collect().to_dicts()
    assert (file["rows_in"], file["rows_out"], file["rows_rejected"]) == (3, 1, 2)
    rejects = catalog.scan("rejects").collect()
    assert rejects["row"].sort().to_list() == [1, 2]
    assert rejects["raw"].null_count() == 0


def test_events_tell_what_happens(catalog: Catalog, tmp_path: Path) -> None:
    seen: list[Event] = []
    ingest(catalog, "hh-rlhf", _files(plugin("source", "hh-rlhf"), tmp_path), report=seen.append)
    kinds = [type(event) for event in seen]
    assert kinds[0] is StepStarted
    assert Progress in kinds
    assert kinds[-2:] == [StepFinished, Committed]


def test_the_same_files_again_are_not_read_again(catalog: Catalog, tmp_path: Path) -> None:
    files = _files(plugin("source", "hh-rlhf"), tmp_path)
    first = ingest(catalog, "hh-rlhf", files)
    again = ingest(catalog, "hh-rlhf", files)
    forced = ingest(catalog, "hh-rlhf", files, is_forced=True)
    assert (first.is_cached, again.is_cached, forced.is_cached) == (False, True, False)
    assert first.snapshot.name == again.snapshot.name == forced.snapshot.name


def test_changed_rows_drop_what_was_derived_from_them(catalog: Catalog, put: Put) -> None:
    put("a", 3)
    put("b", 3)
    recipe = Recipe.model_validate({"name": "r", "steps": ["make-pairs"]})
    run(catalog, recipe)
    put("a", 3)
    assert dict(catalog.sql("SELECT source, count(*) FROM pairs GROUP BY 1").fetchall()) == {
        "a": 3,
        "b": 3,
    }
    put("a", 4)
    assert catalog.sql("SELECT DISTINCT source FROM pairs").fetchall() == [("b",)]


def test_a_broken_rule_quarantines_the_whole_raw_row(
    catalog: Catalog, add_plugin: Add, tmp_path: Path
) -> None:
    source = plugin("source", "hh-rlhf")

    def break_one(bundle: Bundle) -> Bundle:
        if bundle.file != "harmless-base/test.jsonl":
            return bundle
        protocol = pl.when(pl.col("row") == 1).then(pl.lit("duel")).otherwise("protocol")
        return _with(bundle, "judgments", protocol=protocol)

    add_plugin("source", _changed(source, break_one))
    result = ingest(catalog, "odd", _files(source, tmp_path))
    assert result.rejected == 1
    (reject,) = catalog.scan("rejects").collect().to_dicts()
    assert (reject["subject"], reject["rule"], reject["row"]) == ("judgments", "enum:protocol", 1)
    for table in ("prompts", "responses", "judgments"):
        left = catalog.scan(table).filter(pl.col("file") == "harmless-base/test.jsonl").collect()
        assert 1 not in left["row"].to_list()


@pytest.mark.parametrize(
    ("table", "columns", "says"),
    [
        ("responses", {"response_id": pl.lit("odd:same")}, "more than once"),
        ("responses", {"prompt_id": pl.lit("odd:nobody")}, "point to no row of prompts"),
        ("prompts", {"source": pl.lit("other")}, "rows of another source"),
    ],
)
def test_a_faulty_adapter_is_named_and_changes_nothing(
    catalog: Catalog,
    add_plugin: Add,
    tmp_path: Path,
    table: str,
    columns: dict[str, pl.Expr],
    says: str,
) -> None:
    source = plugin("source", "hh-rlhf")
    add_plugin("source", _changed(source, lambda bundle: _with(bundle, table, **columns)))
    before = catalog.head()
    with pytest.raises((DataError, InternalError), match=says) as caught:
        ingest(catalog, "odd", _files(source, tmp_path))
    assert "odd" in str(caught.value.where)
    assert catalog.head() == before


def test_a_crash_half_way_changes_nothing(
    catalog: Catalog, add_plugin: Add, tmp_path: Path
) -> None:
    source = plugin("source", "hh-rlhf")

    def crash(bundle: Bundle) -> Bundle:
        if bundle.file.startswith("helpful"):
            message = "on purpose"
            raise RuntimeError(message)
        return bundle

    add_plugin("source", _changed(source, crash))
    with pytest.raises(RuntimeError, match="on purpose"):
        ingest(catalog, "odd", _files(source, tmp_path))
    assert catalog.head().number == 0
    assert catalog.scan("prompts").collect().is_empty()


def test_too_many_rejects_change_nothing(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(f"{_ROW}\n" + '{"chosen": 1}\n')
    files = [RawFile(path, "harmless-base/train.jsonl")]
    with pytest.raises(RejectsError, match="1 of 2") as caught:
        ingest(catalog, "hh-rlhf", files, max_rejects=0.4)
    assert "wrong-type" in str(caught.value.where)
    assert catalog.head().number == 0
    assert ingest(catalog, "hh-rlhf", files, max_rejects=0.5).rejected == 1


def test_wrong_names_parameters_and_files_say_so(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("{}")
    with pytest.raises(UnknownNameError, match="hh-rlfh"):
        ingest(catalog, "hh-rlfh", [])
    with pytest.raises(UserError, match="name"):
        ingest(catalog, "trl", [RawFile(path, "x.jsonl")])
    with pytest.raises(UserError, match="speed"):
        ingest(catalog, "trl", [RawFile(path, "x.jsonl")], params={"name": "a", "speed": 3})
    with pytest.raises(SourceDriftError):
        ingest(catalog, "prism", [RawFile(path, "x.jsonl")])


def test_flags_of_the_adapter_stand_under_its_own_step(catalog: Catalog, tmp_path: Path) -> None:
    ingest(catalog, "ultrafeedback", _files(plugin("source", "ultrafeedback"), tmp_path))
    stages = catalog.sql("SELECT DISTINCT source, stage FROM flags").fetchall()
    assert stages == [("ultrafeedback", "ingest")]


def test_a_generic_source_may_not_take_the_name_of_a_dataset(
    catalog: Catalog, tmp_path: Path
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"prompt": "a", "chosen": "b", "rejected": "c"}\n')
    with pytest.raises(UserError, match="'prism' belongs to a dataset"):
        ingest(catalog, "trl", [RawFile(path, "x.jsonl")], params={"name": "prism"})
