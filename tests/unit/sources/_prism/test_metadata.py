from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.protocols import Context, NoParams, RawFile
from prefdata.schema import table_schema
from prefdata.sources._prism import metadata as prism_metadata
from prefdata.sources._prism.shapes import MODERATION
from prefdata.sources.prism import prism

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

Rows = dict[str, list[dict[str, Any]]]
Tables = dict[str, pl.DataFrame]


def example() -> Rows:
    return {
        name: [json.loads(line) for line in content.splitlines()]
        for name, content in prism.example.items()
    }


def tables_of(folder: Path, rows: Rows) -> Tables:
    """Read rows that are all good."""
    for name, some in rows.items():
        (folder / name).write_text("".join(f"{json.dumps(row)}\n" for row in some))
    files = prism.select([RawFile(folder / name, name, revision="r1") for name in rows])
    bundles = list(prism.read(files, NoParams(), Context()))
    assert all(bundle.rejects.is_empty() for bundle in bundles)
    names = dict.fromkeys(name for bundle in bundles for name in bundle.tables)
    return {
        name: pl.concat(bundle.tables[name] for bundle in bundles if name in bundle.tables)
        for name in names
    }


def row_of(tables: Tables, table: str, key: str) -> dict[str, Any]:
    column = table_schema(table).primary_key[0]
    return tables[table].row(by_predicate=pl.col(column) == key, named=True)


def flagged(tables: Tables, flag: str) -> list[tuple[str, str]]:
    found = tables["flags"].filter(pl.col("flag") == flag)
    return sorted(zip(found["subject"], found["id"], strict=True))


def test_metadata_becomes_flags_of_the_rows_it_is_about(tmp_path: Path) -> None:
    tables = tables_of(tmp_path, example())
    assert flagged(tables, "pii") == [("annotators", "prism:user0"), ("annotators", "prism:user2")]
    assert flagged(tables, "pii-reviewed") == [("annotators", "prism:user0")]
    assert flagged(tables, "not-english") == [("prompts", "prism:int2")]
    assert flagged(tables, "moderation") == [("prompts", "prism:int2")]
    found = tables["flags"].row(by_predicate=pl.col("flag") == "moderation", named=True)
    assert found["value"] == 0.87
    assert "hate/threatening (user_prompt)" in found["reason"]
    assert found["stage"] == "ingest"


def test_moderation_categories_are_those_of_the_file(tmp_path: Path) -> None:
    rows = example()
    for row in rows["metadata.jsonl"]:
        row["moderation_flag"]["categories"] = {"self_harm": False, 'odd "name"/x': True}
        row["moderation_flag"]["category_scores"] = {"self_harm": 0.5}
    tables = tables_of(tmp_path, rows)
    back = prism.rebuild(tables)["metadata.jsonl"][0]["moderation_flag"]
    assert back["categories"] == {"self_harm": False, 'odd "name"/x': True}
    found = prism_metadata._categories(RawFile(tmp_path / "metadata.jsonl", "metadata.jsonl"))
    assert found == ("self_harm", 'odd "name"/x')


def test_categories_are_known_where_the_first_rows_show_none(tmp_path: Path) -> None:
    path = tmp_path / "metadata.jsonl"
    odd = b'{"moderation_flag": {"categories": [null], "category_scores": "hate"}}'
    path.write_bytes(b'{"moderation_flag": null}\n[]\nnot json\n{"moderation_flag": {}}\n' + odd)
    assert prism_metadata._categories(RawFile(path, path.name)) == MODERATION


def test_ids_that_contradict_the_place_of_an_entry_are_kept(tmp_path: Path) -> None:
    rows = example()
    rows["metadata.jsonl"][0]["user_id"] = "user2"
    tables = tables_of(tmp_path, rows)
    raw = json.loads(row_of(tables, "responses", "prism:ut0")["raw"])
    assert raw["metadata"]["model_response"]["ids"]["user_id"] == "user2"
    assert prism.rebuild(tables)["metadata.jsonl"][0]["user_id"] == "user2"


def test_a_model_gives_its_header_to_all_and_its_row_to_the_first(tmp_path: Path) -> None:
    rows = example()
    tables = tables_of(tmp_path, rows)
    responses = tables["responses"]
    assert responses["system"].null_count() == 0
    raws = [json.loads(raw) for raw in responses["raw"]]
    kept = [(raw["model"]["row"], raw["model"]["value"]) for raw in raws if "model" in raw]
    assert kept == [(1, rows["models.jsonl"][1]), (0, rows["models.jsonl"][0])]
    assert prism.rebuild(tables)["models.jsonl"] == rows["models.jsonl"]
