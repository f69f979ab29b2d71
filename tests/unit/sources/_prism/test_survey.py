from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.protocols import Context, NoParams, RawFile
from prefdata.schema import table_schema
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


def test_an_annotator_keeps_the_words_of_the_survey(tmp_path: Path) -> None:
    row = row_of(tables_of(tmp_path, example()), "annotators", "prism:user0")
    assert (row["kind"], row["country"], row["birth_country"]) == (
        "human",
        "Ireland",
        "United Kingdom",
    )
    assert (row["age_band"], row["gender"]) == ("25-34 years old", "Female")
    assert row["employment"] == "Unemployed, seeking work"
    assert (row["religion"], row["ethnicity"]) == ("No Affiliation", "White")
    assert (row["education"], row["proficiency"]) == ("Vocational", "Native speaker")
    assert row["stated_preferences"][:2] == [
        {"name": "values", "value": 0.0},
        {"name": "creativity", "value": 10.0},
    ]
    assert (row["missing"], row["revision"], row["file"], row["row"]) == (
        None,
        "r1",
        "survey.jsonl",
        0,
    )


def test_a_declined_answer_is_null_with_a_reason_and_its_words_in_raw(tmp_path: Path) -> None:
    tables = tables_of(tmp_path, example())
    row, raw = (
        row_of(tables, "annotators", "prism:user1"),
        json.loads(row_of(tables, "annotators", "prism:user1")["raw"]),
    )
    assert (row["age_band"], row["gender"], row["religion"]) == (None, None, None)
    assert row["missing"] == [
        {"field": field, "reason": "declined"} for field in ("age_band", "gender", "religion")
    ]
    assert raw["age"] == raw["gender"] == raw["religion"]["simplified"] == "Prefer not to say"
    assert raw["religion"]["self_described"] == "prefer not to say"


def test_a_question_that_was_not_asked_says_so(tmp_path: Path) -> None:
    row = row_of(tables_of(tmp_path, example()), "annotators", "prism:user2")
    assert row["missing"] == [
        {"field": field, "reason": "not_asked"}
        for field in ("lm_frequency_use", "lm_usecases", "order_lm_usecases")
    ]
